//! The room, and the user, that a path names.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use chat::{Problem, ProblemCode, RoomId, UserId};
use http_edge::ProblemResponse;
use uuid::Uuid;

/// Extracts the `{roomId}` of the path, percent-decoded.
#[derive(Debug)]
pub(crate) struct InRoom(pub(crate) RoomId);

impl<S: Send + Sync> FromRequestParts<S> for InRoom {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let Some(name) = segment(parts, state, "roomId").await else {
            return Err(no_room("is not valid UTF-8".into()));
        };
        RoomId::parse(&name)
            .map(Self)
            .map_err(|error| no_room(error.to_string()))
    }
}

/// Extracts the `{userId}` of the path.
#[derive(Debug)]
pub(crate) struct OfUser(pub(crate) UserId);

impl<S: Send + Sync> FromRequestParts<S> for OfUser {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let text = segment(parts, state, "userId").await;
        let user = text.and_then(|text| Uuid::try_parse(&text).ok());
        let known = user.filter(|user| !user.is_nil());
        known.map(|user| Self(UserId(user))).ok_or_else(|| {
            Problem::new(
                ProblemCode::InvalidRequest,
                "The path does not name a user.",
            )
            .pointing_at("{userId}", "is no UUID")
            .into()
        })
    }
}

/// A segment of the path by its name, percent-decoded; `None` where the path is not UTF-8.
async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Option<String> {
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
    path.ok()?.0.remove(name)
}

fn no_room(detail: String) -> ProblemResponse {
    Problem::new(
        ProblemCode::InvalidRequest,
        "The path does not name a room.",
    )
    .pointing_at("{roomId}", detail)
    .into()
}
