//! What a client is told when it does not get what it asked for.

use std::borrow::Cow;
use std::time::Duration;

use access_token::{SignError, VerifyError};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chat::{Problem, ProblemCode};
use http_edge::ProblemResponse;
use sessions::Unavailable;

use crate::hashing::Overloaded;
use crate::{AccountsError, refresh_cookie};

/// A problem, and the headers that go with it.
#[derive(Debug)]
pub(crate) struct Refusal {
    problem: Box<Problem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// When to try again where a store does not answer: as soon as the next attempt is worth its cost.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// When to try again where too many passwords wait: they are done by then.
const HASHING_RETRY_AFTER: Duration = Duration::from_secs(2);

/// How a client can prove who it is, where it did not try (RFC 6750, section 3).
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");

/// The same, where its token is of no use (RFC 6750, section 3.1).
const BEARER_INVALID: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");

impl Refusal {
    /// E-mail or password are wrong, and which of them is nobody's business.
    pub(crate) fn wrong_credentials() -> Self {
        Self::of(
            ProblemCode::Unauthenticated,
            "The e-mail or the password is wrong.",
        )
    }

    /// The password was right.
    pub(crate) fn account_disabled() -> Self {
        Self::of(ProblemCode::Forbidden, "This account is disabled.")
    }

    /// An attempt came too early.
    pub(crate) fn too_many_attempts(wait: Duration) -> Self {
        Problem::new(
            ProblemCode::RateLimited,
            "Too many attempts. Wait, then try again.",
        )
        .retry_after(wait)
        .into()
    }

    /// There is no session to be renewed; whatever cookie there was is of no more use.
    pub(crate) fn no_session() -> Self {
        let refusal = Self::of(
            ProblemCode::Unauthenticated,
            "There is no session to renew. Log in.",
        );
        refusal.with_cookie(refresh_cookie::takes_away())
    }

    pub(crate) fn no_token() -> Self {
        let refusal = Self::of(
            ProblemCode::Unauthenticated,
            "Send the access token as Authorization: Bearer <token>.",
        );
        refusal.challenging(BEARER)
    }

    pub(crate) fn bad_token(error: VerifyError) -> Self {
        let detail = match error {
            VerifyError::Expired => "The access token has expired. Refresh it.",
            VerifyError::NotYetValid => "The access token is not valid yet.",
            VerifyError::UnknownKey | VerifyError::Invalid(_) => "The access token is not good.",
        };
        Self::of(ProblemCode::Unauthenticated, detail).challenging(BEARER_INVALID)
    }

    pub(crate) fn revoked_token() -> Self {
        let refusal = Self::of(
            ProblemCode::Unauthenticated,
            "The access token is revoked. Log in.",
        );
        refusal.challenging(BEARER_INVALID)
    }

    /// A guest asks to change a password.
    pub(crate) fn no_password() -> Self {
        Self::of(
            ProblemCode::Forbidden,
            "A guest has no password. Sign up for an account.",
        )
    }

    /// The password is changed, and the sessions that were to end with the old one live on.
    pub(crate) fn others_stay() -> Self {
        store_unavailable(
            "The password is changed, but your other sessions could not be ended. Log out \
             everywhere.",
        )
    }

    pub(crate) fn not_found(detail: &'static str) -> Self {
        Self::of(ProblemCode::NotFound, detail)
    }

    /// A member of the body breaks a rule.
    pub(crate) fn wrong_member(
        pointer: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Problem::new(ProblemCode::InvalidRequest, "The body breaks a rule.")
            .pointing_at(pointer, detail)
            .into()
    }

    /// Sets a cookie although the request was refused.
    pub(crate) fn with_cookie(self, cookie: HeaderValue) -> Self {
        self.with(header::SET_COOKIE, cookie)
    }

    fn of(code: ProblemCode, detail: &'static str) -> Self {
        Problem::new(code, detail).into()
    }

    fn challenging(self, challenge: HeaderValue) -> Self {
        self.with(header::WWW_AUTHENTICATE, challenge)
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            headers: Vec::new(),
        }
    }
}

/// Logs the cause, once, and says nothing of it.
impl From<AccountsError> for Refusal {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Unavailable(cause) => {
                tracing::warn!(%cause, "the accounts cannot be reached");
                store_unavailable("The accounts cannot be reached at the moment. Try again.")
            }
            AccountsError::Failed(cause) => {
                tracing::error!(%cause, "the accounts failed");
                internal()
            }
        }
    }
}

/// The store has logged the cause.
impl From<Unavailable> for Refusal {
    fn from(_: Unavailable) -> Self {
        store_unavailable("The sessions cannot be reached at the moment. Try again.")
    }
}

impl From<Overloaded> for Refusal {
    fn from(_: Overloaded) -> Self {
        tracing::warn!("too many passwords wait to be hashed");
        Problem::new(
            ProblemCode::Overloaded,
            "Too many people log in at the moment. Try again.",
        )
        .retry_after(HASHING_RETRY_AFTER)
        .into()
    }
}

impl From<SignError> for Refusal {
    fn from(error: SignError) -> Self {
        tracing::error!(%error, "no token was issued");
        internal()
    }
}

fn store_unavailable(detail: &'static str) -> Refusal {
    Problem::new(ProblemCode::StoreUnavailable, detail)
        .retry_after(STORE_RETRY_AFTER)
        .into()
}

fn internal() -> Refusal {
    let ProblemResponse(problem) = ProblemResponse::internal();
    problem.into()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = ProblemResponse(*self.problem).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
