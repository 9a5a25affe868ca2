//! `POST /auth/logout-all`: ends every session of whoever asks.

use axum::extract::State as Extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::bearer::Bearer;
use crate::refusal::Refusal;
use crate::{State, refresh_cookie};

/// Ends every session of the token's user, this one included, and with them all that was issued so
/// far.
#[utoipa::path(
    post,
    path = "/auth/logout-all",
    tag = "accounts",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "No session of the user is left."),
        (status = 401, description = "The access token is not good."),
    ),
)]
pub(crate) async fn log_out_everywhere(
    Extract(state): Extract<State>,
    Bearer(claims): Bearer,
) -> Result<Response, Refusal> {
    let user = claims.subject.user;
    let ended = state.sessions.end_all(user, state.clock.now()).await?;
    tracing::info!(target: "audit", %user, ended, "logged out everywhere");
    let cookie = [(header::SET_COOKIE, refresh_cookie::takes_away())];
    Ok((StatusCode::NO_CONTENT, cookie).into_response())
}
