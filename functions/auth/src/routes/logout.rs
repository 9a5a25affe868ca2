//! `POST /auth/logout`: ends this session.

use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sessions::SessionId;

use crate::refusal::Refusal;
use crate::{State, bearer, csrf, refresh_cookie};

/// Ends the session that the cookie or the access token belongs to, and takes the cookie away.
/// Where there is no such session, that is how it should be.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "accounts",
    security((), ("bearer" = []), ("refreshCookie" = [])),
    responses(
        (status = 204, description = "There is no such session any more."),
        (status = 403, description = "The page's origin may not do this."),
    ),
)]
pub(crate) async fn log_out(
    Extract(state): Extract<State>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let now = state.clock.now();
    if let Some(token) = refresh_cookie::brought(&headers) {
        csrf::check(&state.origins, &headers)?;
        if let Some((user, session)) = state.sessions.end_by_token(token, now).await? {
            tracing::info!(target: "audit", %user, %session, "logged out");
        }
    }
    let token = bearer::brought(&headers);
    let claims = token.and_then(|token| state.tokens.verify(token, now).ok());
    if let Some(subject) = claims.map(|claims| claims.subject)
        && let Some(session) = subject.session().map(SessionId)
        && state.sessions.end(subject.user, session, now).await?
    {
        tracing::info!(target: "audit", user = %subject.user, %session, "logged out");
    }
    let cookie = [(header::SET_COOKIE, refresh_cookie::takes_away())];
    Ok((StatusCode::NO_CONTENT, cookie).into_response())
}
