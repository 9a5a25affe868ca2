//! `PUT /rooms/{roomId}/members/{userId}`: brings somebody in, or gives another role.

use axum::Json;
use axum::extract::State;
use chat::{ChatOwnRoom, Membership, RoomId, RoomRole, UserId};
use http_edge::{JsonBody, ProblemResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};
use crate::unread::problem_of;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewMember)]
pub(super) struct Wish {
    role: RoomRole,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberSet)]
pub(super) struct SetJson {
    user_id: UserId,
    role: RoomRole,
}

/// Brings somebody into a room, or gives a member another role.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/members/{userId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The member."),
    ),
    request_body = Wish,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The user is a member in this role.", body = SetJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
        (status = 409, description = "A room keeps an owner, and has as many members as it may have."),
    ),
)]
pub(super) async fn set(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
    JsonBody(Wish { role }): JsonBody<Wish>,
) -> Result<Json<SetJson>, ProblemResponse> {
    // Into an open room everybody may come by himself, into a private one who is asked.
    if user == caller.user() && role == RoomRole::Member {
        let standing = rooms.log.standing(&id, user).await;
        let standing = standing.map_err(|error| problem_of(&error))?;
        if standing.role.is_none() {
            if id.is_private() {
                let accepted = rooms.log.accept_invitation(&id, user).await;
                if let Some(access) = accepted.map_err(|error| refusal(&error))? {
                    rooms.announce(id.clone(), access).await;
                }
            } else {
                let joined = rooms.log.join_room(&id, user).await;
                joined.map_err(|error| refusal(&error))?;
            }
            let news = ChatOwnRoom::Joined { room_id: id, role };
            rooms.tell_user(user, news).await;
            return Ok(Json(SetJson {
                user_id: user,
                role,
            }));
        }
    }
    let membership = Membership { user, role };
    let set = rooms.log.set_member(&id, caller.user(), membership).await;
    if let Some(access) = set.map_err(|error| refusal(&error))? {
        rooms.announce(id.clone(), access).await;
        let news = ChatOwnRoom::Joined { room_id: id, role };
        rooms.tell_user(user, news).await;
    }
    Ok(Json(SetJson {
        user_id: user,
        role,
    }))
}
