//! `GET /rooms`: the caller's rooms.

use axum::Json;
use axum::extract::State;
use chat::RoomId;
use http_edge::{Parameters, ProblemResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::{PageJson, Paging};
use super::{RoomJson, Rooms};
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
    parameters: Parameters,
) -> Result<Json<ListJson>, ProblemResponse> {
    let paging = Paging::of_rooms(parameters)?;
    let Paging { limit, after } = &paging;
    let found = rooms.log.rooms_of(caller.user(), after.as_ref(), *limit);
    let found = found.await.map_err(|error| problem_of(&error))?;
    let page = paging.page(&found, |room| room.id.clone());
    let rooms = found.into_iter().map(RoomJson::from).collect();
    Ok(Json(ListJson { rooms, page }))
}
