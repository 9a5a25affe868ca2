//! `GET /rooms/{roomId}`: a room, for its members.

use axum::Json;
use axum::extract::State;
use http_edge::ProblemResponse;

use super::{RoomJson, Rooms};
use crate::caller::Known;
use crate::in_room::InRoom;
use crate::membership::no_such_room;
use crate::unread::problem_of;

pub(super) async fn show(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
) -> Result<Json<RoomJson>, ProblemResponse> {
    let room = rooms.log.room(&id, caller.user()).await;
    let room = room.map_err(|error| problem_of(&error))?;
    Ok(Json(room.ok_or_else(no_such_room)?.into()))
}
