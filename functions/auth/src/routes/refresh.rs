//! `POST /auth/refresh`: a new access token for the refresh token of the cookie.

use axum::extract::State as Extract;
use axum::http::HeaderMap;
use axum::response::Response;
use sessions::Rotation;

use crate::refusal::Refusal;
use crate::{State, csrf, grant, refresh_cookie};

/// Replaces the refresh token (RFC 9700, section 4.14.2) and issues a new access token with the
/// account as it is now. A refresh token that was replaced earlier ends its session.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    tag = "accounts",
    security(("refreshCookie" = [])),
    responses(
        (
            status = 200,
            description = "A new access token, and a new refresh token in the cookie.",
            body = grant::Grant,
            headers(("Set-Cookie" = String, description = "The next refresh token.")),
        ),
        (status = 401, description = "There is no such session, or it has ended."),
        (status = 403, description = "The page's origin may not do this, or the account is disabled."),
    ),
)]
pub(crate) async fn refresh(
    Extract(state): Extract<State>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    csrf::check(&state.origins, &headers)?;
    let Some(token) = refresh_cookie::brought(&headers) else {
        return Err(Refusal::no_session());
    };
    let now = state.clock.now();
    match state.sessions.rotate(token, now).await? {
        Rotation::Renewed { info, token } => grant::let_in(&state, &info, &token, now).await,
        Rotation::Reused { user, session } => {
            tracing::warn!(target: "audit", %user, %session, "a replaced refresh token came back; the session is ended");
            Err(Refusal::no_session())
        }
        Rotation::Unknown => Err(Refusal::no_session()),
    }
}
