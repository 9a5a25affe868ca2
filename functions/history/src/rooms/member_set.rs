//! `PUT /rooms/{roomId}/members/{userId}`: brings somebody in, or gives another role.

use axum::Json;
use axum::extract::State;
use chat::{Membership, RoomRole, UserId};
use http_edge::{JsonBody, ProblemResponse};
use serde::{Deserialize, Serialize};

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};

#[derive(Deserialize)]
pub(super) struct Wish {
    role: RoomRole,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetJson {
    user_id: UserId,
    role: RoomRole,
}

pub(super) async fn set(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
    JsonBody(Wish { role }): JsonBody<Wish>,
) -> Result<Json<SetJson>, ProblemResponse> {
    let membership = Membership { user, role };
    let set = rooms.log.set_member(&id, caller.user(), membership).await;
    if let Some(access) = set.map_err(|error| refusal(&error))? {
        rooms.announce(id, access).await;
    }
    Ok(Json(SetJson {
        user_id: user,
        role,
    }))
}
