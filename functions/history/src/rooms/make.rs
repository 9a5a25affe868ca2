//! `POST /rooms`: makes a room, whose first owner the caller is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::{Problem, ProblemCode, RoomId, RoomName, Visibility};
use http_edge::{JsonBody, ProblemResponse};
use message_log::NewRoom;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{RoomJson, Rooms, refusal};
use crate::caller::Known;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewRoom)]
pub(super) struct Wish {
    #[schema(value_type = Option<RoomId>)]
    room_id: Option<String>,
    name: RoomName,
    visibility: Visibility,
}

/// Makes a room, whose first owner the caller is.
///
/// Answers 201, or 200 to the owner who makes the same room again.
#[utoipa::path(
    post,
    path = "/rooms",
    tag = "rooms",
    request_body = Wish,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "The room is made.", body = RoomJson),
        (status = 200, description = "The caller made it before.", body = RoomJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "A guest makes no rooms."),
        (status = 409, description = "There is such a room, or the caller has as many as one may have."),
    ),
)]
pub(super) async fn make(
    State(rooms): State<Rooms>,
    caller: Known,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<(StatusCode, Json<RoomJson>), ProblemResponse> {
    if caller.0.subject.is_guest() {
        return Err(Problem::new(
            ProblemCode::Forbidden,
            "A guest is not there tomorrow; sign up to make a room.",
        )
        .into());
    }
    let id = match &wish.room_id {
        Some(text) => chosen(text, wish.visibility)?,
        None => RoomId::minted(wish.visibility, Uuid::new_v4()),
    };
    let new = NewRoom {
        id,
        name: wish.name,
        owner: caller.user(),
    };
    let made = rooms.log.make_room(&new).await;
    let made = made.map_err(|error| refusal(&error))?;
    let status = if made.again {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(made.room.into())))
}

/// The id that the caller chose, which has to be one of its kind.
fn chosen(text: &str, visibility: Visibility) -> Result<RoomId, ProblemResponse> {
    let wrong = |detail: String| {
        Problem::new(ProblemCode::InvalidRequest, "The body breaks a rule.")
            .pointing_at("/roomId", detail)
    };
    let id = RoomId::parse(text).map_err(|error| wrong(error.to_string()))?;
    if id.visibility() == visibility {
        return Ok(id);
    }
    let detail = match visibility {
        Visibility::Private => {
            "a private room's id is private-{uuid}; leave it out, and the server mints one"
        }
        Visibility::Open => "private-{uuid} is the id of a private room; choose another",
    };
    Err(wrong(detail.to_owned()).into())
}
