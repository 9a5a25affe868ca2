//! A frame, whole and unescaped.

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::encoder::Encoder;
use crate::{Command, Headers, Version};

/// One frame of either direction.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it asks or tells.
    pub command: Command,
    /// Its headers, unescaped.
    pub headers: Headers,
    /// Its body: raw bytes, empty unless the command allows one.
    pub body: Bytes,
}

impl Frame {
    /// A frame without a body.
    pub fn new(command: Command, headers: Headers) -> Self {
        Self {
            command,
            headers,
            body: Bytes::new(),
        }
    }

    /// Appends the frame as `version` writes it.
    ///
    /// A frame that may have a body gets a `content-length` that counts it; an entry of that name
    /// among the headers is left out. A body on a frame that may have none is left out.
    pub fn encode(&self, version: Version, out: &mut BytesMut) {
        let mut encoder = Encoder::begin(out, self.command, version);
        for (name, value) in self.headers.iter() {
            if name != "content-length" {
                encoder.header(name, value);
            }
        }
        if self.command.allows_body() {
            encoder.finish_with_body(&self.body);
        } else {
            encoder.finish();
        }
    }
}

/// Shows the length of the body and not what it says: frames end up in logs.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("command", &self.command)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(frame: &Frame, version: Version) -> String {
        let mut out = BytesMut::new();
        frame.encode(version, &mut out);
        String::from_utf8(out.to_vec()).expect("the frame is text")
    }

    #[test]
    fn the_length_of_the_body_is_counted_and_never_believed() {
        let frame = Frame {
            command: Command::Send,
            headers: Headers::from_iter([("destination", "/a"), ("content-length", "999")]),
            body: Bytes::from_static("마루".as_bytes()),
        };
        assert_eq!(
            encoded(&frame, Version::V1_2),
            "SEND\ndestination:/a\ncontent-length:6\n\n마루\0"
        );
    }

    #[test]
    fn connected_is_never_escaped_and_still_cannot_be_forged() {
        let headers = Headers::from_iter([("user-name", "a:b\\c\nrole:admin")]);
        let frame = Frame::new(Command::Connected, headers);
        assert_eq!(
            encoded(&frame, Version::V1_2),
            "CONNECTED\nuser-name:a:b\\c role:admin\n\n\0"
        );
    }

    #[test]
    fn debug_output_does_not_tell_what_was_said() {
        let mut frame = Frame::new(Command::Send, Headers::new());
        frame.body = Bytes::from_static(b"between us");
        assert!(!format!("{frame:?}").contains("between us"));
    }
}
