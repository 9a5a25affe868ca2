//! `PATCH /rooms/{roomId}`: gives a room another name.

use axum::Json;
use axum::extract::State;
use chat::RoomName;
use http_edge::{JsonBody, ProblemResponse};
use serde::Deserialize;

use super::{RoomJson, Rooms, refusal, show};
use crate::caller::Known;
use crate::in_room::InRoom;

#[derive(Deserialize)]
pub(super) struct Change {
    name: RoomName,
}

pub(super) async fn rename(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
    JsonBody(change): JsonBody<Change>,
) -> Result<Json<RoomJson>, ProblemResponse> {
    let renamed = rooms.log.rename_room(&id, caller.user(), &change.name);
    renamed.await.map_err(|error| refusal(&error))?;
    show::show(State(rooms), InRoom(id), caller).await
}
