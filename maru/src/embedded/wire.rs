//! Frames of the PostgreSQL protocol, version 3: a tag, a length, a body.
//!
//! <https://www.postgresql.org/docs/18/protocol-message-formats.html>

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::refusal::Refusal;

/// The longest body that a client may send in one message, in bytes. PostgreSQL takes 1 GiB; here a
/// client's message is held in memory until its exchange is complete.
pub(super) const FRAME_BYTES_MAX: usize = 16 << 20;

/// The length counts itself but not the tag before it.
const LENGTH_BYTES: usize = 4;
const HEADER_BYTES: usize = 1 + LENGTH_BYTES;

/// One message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) tag: u8,
    pub(super) body: Bytes,
}

impl Frame {
    /// Takes the first frame out of what was read so far, if all of it has arrived.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] where the length cannot be, [`Refusal::TooBig`] where it is over
    /// [`FRAME_BYTES_MAX`]; both before the body is waited for.
    pub(super) fn take(inbox: &mut BytesMut) -> Result<Option<Self>, Refusal> {
        let Some(header) = inbox.get(..HEADER_BYTES) else {
            return Ok(None);
        };
        let tag = header[0];
        let length = body_length(&header[1..]).ok_or(Refusal::Malformed)?;
        if length > FRAME_BYTES_MAX {
            return Err(Refusal::TooBig);
        }
        if inbox.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        inbox.advance(HEADER_BYTES);
        let body = inbox.split_to(length).freeze();
        Ok(Some(Self { tag, body }))
    }
}

/// Appends one message whose body is `parts`, one after the other.
pub(super) fn put(out: &mut BytesMut, tag: u8, parts: &[&[u8]]) {
    let length = LENGTH_BYTES + parts.iter().map(|part| part.len()).sum::<usize>();
    out.reserve(1 + length);
    out.put_u8(tag);
    out.put_u32(u32::try_from(length).expect("bodies are bounded far below 4 GiB"));
    for part in parts {
        out.put_slice(part);
    }
}

/// The whole messages in an answer of the engine, each with its header.
pub(super) fn messages(answer: Bytes) -> impl Iterator<Item = Bytes> {
    let mut rest = answer;
    std::iter::from_fn(move || {
        let length = body_length(rest.get(1..HEADER_BYTES)?)?;
        (rest.len() >= HEADER_BYTES + length).then(|| rest.split_to(HEADER_BYTES + length))
    })
}

/// The body of a message as [`messages`] gives it.
pub(super) fn body(message: &[u8]) -> &[u8] {
    message.get(HEADER_BYTES..).unwrap_or_default()
}

/// Splits a body after its first string: the string without its NUL, and the rest. `None` where
/// there is no NUL.
pub(super) fn split_text(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = body.iter().position(|&byte| byte == 0)?;
    Some((&body[..end], &body[end + 1..]))
}

fn body_length(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(bytes.try_into().ok()?);
    usize::try_from(length).ok()?.checked_sub(LENGTH_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_once_all_of_it_has_arrived() {
        let mut whole = BytesMut::new();
        put(&mut whole, b'Q', &[b"select 1", b"\0"]);
        put(&mut whole, b'S', &[]);
        let mut inbox = BytesMut::new();
        let mut taken = Vec::new();

        for byte in whole {
            inbox.put_u8(byte);
            taken.extend(Frame::take(&mut inbox).expect("the frames are sound"));
        }

        let query = Frame {
            tag: b'Q',
            body: Bytes::from_static(b"select 1\0"),
        };
        let sync = Frame {
            tag: b'S',
            body: Bytes::new(),
        };
        assert_eq!(taken, [query, sync]);
        assert!(inbox.is_empty());
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_before_the_body() {
        let mut short = BytesMut::from(&b"Q\0\0\0\x03"[..]);
        let mut long = BytesMut::from(&b"Q\x7f\xff\xff\xff"[..]);

        assert_eq!(Frame::take(&mut short), Err(Refusal::Malformed));
        assert_eq!(Frame::take(&mut long), Err(Refusal::TooBig));
    }

    #[test]
    fn an_answer_is_cut_into_its_messages() {
        let mut answer = BytesMut::new();
        put(&mut answer, b'C', &[b"SELECT 1\0"]);
        put(&mut answer, b'Z', &[b"I"]);

        let cut: Vec<Bytes> = messages(answer.freeze()).collect();

        assert_eq!(cut.len(), 2);
        assert_eq!(body(&cut[0]), b"SELECT 1\0");
        assert_eq!(&cut[1][..], b"Z\0\0\0\x05I");
    }

    #[test]
    fn text_ends_at_its_nul() {
        assert_eq!(split_text(b"a\0b\0"), Some((&b"a"[..], &b"b\0"[..])));
        assert_eq!(split_text(b"endless"), None);
    }
}
