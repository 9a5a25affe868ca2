//! A message as JSON text.

use std::fmt::Write as _;

use bytes::Bytes;

/// A message as a JSON string, quotes included, with everything escaped that browsers mangle.
///
/// Quoting is the costly part of sending, so a message for many sessions is quoted once and
/// cloned: clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(Bytes);

impl Quoted {
    /// Quotes a message.
    pub fn new(text: &str) -> Self {
        let mut json = String::with_capacity(text.len() + 2);
        push_quoted(&mut json, text);
        Self(json.into())
    }

    /// The JSON text, in UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn push_quoted(json: &mut String, text: &str) {
    json.push('"');
    let mut copied = 0;
    for (at, escaped) in text.match_indices(must_escape) {
        json.push_str(&text[copied..at]);
        push_escape(json, escaped);
        copied = at + escaped.len();
    }
    json.push_str(&text[copied..]);
    json.push('"');
}

fn push_escape(json: &mut String, character: &str) {
    match character {
        "\"" => json.push_str("\\\""),
        "\\" => json.push_str("\\\\"),
        "\n" => json.push_str("\\n"),
        "\r" => json.push_str("\\r"),
        "\t" => json.push_str("\\t"),
        "\u{8}" => json.push_str("\\b"),
        "\u{c}" => json.push_str("\\f"),
        other => {
            for unit in other.encode_utf16() {
                write!(json, "\\u{unit:04x}").expect("a String takes all that is written");
            }
        }
    }
}

/// What JSON must escape, and what the protocol's list "JSON Unicode Encoding" and the clients
/// built on it name as lost or changed on the way. Everything above U+FFFF is a pair of
/// surrogates to such a browser, and each half travels as an escape of its own.
fn must_escape(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '"'
            | '\\'
            | '\u{ad}'
            | '\u{600}'..='\u{604}'
            | '\u{70f}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{200c}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(text: &str) -> String {
        String::from_utf8(Quoted::new(text).as_bytes().to_vec()).expect("JSON is UTF-8")
    }

    #[test]
    fn plain_text_travels_as_it_is() {
        assert_eq!(quoted(""), r#""""#);
        assert_eq!(
            quoted("안녕, wörld / <b> %61"),
            r#""안녕, wörld / <b> %61""#
        );
    }

    #[test]
    fn json_syntax_and_control_characters_are_escaped() {
        assert_eq!(
            quoted("\"\\\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}"),
            "\"\\\"\\\\\\n\\r\\t\\b\\f\\u0000\\u001f\u{7f}\""
        );
    }

    #[test]
    fn each_end_of_each_range_that_browsers_mangle_is_escaped_and_its_neighbour_is_not() {
        for (first, last) in [
            (0x00ad, 0x00ad),
            (0x0600, 0x0604),
            (0x070f, 0x070f),
            (0x17b4, 0x17b5),
            (0x200c, 0x200f),
            (0x2028, 0x202f),
            (0x2060, 0x206f),
            (0xfeff, 0xfeff),
        ] {
            let text = |code| char::from_u32(code).expect("a scalar value").to_string();
            assert_eq!(quoted(&text(first)), format!("\"\\u{first:04x}\""));
            assert_eq!(quoted(&text(last)), format!("\"\\u{last:04x}\""));
            assert_eq!(quoted(&text(first - 1)), format!("\"{}\"", text(first - 1)));
            assert_eq!(quoted(&text(last + 1)), format!("\"{}\"", text(last + 1)));
        }
        assert_eq!(
            quoted("\u{ffef}\u{fff0}\u{ffff}"),
            "\"\u{ffef}\\ufff0\\uffff\""
        );
    }

    #[test]
    fn a_character_above_the_basic_plane_travels_as_two_escaped_surrogates() {
        assert_eq!(quoted("😀"), r#""\ud83d\ude00""#);
        assert_eq!(quoted("\u{10ffff}"), r#""\udbff\udfff""#);
    }

    proptest! {
        #[test]
        fn any_text_survives_quoting_and_a_json_parser(text in any::<String>()) {
            let json = quoted(&text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
            let inner = &json[1..json.len() - 1];
            prop_assert!(!inner.contains(|c| must_escape(c) && c != '"' && c != '\\'));
        }
    }
}
