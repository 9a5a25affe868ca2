//! What a token says.

use chat::{Nickname, UserId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Parties;

/// What a good token says about whoever holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whom it is about.
    pub subject: Subject,
    /// Its own id (`jti`), never used twice.
    pub token_id: Uuid,
    /// When it was signed (`iat`), to the second.
    pub issued_at: OffsetDateTime,
    /// The moment from which it is worth nothing (`exp`), to the second.
    pub expires_at: OffsetDateTime,
}

/// Whom a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The account's id, or the one that a guest was given for this token alone (`sub`).
    pub user: UserId,
    /// The name under which he speaks (`nickname`).
    pub nickname: Nickname,
    /// How the server knows him.
    pub holder: Holder,
}

/// How the server knows whoever holds a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// He gave a name and nothing else (`guest` is true); the token cannot be renewed.
    Guest,
    /// He logged in.
    Account {
        /// What he may do (`role`).
        role: Role,
        /// The session that the token belongs to (`sid`): with its end the token is revoked.
        session: Uuid,
    },
}

/// What an account may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// What everybody may.
    #[default]
    Member,
    /// Everything.
    Admin,
}

impl Subject {
    /// Whether it is a guest.
    pub fn is_guest(&self) -> bool {
        self.holder == Holder::Guest
    }

    /// The session that the token belongs to; a guest has none.
    pub fn session(&self) -> Option<Uuid> {
        match self.holder {
            Holder::Guest => None,
            Holder::Account { session, .. } => Some(session),
        }
    }

    /// The member `role`: the account's, or `guest`.
    pub fn role_name(&self) -> &'static str {
        match self.holder {
            Holder::Guest => GUEST,
            Holder::Account { role, .. } => role.as_str(),
        }
    }
}

impl Role {
    /// The role as tokens and tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Role::as_str`] wrote; `None` where the text names no role.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "member" => Some(Self::Member),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// What stands as `role` in a guest's token.
const GUEST: &str = "guest";

/// The payload as it stands in the JSON. Issuer and audience are single texts: RFC 7519 would let a
/// token name several audiences, and ours never does.
#[derive(Serialize, Deserialize)]
pub(crate) struct Payload {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    jti: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    nickname: String,
    role: String,
    guest: bool,
}

/// Between which times a token is good, in seconds since 1970 as its JSON has them.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) iat: i64,
    pub(crate) nbf: Option<i64>,
    pub(crate) exp: i64,
}

impl Payload {
    pub(crate) fn times(&self) -> Times {
        Times {
            iat: self.iat,
            nbf: self.nbf,
            exp: self.exp,
        }
    }

    pub(crate) fn new(claims: &Claims, parties: &Parties) -> Self {
        Self {
            iss: parties.issuer.clone(),
            aud: parties.audience.clone(),
            sub: claims.subject.user.0,
            iat: claims.issued_at.unix_timestamp(),
            nbf: None,
            exp: claims.expires_at.unix_timestamp(),
            jti: claims.token_id,
            sid: claims.subject.session(),
            nickname: claims.subject.nickname.as_str().to_owned(),
            role: claims.subject.role_name().to_owned(),
            guest: claims.subject.is_guest(),
        }
    }

    /// The claims, where they fit each other.
    pub(crate) fn into_claims(self) -> Option<Claims> {
        let holder = match (self.guest, self.role.as_str(), self.sid) {
            (true, GUEST, None) => Holder::Guest,
            (false, role, Some(session)) => Holder::Account {
                role: Role::parse(role)?,
                session,
            },
            _ => return None,
        };
        Some(Claims {
            subject: Subject {
                user: UserId(self.sub),
                nickname: Nickname::parse(&self.nickname).ok()?,
                holder,
            },
            token_id: self.jti,
            issued_at: OffsetDateTime::from_unix_timestamp(self.iat).ok()?,
            expires_at: OffsetDateTime::from_unix_timestamp(self.exp).ok()?,
        })
    }
}
