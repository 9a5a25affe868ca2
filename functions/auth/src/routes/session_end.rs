//! `DELETE /auth/sessions/{id}`: logs out elsewhere.

use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use serde::Deserialize;
use sessions::SessionId;

use crate::State;
use crate::bearer::Bearer;
use crate::refusal::Refusal;

/// The session that the path names; what routes to this router may have captured more of the path.
#[derive(Deserialize)]
pub(crate) struct Named {
    id: String,
}

/// Ends one session of the token's user. Another user's is not found, like one that never was.
#[utoipa::path(
    delete,
    path = "/auth/sessions/{id}",
    tag = "accounts",
    params(("id" = uuid::Uuid, Path, description = "The session.")),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "The session has ended, and what speaks under it."),
        (status = 401, description = "The access token is not good."),
        (status = 404, description = "The user has no such session."),
    ),
)]
pub(crate) async fn end(
    Extract(state): Extract<State>,
    Bearer(claims): Bearer,
    Path(Named { id }): Path<Named>,
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
