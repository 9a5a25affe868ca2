//! `GET /rooms/{roomId}`: a room, for its members.

use axum::Json;
use axum::extract::State;
use chat::RoomId;
use http_edge::ProblemResponse;

use super::{RoomJson, Rooms};
use crate::caller::Known;
use crate::in_room::InRoom;
use crate::membership::no_such_room;
use crate::unread::problem_of;

/// Shows a room.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The room.", body = RoomJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn show(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
) -> Result<Json<RoomJson>, ProblemResponse> {
    let room = rooms.log.room(&id, caller.user()).await;
    let room = room.map_err(|error| problem_of(&error))?;
    Ok(Json(room.ok_or_else(no_such_room)?.into()))
}
