//! `DELETE /rooms/{roomId}`: ends a room's membership.

use axum::extract::State;
use axum::http::StatusCode;
use chat::RoomId;
use http_edge::ProblemResponse;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::InRoom;

/// Closes a room: nobody is a member any more.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "The room is closed."),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
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
