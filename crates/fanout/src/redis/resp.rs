//! RESP3 as far as Pub/Sub needs it: a decoder that copies nothing and holds a bounded buffer.
//!
//! The Redis protocol specification: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

use super::fault::Fault;

/// The longest bulk string that is kept; a longer one is skipped as it arrives.
pub(super) const BULK_BYTES_MAX: usize = 64 * 1_024;

/// The most that is buffered for one frame that is not complete.
const FRAME_BYTES_MAX: usize = 4 * BULK_BYTES_MAX;

/// The most members of an aggregate, and the deepest nesting. The largest frame that a server
/// sends on a connection of ours is its greeting, which lists its modules.
const MEMBERS_MAX: usize = 1_024;
const DEPTH_MAX: usize = 8;

/// One frame from the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Something the server tells without being asked, and the confirmation of a subscription.
    Push(Vec<Text>),
    /// A command was refused; the error's code.
    Refusal(String),
    /// The answer to a command, of no interest here.
    Answer,
}

/// A member of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// Its bytes.
    Kept(Bytes),
    /// It is longer than [`BULK_BYTES_MAX`], so it was skipped.
    TooLong,
    /// It is not a text.
    None,
}

/// Cuts frames out of a byte stream.
#[derive(Debug, Default)]
pub(super) struct Resp {
    /// Bytes still to come of a text that is skipped.
    skip: usize,
}

impl Decoder for Resp {
    type Item = Frame;
    type Error = Fault;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, Fault> {
        let skipped = self.skip.min(buffer.len());
        buffer.advance(skipped);
        self.skip -= skipped;

        let mut cursor = Cursor {
            bytes: buffer,
            at: 0,
        };
        let Some(item) = cursor.item(0)? else {
            return if buffer.len() > FRAME_BYTES_MAX {
                Err(Fault::Malformed("a frame is too long"))
            } else {
                Ok(None)
            };
        };
        let end = cursor.at;
        self.skip = end.saturating_sub(buffer.len());
        let frame = buffer.split_to(end.min(buffer.len())).freeze();
        Ok(Some(match item {
            Item::Push(members) => Frame::Push(
                members
                    .into_iter()
                    .map(|member| match member {
                        Item::Text(range) => Text::Kept(frame.slice(range)),
                        Item::TooLong => Text::TooLong,
                        _ => Text::None,
                    })
                    .collect(),
            ),
            Item::Error(range) => {
                let line = String::from_utf8_lossy(&frame[range]);
                Frame::Refusal(line.split(' ').next().unwrap_or_default().to_owned())
            }
            Item::Text(_) | Item::TooLong | Item::Other => Frame::Answer,
        }))
    }
}

/// A value within the buffer, by its place.
enum Item {
    Text(Range<usize>),
    TooLong,
    Error(Range<usize>),
    Push(Vec<Item>),
    Other,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Reads one value, or `None` where more bytes are needed.
    fn item(&mut self, depth: usize) -> Result<Option<Item>, Fault> {
        if depth > DEPTH_MAX {
            return Err(Fault::Malformed("values are nested too deep"));
        }
        let Some((kind, line)) = self.line() else {
            return Ok(None);
        };
        match kind {
            b'+' => Ok(Some(Item::Text(line))),
            b'-' => Ok(Some(Item::Error(line))),
            b':' | b',' | b'#' | b'_' | b'(' => Ok(Some(Item::Other)),
            b'$' | b'=' | b'!' => self.bulk(kind, line),
            b'*' | b'~' | b'>' => {
                let count = self.count(line)?;
                self.members(kind, count, depth)
            }
            b'%' => {
                let pairs = self.count(line)?;
                self.members(kind, 2 * pairs, depth)
            }
            b'|' => {
                // Attributes are a note on the value that follows.
                let pairs = self.count(line)?;
                match self.members(kind, 2 * pairs, depth)? {
                    Some(_) => self.item(depth + 1),
                    None => Ok(None),
                }
            }
            _ => Err(Fault::Malformed("an unknown type of value")),
        }
    }

