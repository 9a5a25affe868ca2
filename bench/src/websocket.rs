//! As much of RFC 6455 as a client that trusts its server needs.

use anyhow::{Result, bail};

/// What a message is (RFC 6455, section 5.2).
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Bit of a last fragment.
const FIN: u8 = 0x80;

/// Bit of a masked payload.
const MASKED: u8 = 0x80;

/// With a masking key of zeros the payload stays as it is (section 5.3).
const MASK: [u8; 4] = [0; 4];

/// The bytes of a text message that a client sends.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    message(TEXT, payload, Side::Client)
}

/// The bytes of the answer to a ping.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    message(PONG, payload, Side::Client)
}

/// The bytes of a text message that a server sends.
pub(crate) fn text_of_server(payload: &[u8]) -> Vec<u8> {
    message(TEXT, payload, Side::Server)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

fn message(opcode: u8, payload: &[u8], side: Side) -> Vec<u8> {
    let masked = if side == Side::Client { MASKED } else { 0 };
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    bytes.push(FIN | opcode);
    match payload.len() {
        short @ 0..126 => bytes.push(masked | short as u8),
        medium @ 126..0x1_0000 => {
            bytes.push(masked | 126);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(masked | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    if side == Side::Client {
        bytes.extend(MASK);
    }
    bytes.extend(payload);
    bytes
}

/// What a server sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// A message, or a fragment of one.
    Payload(&'a [u8]),
    /// To be answered with a [`pong`].
    Ping(&'a [u8]),
    /// The answer to a ping.
    Pong,
}

/// The first message in `bytes` and its length there, once it is there as a whole.
///
/// # Errors
/// The server closes, and says why.
pub(crate) fn first(bytes: &[u8]) -> Result<Option<(Heard<'_>, usize)>> {
    let [head, length, rest @ ..] = bytes else {
        return Ok(None);
    };
    let (length, length_bytes) = match *length {
        126 => match rest.first_chunk() {
            Some(length) => (usize::from(u16::from_be_bytes(*length)), 2),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (usize::try_from(u64::from_be_bytes(*length))?, 8),
            None => return Ok(None),
        },
        length @ 0..126 => (usize::from(length), 0),
        _ => bail!("the server masks what it sends"),
    };
    let Some(payload) = rest.get(length_bytes..length_bytes + length) else {
        return Ok(None);
    };
    let heard = match head & 0x0F {
        PING => Heard::Ping(payload),
        PONG => Heard::Pong,
        CLOSE => bail!(
            "the server closes: {:?}",
            String::from_utf8_lossy(payload.get(2..).unwrap_or_default())
        ),
        _ => Heard::Payload(payload),
    };
    Ok(Some((heard, 2 + length_bytes + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_any_length_is_read_once_it_is_there_as_a_whole() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut bytes = text_of_server(&payload);
            let whole = bytes.len();
            bytes.push(FIN | TEXT);
            for early in [0, 1, whole - 1] {
                let heard = first(&bytes[..early]).expect("nothing is wrong");
                assert_eq!(heard, None, "{early} of {whole} bytes");
            }
            let heard = first(&bytes).expect("nothing is wrong");
            assert_eq!(heard, Some((Heard::Payload(&payload), whole)));
        }
    }

    #[test]
    fn a_closing_server_is_an_error_that_says_why() {
        let error = first(b"\x88\x06\x0f\xa9slow").expect_err("it closes");
        assert!(error.to_string().contains("slow"));
    }

    #[test]
    fn what_a_client_sends_is_masked_with_zeros() {
        assert_eq!(text(b"hi"), b"\x81\x82\0\0\0\0hi");
    }
}
