//! How header names and values are written and read.

use bytes::BytesMut;

use crate::{Command, Version};

/// The escapes in force for one frame (STOMP 1.2, "Value Encoding").
///
/// What a frame cannot express (NUL everywhere; CR and LF where nothing is escaped; `:` in a name
/// where nothing is escaped) is written as a space, so that no value can forge a header or a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escaping {
    /// No escapes: STOMP 1.0, and CONNECT and CONNECTED of every version.
    Off,
    /// `\n`, `\c` and `\\`. A carriage return stands for itself.
    V1_1,
    /// `\r`, `\n`, `\c` and `\\`.
    V1_2,
}

/// A header holds a backslash that begins no escape of its version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UndefinedEscape;

/// Which side of the colon a text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Name,
    Value,
}

impl Escaping {
    /// The escapes of a frame with this command in this version.
    pub(crate) fn of(command: Command, version: Version) -> Self {
        match (command, version) {
            (Command::Connect | Command::Stomp | Command::Connected, _) | (_, Version::V1_0) => {
                Self::Off
            }
            (_, Version::V1_1) => Self::V1_1,
            (_, Version::V1_2) => Self::V1_2,
        }
    }

    /// Appends `text` as it was before it was escaped.
    pub(crate) fn unescape(self, text: &str, out: &mut String) -> Result<(), UndefinedEscape> {
        if self == Self::Off {
            out.push_str(text);
            return Ok(());
        }
        let mut rest = text;
        while let Some((plain, escape)) = rest.split_once('\\') {
            out.push_str(plain);
            out.push(match escape.as_bytes().first() {
                Some(b'n') => '\n',
                Some(b'c') => ':',
                Some(b'\\') => '\\',
                Some(b'r') if self == Self::V1_2 => '\r',
                _ => return Err(UndefinedEscape),
            });
            rest = &escape[1..];
        }
        out.push_str(rest);
        Ok(())
    }

    /// Appends `text`, escaped.
    pub(crate) fn escape(self, text: &str, side: Side, out: &mut BytesMut) {
        let mut plain_from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let Some(escape) = self.escape_of(byte, side) else {
                continue;
            };
            out.extend_from_slice(&text.as_bytes()[plain_from..at]);
            out.extend_from_slice(escape);
            plain_from = at + 1;
        }
        out.extend_from_slice(&text.as_bytes()[plain_from..]);
    }

    fn escape_of(self, byte: u8, side: Side) -> Option<&'static [u8]> {
        match (byte, self) {
            (0, _) => Some(b" "),
            (b'\r' | b'\n', Self::Off) => Some(b" "),
            (b':', Self::Off) if side == Side::Name => Some(b" "),
            (_, Self::Off) => None,
            (b'\n', _) => Some(br"\n"),
            (b':', _) => Some(br"\c"),
            (b'\\', _) => Some(br"\\"),
            (b'\r', Self::V1_2) => Some(br"\r"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(escaping: Escaping, side: Side, text: &str) -> String {
        let mut out = BytesMut::new();
        escaping.escape(text, side, &mut out);
        String::from_utf8(out.to_vec()).expect("escapes are ASCII")
    }

    fn unescaped(escaping: Escaping, text: &str) -> Result<String, UndefinedEscape> {
        let mut out = String::new();
        escaping.unescape(text, &mut out).map(|()| out)
    }

    #[test]
    fn each_version_escapes_what_it_can() {
        let text = "마:루\\\r\n";
        assert_eq!(escaped(Escaping::V1_2, Side::Value, text), r"마\c루\\\r\n");
        assert_eq!(
            escaped(Escaping::V1_1, Side::Value, text),
            "마\\c루\\\\\r\\n"
        );
        assert_eq!(escaped(Escaping::Off, Side::Value, text), "마:루\\  ");
    }

    #[test]
    fn what_cannot_be_expressed_becomes_a_space_so_that_nothing_can_be_forged() {
        assert_eq!(escaped(Escaping::Off, Side::Name, "a:b\nc\0"), "a b c ");
        assert_eq!(escaped(Escaping::V1_2, Side::Value, "a\0b"), "a b");
    }

    #[test]
    fn an_escape_of_a_later_version_or_of_none_is_undefined() {
        assert_eq!(unescaped(Escaping::V1_2, r"\r\n\c\\"), Ok("\r\n:\\".into()));
        assert_eq!(unescaped(Escaping::V1_1, r"\r"), Err(UndefinedEscape));
        assert_eq!(unescaped(Escaping::V1_2, r"a\t"), Err(UndefinedEscape));
        assert_eq!(unescaped(Escaping::V1_2, "a\\"), Err(UndefinedEscape));
        assert_eq!(unescaped(Escaping::V1_2, "\\마"), Err(UndefinedEscape));
        assert_eq!(unescaped(Escaping::Off, r"C:\temp"), Ok(r"C:\temp".into()));
    }
}
