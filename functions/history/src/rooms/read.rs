//! `PUT /rooms/{roomId}/read`: up to where the caller has read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chat::{ChatRead, RoomId, Seq};
use fanout::Event;
use futures_util::future::join;
use http_edge::{JsonBody, ProblemResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::InRoom;

#[derive(Deserialize, ToSchema)]
#[schema(as = ReadWish)]
pub(super) struct Wish {
    seq: u64,
}

/// Notes up to where the caller has read, and answers where he stands, which is never earlier.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/read",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
    ),
    request_body = Wish,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Up to where the caller has read.", body = ChatRead),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn read(
    State(rooms): State<Rooms>,
    InRoom(room_id): InRoom,
    caller: Known,
    JsonBody(Wish { seq }): JsonBody<Wish>,
) -> Result<Json<ChatRead>, ProblemResponse> {
    let seq = Seq(i64::try_from(seq).unwrap_or(i64::MAX));
    let read = rooms.log.read_to(&room_id, caller.user(), seq).await;
    let read = read.map_err(|error| refusal(&error))?;
    let event = ChatRead {
        room_id,
        user_id: caller.user(),
        seq: read.seq,
    };
    if read.is_new {
        let own = rooms.tell(Arc::new(Event::OwnRead(event.clone())));
        if read.is_shown {
            let others = rooms.tell(Arc::new(Event::Read(event.clone())));
            join(own, others).await;
        } else {
            own.await;
        }
    }
    Ok(Json(event))
}
