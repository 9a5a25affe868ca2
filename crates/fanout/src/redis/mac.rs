//! The secret that instances share, and the code that proves it.

use std::fmt;

use aws_lc_rs::hmac;

/// The shared secret under which instances sign what they publish (HMAC-SHA256, RFC 2104).
///
/// It proves that an instance wrote an event, not that the event is new: what is replayed is a
/// repetition, which a room's numbers and tempIds absorb.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

/// Says that a secret is shorter than [`MacKey::BYTES_MIN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fan-out's secret is too short; it takes {min} random bytes or more", min = MacKey::BYTES_MIN)]
pub struct MacKeyTooShort;

impl MacKey {
    /// The shortest secret, in bytes: the length of the hash (RFC 2104, section 3).
    pub const BYTES_MIN: usize = 32;

    /// Takes a secret.
    ///
    /// # Errors
    /// Refuses one that is too short to be a secret.
    pub fn new(secret: &[u8]) -> Result<Self, MacKeyTooShort> {
        if secret.len() < Self::BYTES_MIN {
            return Err(MacKeyTooShort);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// The code of a text, in hexadecimal.
    pub(super) fn sign(&self, text: &[u8]) -> String {
        let tag = hmac::sign(&self.0, text);
        tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
            hex
        })
    }

    /// Whether a code is the one of a text; takes the same time whatever is wrong with it.
    pub(super) fn verify(&self, text: &[u8], hex: &str) -> bool {
        let mut tag = Vec::with_capacity(hex.len() / 2);
        for pair in hex.as_bytes().chunks(2) {
            let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
            let (Some(high), Some(low)) = (digit(pair[0]), pair.get(1).copied().and_then(digit))
            else {
                return false;
            };
            tag.push((high << 4 | low) as u8);
        }
        hmac::verify(&self.0, text, &tag).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

const DIGITS: [u8; 16] = *b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_one_that_rfc_4231_lists() {
        // Test case 6: a key longer than the hash's block.
        let key = MacKey::new(&[0xaa; 131]).expect("long enough");
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let code = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";

        assert_eq!(key.sign(text), code);
        assert!(key.verify(text, code));
    }

    #[test]
    fn a_wrong_code_in_any_form_is_refused() {
        let key = MacKey::new(&[7; 32]).expect("long enough");
        let code = key.sign(b"text");
        let another = MacKey::new(&[8; 32]).expect("long enough").sign(b"text");
        let upper = code.to_uppercase();

        assert!(!key.verify(b"texts", &code));
        for wrong in ["", "0", "zz", "é", &code[..62], &another, &upper] {
            assert!(!key.verify(b"text", wrong), "{wrong}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_and_a_key_never_shows_itself() {
        assert_eq!(MacKey::new(&[1; 31]).expect_err("short"), MacKeyTooShort);
        let key = MacKey::new(&[1; 32]).expect("long enough");
        assert_eq!(format!("{key:?}"), "MacKey(..)");
    }
}
