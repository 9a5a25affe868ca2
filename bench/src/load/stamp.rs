//! What a message of the load says: who it is, found again in whatever a server makes of it.

use memchr::memmem;

/// What a stamp begins with; no server writes it by itself.
const MARK: &[u8; 2] = b"#~";

/// How many hexadecimal digits each number has.
const DIGITS: usize = 8;

/// How long a stamp is, in bytes.
const BYTES: usize = MARK.len() + 3 * DIGITS;

/// Which message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Counts all messages of a run.
    pub(crate) message: u32,
    /// The sending connection.
    pub(crate) sender: u32,
    /// Counts the sender's messages.
    pub(crate) number: u32,
}

impl Stamp {
    /// Writes it over the beginning of `content`.
    pub(crate) fn write(self, content: &mut [u8]) {
        let (mark, numbers) = content.split_at_mut(MARK.len());
        mark.copy_from_slice(MARK);
        let values = [self.message, self.sender, self.number];
        for (digits, value) in numbers.chunks_exact_mut(DIGITS).zip(values) {
            write_hex(value, digits);
        }
    }

    /// The first stamp in `bytes`, which is looked for at `hint` first, and where it ends. The hint
    /// is set to where it was.
    pub(crate) fn find(bytes: &[u8], hint: &mut usize) -> Option<(Self, usize)> {
        let at = match bytes.get(*hint..*hint + MARK.len()) {
            Some(found) if found == MARK => *hint,
            _ => memmem::find(bytes, MARK)?,
        };
        let digits = bytes.get(at + MARK.len()..at + BYTES)?;
        let mut numbers = digits.chunks_exact(DIGITS).map(read_hex);
        let stamp = Self {
            message: numbers.next()??,
            sender: numbers.next()??,
            number: numbers.next()??,
        };
        *hint = at;
        Some((stamp, at + BYTES))
    }
}

/// Writes the last eight hexadecimal digits of a number.
pub(crate) fn write_hex(value: u32, digits: &mut [u8]) {
    for (position, digit) in digits.iter_mut().rev().enumerate() {
        let nibble = (value >> (4 * position)) & 0xF;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
}

/// Reads eight hexadecimal digits.
pub(crate) fn read_hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        let nibble = char::from(*digit).to_digit(16)?;
        Some(value << 4 | nibble)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_wherever_the_server_puts_it() {
        let stamp = Stamp {
            message: 0xdead_beef,
            sender: 999,
            number: u32::MAX,
        };
        let mut content = [b'.'; 128];
        stamp.write(&mut content);
        for before in ["", "MESSAGE\n\n{\"content\":\""] {
            let bytes = [before.as_bytes(), &content].concat();
            for hint in [0, 7, before.len(), 10_000] {
                let mut hint = hint;
                let found = Stamp::find(&bytes, &mut hint);
                assert_eq!(found, Some((stamp, before.len() + BYTES)));
                assert_eq!(hint, before.len());
            }
        }
    }

    #[test]
    fn no_stamp_is_found_in_half_of_one() {
        for bytes in [
            &b""[..],
            b"#~",
            b"#~0000000100000002000000",
            b"#~zzzzzzzz0000000000000000",
        ] {
            assert_eq!(Stamp::find(bytes, &mut 0), None);
        }
    }
}
