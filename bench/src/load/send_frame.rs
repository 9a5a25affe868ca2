//! A message on its way to a room, made ready once.

use memchr::memmem;

use super::stamp::{self, Stamp, read_hex};
use crate::dialect::Dialect;
use crate::websocket;

/// How long each message is, in bytes.
pub(crate) const CONTENT_BYTES: usize = 128;

/// A SEND, ready to be sent, whose content and receipt are written over.
pub(crate) struct SendFrame {
    bytes: Vec<u8>,
    content_at: usize,
    receipt_at: Option<usize>,
}

impl SendFrame {
    /// A SEND to a room.
    pub(crate) fn new(dialect: Dialect, room: &str) -> Self {
        let (content, receipt) = ("#".repeat(CONTENT_BYTES), "########");
        let frame = dialect.send(room, &content, receipt);
        let bytes = websocket::text(frame.as_bytes());
        let content_at = memmem::find(&bytes, content.as_bytes()).unwrap_or_default();
        let receipt_at = dialect
            .answers_send()
            .then(|| memmem::find(&bytes, receipt.as_bytes()))
            .flatten();
        let mut frame = Self {
            bytes,
            content_at,
            receipt_at,
        };
        frame.bytes[content_at..content_at + CONTENT_BYTES].fill(b'.');
        frame
    }

    /// The frame of one message.
    pub(crate) fn stamped(&mut self, stamp: Stamp) -> &[u8] {
        stamp.write(&mut self.bytes[self.content_at..]);
        if let Some(at) = self.receipt_at {
            stamp::write_hex(stamp.message, &mut self.bytes[at..at + 8]);
        }
        &self.bytes
    }
}

/// The number of the message that a RECEIPT is for.
pub(crate) fn receipt_of(payload: &[u8]) -> Option<u32> {
    let is_receipt = payload.first() == Some(&b'R');
    is_receipt.then(|| receipt_id(payload)).flatten()
}

/// The number of the message that a MESSAGE of `/user/queue/errors` is about.
pub(crate) fn refusal_of(payload: &[u8]) -> Option<u32> {
    let is_message = payload.first() == Some(&b'M');
    is_message.then(|| receipt_id(payload)).flatten()
}

fn receipt_id(payload: &[u8]) -> Option<u32> {
    const HEADER: &[u8] = b"\nreceipt-id:";
    // The headers end with an empty line (STOMP 1.2, "STOMP Frames").
    let headers = &payload[..memmem::find(payload, b"\n\n")?];
    let at = memmem::find(headers, HEADER)? + HEADER.len();
    read_hex(payload.get(at..at + 8)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_says_which_message_it_is_for() {
        let receipt = b"RECEIPT\nseq:7\nreceipt-id:000000ff\n\n\0";
        assert_eq!(receipt_of(receipt), Some(255));
        for other in [
            &b"RECEIPT\nreceipt-id:0000\n\n\0"[..],
            b"MESSAGE\nreceipt-id:000000ff\n\n\0",
            b"\n",
            b"",
        ] {
            assert_eq!(receipt_of(other), None);
        }
    }

    #[test]
    fn a_refusal_says_which_message_it_is_about() {
        let refusal = b"MESSAGE\ndestination:/user/queue/errors\nreceipt-id:000000ff\n\n{}\0";
        assert_eq!(refusal_of(refusal), Some(255));
        for other in [
            &b"RECEIPT\nreceipt-id:000000ff\n\n\0"[..],
            b"MESSAGE\ndestination:/topic/a\n\nsaid\nreceipt-id:000000ff\n\n\0",
        ] {
            assert_eq!(refusal_of(other), None);
        }
    }
}
