//! Whoever calls.

use std::convert::Infallible;

use access_token::{Claims, Holder, Role};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chat::UserId;
use message_log::Actor;

use crate::entrance::Refusal;

/// Extracts who calls, as the entrance found out; nobody where no token was brought and none is
/// required.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Option<Claims>);

/// Extracts a caller who has to be known.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub(crate) Claims);

impl Caller {
    /// Whose the token is.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.0.as_ref().map(|claims| claims.subject.user)
    }
}

impl Known {
    /// Whose the token is.
    pub(crate) fn user(&self) -> UserId {
        self.0.subject.user
    }

    /// Whoever changes something.
    pub(crate) fn actor(&self) -> Actor {
        let admin = Role::Admin;
        Actor {
            user: self.user(),
            is_admin: matches!(
                self.0.subject.holder,
                Holder::Account { role, .. } if role == admin
            ),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Claims>().cloned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let claims = parts.extensions.get::<Claims>().cloned();
        claims
            .map(Self)
            .ok_or_else(|| Refusal::NoToken.into_response())
    }
}
