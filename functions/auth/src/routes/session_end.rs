//! `DELETE /auth/sessions/{id}`: logs out elsewhere.

use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use sessions::SessionId;

use crate::State;
use crate::bearer::Bearer;
use crate::refusal::Refusal;

/// Ends one session of the token's user. Another user's is not found, like one that never was.
pub(crate) async fn end(
    Extract(state): Extract<State>,
    Bearer(claims): Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    const NONE: &str = "You have no such session.";
    let session = SessionId::parse(&id).map_err(|_| Refusal::not_found(NONE))?;
    let user = claims.subject.user;
    if !state.sessions.end(user, session, state.clock.now()).await? {
        return Err(Refusal::not_found(NONE));
    }
    tracing::info!(target: "audit", %user, %session, "logged out from elsewhere");
    Ok(StatusCode::NO_CONTENT)
}
