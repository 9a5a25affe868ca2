//! The name of a room.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// First path segments that the HTTP interface keeps for itself, so no room may bear them.
pub const RESERVED_SEGMENTS: [&str; 10] = [
    "auth",
    "rooms",
    "docs",
    "health",
    "livez",
    "readyz",
    "metrics",
    "ws",
    "ws-sockjs",
    ".well-known",
];

/// Names a room: 1 to 128 characters, no `/`, no control character, no reserved path segment.
///
/// Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomId(Arc<str>);

/// Why a text does not name a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomIdError {
    /// The text is empty.
    #[error("roomId is empty; it takes 1 to {max} characters", max = RoomId::CHARS_MAX)]
    Empty,
    /// The text has more than [`RoomId::CHARS_MAX`] characters.
    #[error("roomId has more than {max} characters", max = RoomId::CHARS_MAX)]
    TooLong,
    /// The text contains `/`, which separates path segments.
    #[error("roomId contains '/', which a room's name may not")]
    Slash,
    /// The text contains a control character.
    #[error("roomId contains a control character")]
    Control,
    /// The text is one of [`RESERVED_SEGMENTS`].
    #[error("roomId is a reserved word; choose another name")]
    Reserved,
}

impl RoomId {
    /// The longest name, in characters (Unicode scalar values).
    pub const CHARS_MAX: usize = 128;

    /// Parses a room's name.
    ///
    /// # Errors
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, RoomIdError> {
        if text.is_empty() {
            return Err(RoomIdError::Empty);
        }
        // A character takes at most four bytes: a text of any length costs a bounded count.
        if text.len() > 4 * Self::CHARS_MAX || text.chars().count() > Self::CHARS_MAX {
            return Err(RoomIdError::TooLong);
        }
        if text.contains('/') {
            return Err(RoomIdError::Slash);
        }
        if text.chars().any(char::is_control) {
            return Err(RoomIdError::Control);
        }
        if RESERVED_SEGMENTS.contains(&text) {
            return Err(RoomIdError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RoomId {
    type Error = RoomIdError;

    fn try_from(text: String) -> Result<Self, RoomIdError> {
        Self::parse(&text)
    }
}

impl From<RoomId> for String {
    fn from(room: RoomId) -> Self {
        room.0.as_ref().into()
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_128_hangul_syllables_is_a_room_and_one_more_is_not() {
        assert!(RoomId::parse(&"마".repeat(128)).is_ok());
        assert_eq!(RoomId::parse(&"마".repeat(129)), Err(RoomIdError::TooLong));
    }

    #[test]
    fn each_broken_rule_is_named() {
        assert_eq!(RoomId::parse(""), Err(RoomIdError::Empty));
        assert_eq!(RoomId::parse("a/b"), Err(RoomIdError::Slash));
        assert_eq!(RoomId::parse("a\u{0}b"), Err(RoomIdError::Control));
        assert_eq!(RoomId::parse("a\u{85}b"), Err(RoomIdError::Control));
        for reserved in RESERVED_SEGMENTS {
            assert_eq!(RoomId::parse(reserved), Err(RoomIdError::Reserved));
        }
    }

    #[test]
    fn json_that_holds_no_room_is_refused_with_the_reason() {
        let error = serde_json::from_str::<RoomId>("\"a/b\"").expect_err("a slash is no room");
        assert!(error.to_string().contains("contains '/'"), "{error}");
    }
}
