//! `DELETE /rooms/{roomId}`: ends a room's membership.

use axum::extract::State;
use axum::http::StatusCode;
use http_edge::ProblemResponse;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::InRoom;

pub(super) async fn close(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    let closed = rooms.log.close_room(&id, caller.user()).await;
    let access = closed.map_err(|error| refusal(&error))?;
    rooms.announce(id, access).await;
    Ok(StatusCode::NO_CONTENT)
}
