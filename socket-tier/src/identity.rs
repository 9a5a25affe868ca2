//! Who is let in: tokens, guests, and what was revoked.

use std::sync::Arc;

use access_token::{Claims, Verifier, VerifyError};
use chat::{AuthMode, Sender, UserId};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::revocations::{Revocations, Standing};
use crate::transport::Close;

/// Decides who may connect.
#[derive(Clone)]
pub(crate) struct Doorkeeper {
    mode: AuthMode,
    verifier: Arc<Verifier>,
    revocations: Arc<Revocations>,
}

/// Whoever was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// Nobody knows who; each message carries its own name.
    Anonymous,
    /// The holder of a token.
    Known(Claims),
}

/// Why somebody is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The `message` header of the ERROR.
    pub(crate) message: &'static str,
    /// What would be right, for people.
    pub(crate) detail: &'static str,
    /// How the socket is closed.
    pub(crate) code: u16,
}

impl Speaker {
    /// Who it is, where that is known.
    pub(crate) fn user(&self) -> Option<UserId> {
        match self {
            Self::Anonymous => None,
            Self::Known(claims) => Some(claims.subject.user),
        }
    }

    /// What the token says, where there is one.
    pub(crate) fn claims(&self) -> Option<&Claims> {
        match self {
            Self::Anonymous => None,
            Self::Known(claims) => Some(claims),
        }
    }

    /// The sender of what is said, where that is known.
    pub(crate) fn sender(&self) -> Option<Sender> {
        match self {
            Self::Anonymous => None,
            Self::Known(claims) => Some(Sender {
                nickname: claims.subject.nickname.clone(),
                id: Some(claims.subject.user),
            }),
        }
    }
}

impl Refusal {
    /// The end of the connection.
    pub(crate) fn close(&self) -> Close {
        Close::new(self.code, self.message)
    }
}

impl Doorkeeper {
    /// Lets in according to `mode` whoever's token passes `verifier` and is not revoked.
    pub(crate) fn new(mode: AuthMode, verifier: Verifier, revocations: Arc<Revocations>) -> Self {
        Self {
            mode,
            verifier: Arc::new(verifier),
            revocations,
        }
    }

    /// Decides about a CONNECT by its headers `Authorization` and `passcode`.
    ///
    /// Where guests are let in, a passcode that has not the form of a token is a habit of STOMP
    /// clients and not a claim to be anybody.
    pub(crate) fn admit(
        &self,
        authorization: Option<&str>,
        passcode: Option<&str>,
        now: Now,
    ) -> Result<Speaker, Refusal> {
        let token = match (authorization, passcode) {
            (Some(authorization), _) => Some(bearer(authorization).ok_or(NO_BEARER)?),
            (None, Some(passcode)) if self.mode == AuthMode::Required || has_dots(passcode) => {
                Some(passcode)
            }
            (None, _) => None,
        };
        match (token, self.mode) {
            (Some(token), _) => self.identify(token, now).map(Speaker::Known),
            (None, AuthMode::Optional) => Ok(Speaker::Anonymous),
            (None, AuthMode::Required) => Err(NO_TOKEN),
        }
    }

    /// Says whom a token is about, now.
    pub(crate) fn identify(&self, token: &str, now: Now) -> Result<Claims, Refusal> {
        let claims = match self.verifier.verify(token, now.time) {
            Ok(claims) => claims,
            Err(VerifyError::Expired) => return Err(EXPIRED),
            Err(error) => {
                tracing::info!(target: "audit", %error, "a token is not accepted");
                return Err(BAD_TOKEN);
            }
        };
        match self.revocations.standing(&claims, now.instant) {
            Standing::Good => Ok(claims),
            Standing::Revoked => Err(REVOKED),
            Standing::Unknown => Err(UNCHECKED),
        }
    }
}

/// Both clocks at one moment: the one of tokens and the one of timers.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    /// The time that tokens speak of.
    pub(crate) time: OffsetDateTime,
    /// The time that timers speak of.
    pub(crate) instant: Instant,
}

impl Now {
    /// When a token runs out, by the clock of timers.
    pub(crate) fn deadline(self, claims: &Claims) -> Instant {
        let left = (claims.expires_at - self.time).unsigned_abs();
        if claims.expires_at > self.time {
            self.instant + left
        } else {
            self.instant
        }
    }
}

/// RFC 6750, section 2.1; the scheme is case-insensitive (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

fn has_dots(passcode: &str) -> bool {
    passcode.bytes().filter(|byte| *byte == b'.').count() == 2
}

const NO_TOKEN: Refusal = Refusal {
    message: "not authenticated",
    detail: "Send an access token in the CONNECT header Authorization, as Bearer <token>, or as \
             passcode.",
    code: 4001,
};

const NO_BEARER: Refusal = Refusal {
    message: "not authenticated",
    detail: "The CONNECT header Authorization takes Bearer <access token>.",
    code: 4001,
};

const BAD_TOKEN: Refusal = Refusal {
    message: "not authenticated",
    detail: "The access token is not good here; log in for a new one.",
    code: 4001,
};

const EXPIRED: Refusal = Refusal {
    message: "token expired",
    detail: "The access token has expired; refresh it and connect again.",
    code: 4002,
};

/// What a connection is told whose session was ended.
pub(crate) const REVOKED: Refusal = Refusal {
    message: "session revoked",
    detail: "The session of this access token was ended; log in again.",
    code: 4003,
};

/// What a connection is told whose token ran out.
pub(crate) const RAN_OUT: Refusal = EXPIRED;

const UNCHECKED: Refusal = Refusal {
    message: "sessions cannot be checked",
    detail: "Whether the session of this access token was ended cannot be checked at the moment; \
             connect again later.",
    code: 1013,
};

/// What a connection is told whose user has too many.
pub(crate) const TOO_MANY: Refusal = Refusal {
    message: "too many connections",
    detail: "This user has as many connections as one may have; close one and connect again.",
    code: 4012,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found_behind_its_scheme_alone() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("abc"), None);
    }

    #[test]
    fn a_passcode_of_three_parts_claims_to_be_a_token() {
        assert!(has_dots("a.b.c"));
        assert!(!has_dots("guest"));
    }
}
