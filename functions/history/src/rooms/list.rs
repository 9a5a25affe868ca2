//! `GET /rooms`: the caller's rooms.

use axum::Json;
use axum::extract::State;
use chat::RoomId;
use http_edge::{Parameters, ProblemResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{PageJson, RoomJson, Rooms, limit};
use crate::caller::Known;
use crate::unread::problem_of;

#[derive(Serialize, ToSchema)]
#[schema(as = Rooms)]
pub(super) struct ListJson {
    rooms: Vec<RoomJson>,
    #[schema(inline)]
    page: PageJson<RoomId>,
}

/// Lists the rooms that the caller is a member of, by their ids.
#[utoipa::path(
    get,
    path = "/rooms",
    tag = "rooms",
    params(
        (
            "limit" = Option<u32>,
            Query,
            nullable = false,
            minimum = 1,
            maximum = 200,
            description = "How many; 50 where it is not said.",
        ),
        (
            "after" = Option<RoomId>,
            Query,
            nullable = false,
            description = "Only what follows this id.",
        ),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The rooms.", body = ListJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
    ),
)]
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
