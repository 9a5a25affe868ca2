//! `DELETE /rooms/{roomId}/members/{userId}`: removes a member; one's own, to leave.

use axum::extract::State;
use axum::http::StatusCode;
use chat::{ChatOwnRoom, RoomId, UserId};
use http_edge::ProblemResponse;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};

/// Removes a member, or leaves where the member is the caller.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}/members/{userId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The member."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "The user is no member."),
        (status = 400, description = "The path breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
        (status = 409, description = "The user is the room's only owner."),
    ),
)]
pub(super) async fn remove(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    let removed = rooms.log.remove_member(&id, caller.user(), user).await;
    if let Some(access) = removed.map_err(|error| refusal(&error))? {
        rooms.announce(id.clone(), access).await;
        let news = ChatOwnRoom::Left { room_id: id };
        rooms.tell_user(user, news).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