    /// The type and the place of the rest of a line; the line's end is consumed.
    fn line(&mut self) -> Option<(u8, Range<usize>)> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let start = self.at;
        self.at += length + 2;
        // A line of nothing has no type: report it as one that nobody knows.
        let kind = if length == 0 { 0 } else { rest[0] };
        Some((kind, (start + length.min(1))..(start + length)))
    }

    fn bulk(&mut self, kind: u8, line: Range<usize>) -> Result<Option<Item>, Fault> {
        if self.bytes[line.clone()] == *b"-1" {
            return Ok(Some(Item::Other));
        }
        let length = self.number(line)?;
        let start = self.at;
        self.at += length + 2;
        if length > BULK_BYTES_MAX {
            // The cursor may stand behind the buffer now; the decoder skips what is to come.
            return Ok(Some(Item::TooLong));
        }
        let Some(end) = self.bytes.get(start + length..self.at) else {
            return Ok(None);
        };
        if end != b"\r\n" {
            return Err(Fault::Malformed("a text is longer than it says"));
        }
        let range = start..start + length;
        Ok(Some(if kind == b'!' {
            Item::Error(range)
        } else {
            Item::Text(range)
        }))
    }

    fn members(&mut self, kind: u8, count: usize, depth: usize) -> Result<Option<Item>, Fault> {
        let mut members = Vec::new();
        for _ in 0..count {
            let Some(member) = self.item(depth + 1)? else {
                return Ok(None);
            };
            members.push(member);
        }
        Ok(Some(if kind == b'>' {
            Item::Push(members)
        } else {
            Item::Other
        }))
    }

    fn count(&self, line: Range<usize>) -> Result<usize, Fault> {
        if self.bytes[line.clone()] == *b"-1" {
            return Ok(0);
        }
        let count = self.number(line)?;
        if count > MEMBERS_MAX {
            return Err(Fault::Malformed("an aggregate has too many members"));
        }
        Ok(count)
    }

    fn number(&self, line: Range<usize>) -> Result<usize, Fault> {
        // 32 bits: no sum of a place and a length can overflow.
        std::str::from_utf8(&self.bytes[line])
            .ok()
            .and_then(|digits| digits.parse::<u32>().ok())
            .map(|number| number as usize)
            .ok_or(Fault::Malformed("a length is not a number"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(chunks: &[&[u8]]) -> Result<Vec<Frame>, Fault> {
        let (mut resp, mut buffer, mut frames) =
            (Resp::default(), BytesMut::new(), Vec::<Frame>::new());
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            while let Some(frame) = resp.decode(&mut buffer)? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    fn push(members: &[&'static str]) -> Frame {
        Frame::Push(
            members
                .iter()
                .map(|text| Text::Kept(Bytes::from_static(text.as_bytes())))
                .collect(),
        )
    }

    const TALK: &[u8] = b"%2\r\n+server\r\n$5\r\nredis\r\n+modules\r\n*1\r\n*0\r\n\
        >3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$4\r\n\r\n\r\n\r\n:1\r\n\
        -NOPERM about a channel\r\n|1\r\n+ttl\r\n:9\r\n+OK\r\n$-1\r\n_\r\n";

    fn talk() -> Vec<Frame> {
        vec![
            Frame::Answer,
            push(&["smessage", "c", "\r\n\r\n"]),
            Frame::Answer,
            Frame::Refusal("NOPERM".to_owned()),
            Frame::Answer,
            Frame::Answer,
            Frame::Answer,
        ]
    }

    #[test]
    fn frames_come_out_the_same_byte_by_byte_and_in_one_piece() {
        let bytes: Vec<&[u8]> = TALK.chunks(1).collect();

        assert_eq!(frames(&[TALK]).expect("RESP3"), talk());
        assert_eq!(frames(&bytes).expect("RESP3"), talk());
    }

    #[test]
    fn a_text_over_the_limit_is_skipped_without_being_held_and_the_next_frame_is_read() {
        let mut resp = Resp::default();
        let mut buffer = BytesMut::from(&b">3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$500000000\r\n"[..]);
        let frame = resp.decode(&mut buffer).expect("RESP3");
        assert!(
            matches!(&frame, Some(Frame::Push(members)) if members[2] == Text::TooLong),
            "{frame:?}"
        );

        let chunk = vec![b'x'; 1_000_000];
        for _ in 0..500 {
            buffer.extend_from_slice(&chunk);
            assert_eq!(resp.decode(&mut buffer).expect("skipped"), None);
            assert!(buffer.is_empty(), "nothing that is skipped is held");
        }
        buffer.extend_from_slice(b"\r\n:1\r\n");
        assert_eq!(
            resp.decode(&mut buffer).expect("RESP3"),
            Some(Frame::Answer)
        );
    }

    #[test]
    fn what_is_not_resp3_is_refused() {
        for wrong in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b"$x\r\n",
            b"$-2\r\n",
            b"$1\r\nabc\r\n",
            b"*1025\r\n",
            b"*99999999999\r\n",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        ] {
            let fault = frames(&[wrong]).expect_err("not RESP3");
            assert!(matches!(fault, Fault::Malformed(_)), "{fault}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_cut_off_at_the_limit() {
        let endless = vec![b'+'; FRAME_BYTES_MAX + 1];
        assert!(matches!(frames(&[&endless]), Err(Fault::Malformed(_))));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(cuts in proptest::collection::vec(0..TALK.len(), 0..9)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for to in cuts.into_iter().chain([TALK.len()]) {
                chunks.push(&TALK[from..to]);
                from = to;
            }
            prop_assert_eq!(frames(&chunks).expect("RESP3"), talk());
        }

        #[test]
        fn hostile_bytes_never_panic(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'$'), Just(b'>'), Just(b'\r'), Just(b'\n'), Just(b'1'), any::<u8>()],
                0..200,
            )
        ) {
            let _ = frames(&[&bytes]);
        }
    }
}
