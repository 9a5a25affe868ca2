//! A session: one log-in of one user, and all that follows from it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use chat::UserId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::random::random;

/// How long a session lasts at most, however often it is used.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);

/// How long a session lasts that is not used: that its refresh token was not replaced meanwhile.
pub const SESSION_IDLE_MAX: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Identifies a session: a UUID of version 4, whose 122 random bits come from the operating system.
/// It may be shown to its user and stands in access tokens as `sid`; it opens nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Uuid);

/// Says that a text is not a UUID in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session's id is a UUID in its hyphenated form")]
pub struct SessionIdError;

impl SessionId {
    /// Mints the id of a new session.
    pub(crate) fn random() -> Self {
        Self(uuid::Builder::from_random_bytes(random()).into_uuid())
    }

    /// Parses the 36 characters of a UUID (RFC 9562, section 4), in either case.
    ///
    /// # Errors
    /// Refuses the other spellings of a UUID.
    pub fn parse(text: &str) -> Result<Self, SessionIdError> {
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return Err(SessionIdError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| SessionIdError)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a user may know about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Which session.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// When the user logged in.
    pub created_at: OffsetDateTime,
    /// When its refresh token was replaced last, at first [`created_at`](Self::created_at).
    pub last_used_at: OffsetDateTime,
    /// When it ends whatever happens, in whole seconds.
    pub expires_at: OffsetDateTime,
    /// With what the user logged in, as [`ClientInfo`](crate::ClientInfo) keeps it.
    pub user_agent: Option<String>,
    /// From where the user logged in.
    pub address: Option<IpAddr>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_survives_its_text_and_knows_one_spelling() {
        let id = SessionId::random();
        assert_eq!(SessionId::parse(&id.to_string()), Ok(id));
        assert_eq!(id.0.get_version_num(), 4);
        for wrong in [
            "",
            "x",
            &id.0.simple().to_string(),
            &id.0.braced().to_string(),
        ] {
            assert_eq!(SessionId::parse(wrong), Err(SessionIdError), "{wrong}");
        }
    }
}
