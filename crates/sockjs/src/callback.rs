//! The function that a page wants called.

use crate::form;

/// The name of the function in the page that takes the frames of `htmlfile` and `jsonp`.
///
/// It is written into a script, so it is 1 to [`Callback::CHARS_MAX`] of the letters, digits,
/// `-`, `_` and `.` that the protocol permits and can hold no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback(Box<str>);

/// Why a request names no function. The texts are the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// Neither `c` nor `callback` is there with a value.
    #[error("\"callback\" parameter required")]
    Missing,
    /// A character that the protocol forbids, or too many.
    #[error("invalid \"callback\" parameter")]
    Invalid,
}

impl Callback {
    /// The longest name. Clients use about ten characters; 32 is what the other servers take.
    pub const CHARS_MAX: usize = 32;

    /// Parses a name.
    ///
    /// # Errors
    /// See [`CallbackError`]; both are answered with status 500.
    pub fn parse(name: &str) -> Result<Self, CallbackError> {
        if name.is_empty() {
            return Err(CallbackError::Missing);
        }
        let permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.len() > Self::CHARS_MAX || !name.bytes().all(permitted) {
            return Err(CallbackError::Invalid);
        }
        Ok(Self(name.into()))
    }

    /// Parses the name in a query: parameter `c`, or `callback` where there is no `c`.
    pub(crate) fn in_query(query: &str) -> Result<Self, CallbackError> {
        let name = form::field(query.as_bytes(), b"c")
            .or_else(|| form::field(query.as_bytes(), b"callback"))
            .ok_or(CallbackError::Missing)?;
        Self::parse(str::from_utf8(&name).map_err(|_| CallbackError::Invalid)?)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_names_the_function_as_c_or_callback() {
        let name = |query| Callback::in_query(query).map(|callback| callback.0.into_string());
        assert_eq!(name("c=%63allback"), Ok("callback".to_owned()));
        assert_eq!(name("t=1&callback=_jp.a1-b"), Ok("_jp.a1-b".to_owned()));
        assert_eq!(name("callback=b&c=a"), Ok("a".to_owned()));
    }

    #[test]
    fn a_missing_name_and_a_name_that_could_be_code_are_refused() {
        for query in ["", "c=", "d=x"] {
            assert_eq!(
                Callback::in_query(query),
                Err(CallbackError::Missing),
                "{query}"
            );
        }
        let long = format!("c={}", "x".repeat(33));
        for query in ["c=%20", "c=*", "c=abc(", "c=abc%28", "c=%ff", "c=가", &long] {
            assert_eq!(
                Callback::in_query(query),
                Err(CallbackError::Invalid),
                "{query}"
            );
        }
        assert_eq!(
            CallbackError::Missing.to_string(),
            "\"callback\" parameter required"
        );
        assert_eq!(
            CallbackError::Invalid.to_string(),
            "invalid \"callback\" parameter"
        );
    }
}
