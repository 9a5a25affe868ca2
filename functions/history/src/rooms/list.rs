//! `GET /rooms`: the caller's rooms.

use axum::Json;
use axum::extract::State;
use chat::RoomId;
use http_edge::{Parameters, ProblemResponse};
use serde::Serialize;

use super::{PageJson, RoomJson, Rooms, limit};
use crate::caller::Known;
use crate::unread::problem_of;

#[derive(Serialize)]
pub(super) struct ListJson {
    rooms: Vec<RoomJson>,
    page: PageJson<RoomId>,
}

pub(super) async fn list(
    State(rooms): State<Rooms>,
    caller: Known,
    mut parameters: Parameters,
) -> Result<Json<ListJson>, ProblemResponse> {
    let limit = limit(&mut parameters);
    let after = parameters.parsed("after", "the id of a room", |text: &String| {
        RoomId::parse(text).is_ok()
    });
    parameters.finish()?;
    let after = after.and_then(|text| RoomId::parse(&text).ok());
    let found = rooms.log.rooms_of(caller.user(), after.as_ref(), limit);
    let found = found.await.map_err(|error| problem_of(&error))?;
    let last = found.last().map(|room| room.id.clone());
    let page = PageJson {
        limit,
        after: last.filter(|_| found.len() == limit as usize),
    };
    let rooms = found.into_iter().map(RoomJson::from).collect();
    Ok(Json(ListJson { rooms, page }))
}
