//! `GET /auth/sessions`: where the token's user is logged in.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State as Extract;
use serde::Serialize;
use sessions::{SessionId, SessionInfo};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::bearer::Bearer;
use crate::refusal::Refusal;

#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    sessions: Vec<Session>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Session {
    id: Uuid,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    last_used_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    expires_at: OffsetDateTime,
    #[schema(required = true)]
    user_agent: Option<String>,
    #[schema(required = true, value_type = Option<String>)]
    address: Option<IpAddr>,
    /// Whether it is the one that asks.
    current: bool,
}

/// Lists the user's sessions, last used first; a guest has none.
#[utoipa::path(
    get,
    path = "/auth/sessions",
    tag = "accounts",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Where the user is logged in.", body = SessionList),
        (status = 401, description = "The access token is not good."),
    ),
)]
pub(crate) async fn list(
    Extract(state): Extract<State>,
    Bearer(claims): Bearer,
) -> Result<Json<SessionList>, Refusal> {
    let current = claims.subject.session().map(SessionId);
    let infos = state
        .sessions
        .list(claims.subject.user, state.clock.now())
        .await?;
    let sessions = infos
        .into_iter()
        .map(|info| Session::new(info, current))
        .collect();
    Ok(Json(SessionList { sessions }))
}

impl Session {
    fn new(info: SessionInfo, current: Option<SessionId>) -> Self {
        Self {
            id: info.id.0,
            created_at: info.created_at,
            last_used_at: info.last_used_at,
            expires_at: info.expires_at,
            user_agent: info.user_agent,
            address: info.address,
            current: Some(info.id) == current,
        }
    }
}
