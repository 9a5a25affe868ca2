//! The name of a room.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::Visibility;

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
/// Names of the form `private-{uuid}` are those of private rooms, whether there is such a room or
/// not, so that one may be refused without saying which. Any other names an open room, which
/// exists by being named.
///
/// Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
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

    /// What the names of private rooms begin with; a UUID follows.
    pub const PRIVATE_PREFIX: &str = "private-";

    /// The name of a new room, which no other has where `unique` was never used before.
    pub fn minted(visibility: Visibility, unique: Uuid) -> Self {
        match visibility {
            Visibility::Open => Self(unique.to_string().into()),
            Visibility::Private => Self(format!("{}{unique}", Self::PRIVATE_PREFIX).into()),
        }
    }

    /// Who may be in a room of this name.
    pub fn visibility(&self) -> Visibility {
        let uuid = self.0.strip_prefix(Self::PRIVATE_PREFIX);
        let is_private = uuid.is_some_and(|text| {
            // The hyphenated form in lower case, which is the one that `minted` writes.
            Uuid::try_parse(text).is_ok_and(|uuid| uuid.to_string() == text)
        });
        if is_private {
            Visibility::Private
        } else {
            Visibility::Open
        }
    }

    /// Whether it is the name of a private room.
    pub fn is_private(&self) -> bool {
        self.visibility() == Visibility::Private
    }

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

impl Serialize for RoomId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
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
    fn only_a_uuid_behind_the_prefix_names_a_private_room() {
        let uuid = Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_00ab);
        assert!(RoomId::minted(Visibility::Private, uuid).is_private());
        assert!(!RoomId::minted(Visibility::Open, uuid).is_private());
        for open in [
            "private-",
            "private-talk",
            "private-0198C0DE-0000-7000-8000-0000000000AB",
            "private-0198c0de0000700080000000000000ab",
            "private-{0198c0de-0000-7000-8000-0000000000ab}",
            "private-0198c0de-0000-7000-8000-0000000000ab ",
            "Private-0198c0de-0000-7000-8000-0000000000ab",
        ] {
            assert!(!RoomId::parse(open).expect("a room").is_private(), "{open}");
        }
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
