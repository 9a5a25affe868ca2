//! What clients send.

use crate::form;
use crate::surrogates::mended;

/// How much a client may send at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadLimits {
    /// The longest body or WebSocket message, in bytes as they arrive.
    pub bytes_max: usize,
    /// The most messages in one array.
    pub messages_max: usize,
}

impl Default for PayloadLimits {
    /// 256 KiB and 1024 messages: a client sends what gathered while its last request was out.
    fn default() -> Self {
        Self {
            bytes_max: 256 * 1024,
            messages_max: 1024,
        }
    }
}

/// Why what a client sent is not messages. The texts of the first two are the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// There is no array of strings where one must be.
    #[error("Payload expected.")]
    Expected,
    /// The text is not JSON, or not UTF-8.
    #[error("Broken JSON encoding.")]
    BrokenJson,
    /// More than [`PayloadLimits::bytes_max`].
    #[error("Payload too long.")]
    TooLong,
    /// More than [`PayloadLimits::messages_max`].
    #[error("Too many messages.")]
    TooMany,
}

impl PayloadError {
    /// The HTTP status: 500 where the protocol's list says so, 413 where a limit stands.
    pub fn status(self) -> u16 {
        match self {
            Self::Expected | Self::BrokenJson => 500,
            Self::TooLong | Self::TooMany => 413,
        }
    }
}

/// The messages in the body of `xhr_send`: a JSON array of strings, whatever its content type.
/// An empty array is a client's sign of life.
///
/// # Errors
/// See [`PayloadError`]. A lone surrogate is no error: it is read as U+FFFD.
pub fn xhr_send(body: &[u8], limits: PayloadLimits) -> Result<Vec<String>, PayloadError> {
    within(body, limits)?;
    array(text(body)?, limits)
}

/// The messages in the body of `jsonp_send`: the array is field `d` of a form where the content
/// type says form, otherwise the whole body.
///
/// # Errors
/// As [`xhr_send`].
pub fn jsonp_send(
    body: &[u8],
    content_type: Option<&str>,
    limits: PayloadLimits,
) -> Result<Vec<String>, PayloadError> {
    within(body, limits)?;
    if !content_type.is_some_and(is_form) {
        return array(text(body)?, limits);
    }
    let field = form::field(body, b"d").ok_or(PayloadError::Expected)?;
    array(text(&field)?, limits)
}

/// The messages in a WebSocket message: an array of strings, or one string. An empty message
/// holds none.
///
/// # Errors
/// As [`xhr_send`]. The protocol wants the connection ended at once.
pub fn websocket_message(
    message: &str,
    limits: PayloadLimits,
) -> Result<Vec<String>, PayloadError> {
    within(message.as_bytes(), limits)?;
    if message.is_empty() {
        return Ok(Vec::new());
    }
    if message.trim_ascii_start().starts_with('"') {
        let single = serde_json::from_str(&mended(message)).map_err(refusal)?;
        return Ok(vec![single]);
    }
    array(message, limits)
}

