//! `DELETE /rooms/{roomId}/members/{userId}`: removes a member; one's own, to leave.

use axum::extract::State;
use axum::http::StatusCode;
use http_edge::ProblemResponse;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};

pub(super) async fn remove(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    let removed = rooms.log.remove_member(&id, caller.user(), user).await;
    if let Some(access) = removed.map_err(|error| refusal(&error))? {
        rooms.announce(id, access).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
