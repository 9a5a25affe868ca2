//! What the server says.

use bytes::Bytes;

use crate::quoted::push_quoted;
use crate::{Close, Quoted};

/// One frame from server to client, bare: how it is wrapped is the transport's.
///
/// A frame is UTF-8 without control characters; text inside it is JSON with
/// [`Quoted`]'s escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Vec<u8>);

impl Frame {
    /// `o`: the session is open. The first frame of every session.
    pub fn open() -> Self {
        Self(b"o".to_vec())
    }

    /// `h`: nothing to say, but alive.
    pub fn heartbeat() -> Self {
        Self(b"h".to_vec())
    }

    /// `a[…]`: messages, in order.
    pub fn messages<'a>(messages: impl IntoIterator<Item = &'a Quoted>) -> Self {
        let mut frame = b"a[".to_vec();
        for (n, message) in messages.into_iter().enumerate() {
            if n > 0 {
                frame.push(b',');
            }
            frame.extend_from_slice(message.as_bytes());
        }
        frame.push(b']');
        Self(frame)
    }

    /// `m"…"`: a single message, as clients of every age also understand it.
    pub fn message(message: &Quoted) -> Self {
        let mut frame = b"m".to_vec();
        frame.extend_from_slice(message.as_bytes());
        Self(frame)
    }

    /// `c[code,"reason"]`: the session is over. Nothing follows it.
    pub fn close(close: &Close) -> Self {
        let mut frame = format!("c[{},", close.code());
        push_quoted(&mut frame, close.reason());
        frame.push(']');
        Self(frame.into_bytes())
    }

    /// The frame's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The frame's bytes, to be extended in place.
    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl From<Frame> for Bytes {
    fn from(frame: Frame) -> Self {
        frame.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_as_the_protocol_spells_them() {
        let (one, two) = (Quoted::new("a\"b"), Quoted::new(""));
        for (frame, spelled) in [
            (Frame::open(), "o"),
            (Frame::heartbeat(), "h"),
            (Frame::messages([]), "a[]"),
            (Frame::messages([&one, &two]), r#"a["a\"b",""]"#),
            (Frame::message(&one), r#"m"a\"b""#),
            (Frame::close(&Close::GO_AWAY), r#"c[3000,"Go away!"]"#),
            (
                Frame::close(&Close::new(4000, "a \"b\"\u{2028}")),
                r#"c[4000,"a \"b\"\u2028"]"#,
            ),
        ] {
            assert_eq!(frame.as_bytes(), spelled.as_bytes());
        }
    }
}