fn within(payload: &[u8], limits: PayloadLimits) -> Result<(), PayloadError> {
    if payload.len() > limits.bytes_max {
        return Err(PayloadError::TooLong);
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, PayloadError> {
    str::from_utf8(bytes).map_err(|_| PayloadError::BrokenJson)
}

fn array(json: &str, limits: PayloadLimits) -> Result<Vec<String>, PayloadError> {
    if json.is_empty() {
        return Err(PayloadError::Expected);
    }
    let messages: Vec<String> = serde_json::from_str(&mended(json)).map_err(refusal)?;
    if messages.len() > limits.messages_max {
        return Err(PayloadError::TooMany);
    }
    Ok(messages)
}

/// JSON of another shape is no payload; anything else is no JSON.
fn refusal(error: serde_json::Error) -> PayloadError {
    if error.is_data() {
        PayloadError::Expected
    } else {
        PayloadError::BrokenJson
    }
}

fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    fn xhr(body: &str) -> Result<Vec<String>, PayloadError> {
        xhr_send(body.as_bytes(), PayloadLimits::default())
    }

    fn jsonp(body: &str, content_type: Option<&str>) -> Result<Vec<String>, PayloadError> {
        jsonp_send(body.as_bytes(), content_type, PayloadLimits::default())
    }

    fn websocket(message: &str) -> Result<Vec<String>, PayloadError> {
        websocket_message(message, PayloadLimits::default())
    }

    fn texts(messages: &[&str]) -> Result<Vec<String>, PayloadError> {
        Ok(messages.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn xhr_send_takes_an_array_of_strings_and_an_empty_one() {
        assert_eq!(xhr(r#"["a", "b\u0000\n"]"#), texts(&["a", "b\0\n"]));
        assert_eq!(xhr("[]"), texts(&[]));
    }

    #[test]
    fn nothing_and_json_of_another_shape_are_no_payload() {
        for body in ["", "{}", "null", "\"a\"", "1", "[1]", "[[\"a\"]]"] {
            assert_eq!(xhr(body), Err(PayloadError::Expected), "{body}");
        }
        assert_eq!(PayloadError::Expected.to_string(), "Payload expected.");
        assert_eq!(PayloadError::Expected.status(), 500);
    }

    #[test]
    fn what_is_not_json_or_not_utf8_is_broken() {
        for body in ["[\"x", "x", "[\"a\"]]", "[\"a\",]", " "] {
            assert_eq!(xhr(body), Err(PayloadError::BrokenJson), "{body}");
        }
        let limits = PayloadLimits::default();
        assert_eq!(
            xhr_send(b"[\"\xff\"]", limits),
            Err(PayloadError::BrokenJson)
        );
        assert_eq!(
            PayloadError::BrokenJson.to_string(),
            "Broken JSON encoding."
        );
        assert_eq!(PayloadError::BrokenJson.status(), 500);
    }

    #[test]
    fn jsonp_send_reads_field_d_of_a_form() {
        assert_eq!(jsonp("d=%5B%22x+y%22%5D", FORM), texts(&["x y"]));
        assert_eq!(jsonp("d=%5B%5D", FORM), texts(&[]));
        let with_charset = Some("Application/X-WWW-Form-URLencoded; charset=UTF-8");
        assert_eq!(jsonp("d=%5B%22x%22%5D", with_charset), texts(&["x"]));
        for empty in ["", "d=", "p=p"] {
            assert_eq!(jsonp(empty, FORM), Err(PayloadError::Expected), "{empty}");
        }
        assert_eq!(jsonp("d=%5B%22x", FORM), Err(PayloadError::BrokenJson));
        assert_eq!(jsonp("d=%ff", FORM), Err(PayloadError::BrokenJson));
    }

    #[test]
    fn jsonp_send_reads_any_other_body_as_it_stands() {
        for content_type in [Some("text/plain"), Some(""), None] {
            assert_eq!(jsonp(r#"["%61bc"]"#, content_type), texts(&["%61bc"]));
        }
    }

    #[test]
    fn a_websocket_message_is_an_array_a_string_or_empty() {
        assert_eq!(websocket(r#"["a","b"]"#), texts(&["a", "b"]));
        assert_eq!(websocket(r#" "a\ud800""#), texts(&["a\u{fffd}"]));
        assert_eq!(websocket("[]"), texts(&[]));
        assert_eq!(websocket(""), texts(&[]));
        assert_eq!(websocket("[\"a"), Err(PayloadError::BrokenJson));
        assert_eq!(websocket("\"a"), Err(PayloadError::BrokenJson));
        assert_eq!(websocket("{}"), Err(PayloadError::Expected));
    }

    #[test]
    fn limits_hold_at_their_edge_on_every_way_in() {
        let limits = PayloadLimits {
            bytes_max: 9,
            messages_max: 2,
        };
        assert_eq!(xhr_send(br#"["a","b"]"#, limits).map(|m| m.len()), Ok(2));
        assert_eq!(
            xhr_send(br#"["a", "b"]"#, limits),
            Err(PayloadError::TooLong)
        );
        assert_eq!(
            jsonp_send(b"d=%5B%22%22", FORM, limits),
            Err(PayloadError::TooLong)
        );
        assert_eq!(
            websocket_message("\"12345678\"", limits),
            Err(PayloadError::TooLong)
        );

        let few = PayloadLimits {
            messages_max: 2,
            ..PayloadLimits::default()
        };
        assert_eq!(xhr_send(br#"["","",""]"#, few), Err(PayloadError::TooMany));
        assert_eq!(
            websocket_message(r#"["","",""]"#, few),
            Err(PayloadError::TooMany)
        );
        assert_eq!(PayloadError::TooLong.status(), 413);
        assert_eq!(PayloadError::TooMany.status(), 413);
    }

    proptest! {
        #[test]
        fn any_messages_arrive_as_they_were_sent(messages in any::<Vec<String>>()) {
            let json = serde_json::to_string(&messages).expect("JSON");
            let form: String = json.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let arrived = Ok(messages);
            prop_assert_eq!(&xhr(&json), &arrived);
            prop_assert_eq!(&websocket(&json), &arrived);
            prop_assert_eq!(&jsonp(&format!("d={form}"), FORM), &arrived);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in any::<Vec<u8>>(), shape in "[\\[\\]\",\\\\ud8%=&+d0]*") {
            let limits = PayloadLimits::default();
            for body in [&bytes[..], shape.as_bytes()] {
                let _ = xhr_send(body, limits);
                let _ = jsonp_send(body, FORM, limits);
                let _ = websocket_message(&String::from_utf8_lossy(body), limits);
            }
        }
    }
}
