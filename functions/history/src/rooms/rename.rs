//! `PATCH /rooms/{roomId}`: gives a room another name, archives it or opens it again.

use axum::Json;
use axum::extract::State;
use chat::{Problem, ProblemCode, RoomId, RoomName};
use http_edge::{JsonBody, ProblemResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{RoomJson, Rooms, refusal, show};
use crate::caller::Known;
use crate::in_room::InRoom;

#[derive(Deserialize, ToSchema)]
#[schema(as = RoomChange)]
pub(super) struct Change {
    name: Option<RoomName>,
    archived: Option<bool>,
}

/// Gives a room another name, archives it or opens it again.
#[utoipa::path(
    patch,
    path = "/rooms/{roomId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
    ),
    request_body = Change,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The room as it is now.", body = RoomJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn rename(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
    JsonBody(change): JsonBody<Change>,
) -> Result<Json<RoomJson>, ProblemResponse> {
    let Change { name, archived } = change;
    if name.is_none() && archived.is_none() {
        return Err(Problem::new(
            ProblemCode::InvalidRequest,
            "Say what is to change: \"name\", \"archived\", or both.",
        )
        .into());
    }
    let changed = rooms
        .log
        .change_room(&id, caller.user(), name.as_ref(), archived);
    let access = changed.await.map_err(|error| refusal(&error))?;
    rooms.announce(id.clone(), access).await;
    show::show(State(rooms), InRoom(id), caller).await
}
