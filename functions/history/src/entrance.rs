//! Who may read: whoever brings a good token, and where tokens are optional, whoever brings none.

use std::sync::Arc;

use access_token::{Claims, Verifier, VerifyError};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chat::{AuthMode, Problem, ProblemCode};
use http_edge::ProblemResponse;
use time::OffsetDateTime;

/// What a request has to pass.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub(crate) mode: AuthMode,
    pub(crate) verifier: Arc<Verifier>,
}

/// Lets a request through, which from then on says who makes it, or refuses it. A token that is brought has to be good in either mode.
pub(crate) async fn check(
    State(entrance): State<Entrance>,
    mut request: Request,
    next: Next,
) -> Response {
    match entrance.admit(request.headers()) {
        Ok(claims) => {
            if let Some(claims) = claims {
                request.extensions_mut().insert(claims);
            }
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

impl Entrance {
    fn admit(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal> {
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            return match self.mode {
                AuthMode::Required => Err(Refusal::NoToken),
                AuthMode::Optional => Ok(None),
            };
        };
        let token = bearer(authorization).ok_or(Refusal::NoToken)?;
        #[expect(clippy::disallowed_methods, reason = "where `now` comes from")]
        let now = OffsetDateTime::now_utc();
        self.verifier
            .verify(token, now)
            .map(Some)
            .map_err(Refusal::BadToken)
    }
}

/// RFC 6750, section 2.1.
fn bearer(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Why a request is refused.
pub(crate) enum Refusal {
    NoToken,
    BadToken(VerifyError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // RFC 6750, section 3: no error code where no token was brought.
        let (detail, challenge) = match self {
            Self::NoToken => (
                "Bring an access token: Authorization: Bearer <token>.",
                "Bearer",
            ),
            Self::BadToken(VerifyError::Expired) => (
                "The access token has expired; refresh it.",
                "Bearer error=\"invalid_token\"",
            ),
            Self::BadToken(_) => (
                "The access token is not good here; log in for a new one.",
                "Bearer error=\"invalid_token\"",
            ),
        };
        let problem = ProblemResponse::from(Problem::new(ProblemCode::Unauthenticated, detail));
        let mut response = problem.into_response();
        let challenge = HeaderValue::from_static(challenge);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
        response
    }
}
