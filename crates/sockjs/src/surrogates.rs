//! Halves of surrogate pairs in JSON.

use std::borrow::Cow;

/// Replaces each `\uXXXX` that is half a surrogate pair without its other half by `\ufffd`.
///
/// A script's string may end in the middle of an emoji and SockJS clients escape the lone half.
/// No Unicode text can hold it. A browser's own WebSocket sends U+FFFD in its place, and so the
/// same string means the same on every transport.
pub(crate) fn mended(json: &str) -> Cow<'_, str> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let bytes = json.as_bytes();
    let mut text = String::with_capacity(json.len());
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        at += match &bytes[at..] {
            [b'\\', b'u', ..] => match (escaped(bytes, at), escaped(bytes, at + 6)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
                (Some(0xd800..=0xdfff), _) => {
                    text.push_str(&json[copied..at]);
                    text.push_str("\\ufffd");
                    copied = at + 6;
                    6
                }
                _ => 2,
            },
            [b'\\', ..] => 2,
            _ => 1,
        };
    }
    text.push_str(&json[copied..]);
    Cow::Owned(text)
}

/// The code unit that `\uXXXX` names at this place.
fn escaped(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |value, &byte| {
        Some(value << 4 | char::from(byte).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_lone_half_becomes_the_replacement_character() {
        assert_eq!(mended(r#"["\ud83d"]"#), r#"["\ufffd"]"#);
        assert_eq!(mended(r#"["a\uDE00b가"]"#), r#"["a\ufffdb가"]"#);
        assert_eq!(
            mended(r#"["\ud83d\ud83d\ude00"]"#),
            r#"["\ufffd\ud83d\ude00"]"#
        );
        assert_eq!(mended(r#"["\ude00\ud83d"]"#), r#"["\ufffd\ufffd"]"#);
    }

    #[test]
    fn whole_pairs_and_everything_else_stay() {
        for json in [
            r#"["\ud83d\ude00"]"#,
            r#"["\\ud83d"]"#,
            r#"["\\\\ud83d \uac00 가"]"#,
            r#"["\ud8"#,
            r#"\ud"#,
            r#"\"#,
        ] {
            assert_eq!(mended(json), json);
        }
    }

    proptest! {
        #[test]
        fn any_utf16_escaped_as_json_reads_as_a_browsers_lossy_text(units in any::<Vec<u16>>()) {
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let text: String = serde_json::from_str(&mended(&format!("\"{escaped}\"")))
                .expect("mended JSON");
            prop_assert_eq!(text, String::from_utf16_lossy(&units));
        }

        #[test]
        fn any_text_is_taken(text in "[\\\\ud89ac가]*") {
            prop_assert!(mended(&text).len() <= text.len());
        }
    }
}
