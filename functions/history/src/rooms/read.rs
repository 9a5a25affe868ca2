//! `PUT /rooms/{roomId}/read`: up to where the caller has read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chat::{ChatRead, Seq};
use fanout::Event;
use http_edge::{JsonBody, ProblemResponse};
use serde::Deserialize;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::InRoom;

#[derive(Deserialize)]
pub(super) struct Wish {
    seq: u64,
}

/// Answers with the place up to which the caller has read by now, which is never an earlier one;
/// the caller's other devices hear of it where it is new.
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
        rooms
            .tell(Arc::new(Event::Read {
                read: event.clone(),
                is_shown: read.is_shown,
            }))
            .await;
    }
    Ok(Json(event))
}
