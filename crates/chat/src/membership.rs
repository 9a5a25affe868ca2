//! Who belongs to a room, and as what.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UserId;

/// The number of a room's rules: each change of its members takes the next one. 0 is the number of
/// a room that was never given rules.
///
/// It is taken under the lock of the room's row, as a [`Seq`](crate::Seq) is, so a message that is
/// committed under one number was allowed by the rules of that number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Access(pub i64);

/// What a member may do in a room. The greater may what the lesser may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RoomRole {
    /// Hears and speaks, sees who else is in, and may leave.
    Member,
    /// Brings members in and removes them.
    Moderator,
    /// Names the room, gives roles, and closes it. A room has at least one.
    Owner,
}

/// What somebody may not do in a room though he might by his role.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Sanction {
    /// He hears and does not speak.
    Mute,
    /// He is not let in.
    Ban,
}

/// Who may be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Anybody who is let in.
    Open,
    /// Its members.
    Private,
}

/// One who belongs to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: RoomRole,
}

/// What a room is called, for people: 1 to [`RoomName::CHARS_MAX`] characters, not blank, no
/// control character. Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomName(Arc<str>);

/// Why a text is not the name of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// The text is empty or only white space.
    #[error("name is blank; give one of 1 to {max} characters", max = RoomName::CHARS_MAX)]
    Blank,
    /// The text has more than [`RoomName::CHARS_MAX`] characters.
    #[error("name has more than {max} characters", max = RoomName::CHARS_MAX)]
    TooLong,
    /// The text contains a control character.
    #[error("name contains a control character")]
    Control,
}

impl RoomRole {
    /// The role as JSON and tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// Reads what [`RoomRole::as_str`] wrote; `None` where the text names no role.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Moderator, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == text)
    }

    /// Whether one of this role may give `role` to somebody, or take it from him.
    pub fn may_give(self, role: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Moderator => role == Self::Member,
            Self::Member => false,
        }
    }
}

impl Sanction {
    /// The sanction as JSON and tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Ban => "ban",
        }
    }

    /// Reads what [`Sanction::as_str`] wrote; `None` where the text names none.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mute, Self::Ban]
            .into_iter()
            .find(|sanction| sanction.as_str() == text)
    }
}

impl RoomName {
    /// The longest name, in characters (Unicode scalar values).
    pub const CHARS_MAX: usize = 100;

    /// Parses a name.
    ///
    /// # Errors
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, RoomNameError> {
        if text.trim().is_empty() {
            return Err(RoomNameError::Blank);
        }
        if text.len() > 4 * Self::CHARS_MAX || text.chars().count() > Self::CHARS_MAX {
            return Err(RoomNameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(RoomNameError::Control);
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RoomName {
    type Error = RoomNameError;

    fn try_from(text: String) -> Result<Self, RoomNameError> {
        Self::parse(&text)
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> Self {
        name.0.as_ref().into()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_gives_any_role_a_moderator_lets_in_and_a_member_gives_none() {
        let all = [RoomRole::Member, RoomRole::Moderator, RoomRole::Owner];
        let given = |by: RoomRole| all.map(|role| by.may_give(role));
        assert_eq!(given(RoomRole::Owner), [true, true, true]);
        assert_eq!(given(RoomRole::Moderator), [true, false, false]);
        assert_eq!(given(RoomRole::Member), [false, false, false]);
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in [RoomRole::Member, RoomRole::Moderator, RoomRole::Owner] {
            assert_eq!(RoomRole::parse(role.as_str()), Some(role));
            let json = serde_json::to_value(role).expect("a text");
            assert_eq!(json, role.as_str());
        }
        assert_eq!(RoomRole::parse("Owner"), None);
    }

    #[test]
    fn each_broken_rule_of_a_name_is_named() {
        assert_eq!(RoomName::parse(" \t"), Err(RoomNameError::Blank));
        assert_eq!(RoomName::parse("a\u{7}"), Err(RoomNameError::Control));
        let longest = "방".repeat(RoomName::CHARS_MAX);
        assert!(RoomName::parse(&longest).is_ok());
        assert_eq!(
            RoomName::parse(&format!("{longest}방")),
            Err(RoomNameError::TooLong)
        );
    }
}
