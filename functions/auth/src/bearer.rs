//! Whoever brings an access token.

use access_token::Claims;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sessions::SessionId;

use crate::State;
use crate::refusal::Refusal;

/// Extracts what the token of `Authorization: Bearer` says (RFC 6750, section 2.1), where it is
/// good, has not expired, and is not revoked as far as anybody knows.
///
/// While the sessions cannot be reached the signature decides: who is in stays in until the token
/// expires. What needs more than that asks the sessions itself and fails with them.
#[derive(Debug)]
pub(crate) struct Bearer(pub(crate) Claims);

impl FromRequestParts<State> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let token = brought(&parts.headers).ok_or_else(Refusal::no_token)?;
        let claims = state
            .tokens
            .verify(token, state.clock.now())
            .map_err(Refusal::bad_token)?;
        if is_known_to_be_revoked(state, &claims).await {
            return Err(Refusal::revoked_token());
        }
        Ok(Self(claims))
    }
}

/// Whether the token was revoked; `false` while nobody can say.
pub(crate) async fn is_known_to_be_revoked(state: &State, claims: &Claims) -> bool {
    let subject = &claims.subject;
    let session = subject.session().map(SessionId);
    let revoked =
        state
            .sessions
            .is_revoked(subject.user, session, claims.issued_at, state.clock.now());
    revoked.await.unwrap_or(false)
}

/// The token that a request brings.
pub(crate) fn brought(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn brought_by(authorization: &'static str) -> Option<String> {
        let value = HeaderValue::from_static(authorization);
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        brought(&headers).map(str::to_owned)
    }

    #[test]
    fn the_scheme_is_read_without_case() {
        assert_eq!(brought_by("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(brought_by("bearer a.b.c").as_deref(), Some("a.b.c"));
        for other in [
            "",
            "Bearer",
            "Bearer ",
            "Basic a.b.c",
            "a.b.c",
            "Bearera.b.c",
        ] {
            assert_eq!(brought_by(other), None, "{other}");
        }
    }
}
