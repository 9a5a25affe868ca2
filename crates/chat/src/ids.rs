//! The numbers and ids of messages and accounts.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A number of a room: each change of the room (a message made, edited, deleted) takes the next
/// one, 1, 2, 3 … in commit order and without holes. 0 stands before the first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl Seq {
    /// The place before the first change of a room.
    pub const ZERO: Self = Self(0);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies a stored message: a UUID of version 7, minted by the server.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies an account.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct UserId(pub Uuid);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The sender's own id of a message: the idempotency key of a send, a UUID of any version.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct TempId(pub Uuid);

/// Says that a text is not a UUID in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "tempId is not a UUID in its hyphenated form, such as 0198c0de-0000-7000-8000-000000000000"
)]
pub struct TempIdError;

impl TempId {
    /// Parses the 36 characters of a UUID (RFC 9562, section 4), in either case.
    ///
    /// # Errors
    /// The other spellings of a UUID are refused, since a client finds its own message again by
    /// comparing texts.
    pub fn parse(text: &str) -> Result<Self, TempIdError> {
        let hyphenated = uuid::fmt::Hyphenated::LENGTH;
        if text.len() != hyphenated {
            return Err(TempIdError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| TempIdError)
    }
}

impl fmt::Display for TempId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temp_id_is_the_hyphenated_uuid_and_no_other_spelling() {
        let text = "0198C0DE-0000-7000-8000-00000000000a";
        assert_eq!(
            TempId::parse(text).expect("a UUID").to_string(),
            text.to_lowercase()
        );
        for wrong in [
            "",
            "1",
            "0198c0de00007000800000000000000a",
            "{0198c0de-0000-7000-8000-00000000000a}",
            "0198c0de-0000-7000-8000-00000000000g",
        ] {
            assert_eq!(TempId::parse(wrong), Err(TempIdError), "{wrong}");
        }
    }
}
