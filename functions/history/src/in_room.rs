//! The room that a path names.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use chat::{Problem, ProblemCode, RoomId};
use http_edge::ProblemResponse;

/// Extracts the `{roomId}` of the path, percent-decoded.
#[derive(Debug)]
pub(crate) struct InRoom(pub(crate) RoomId);

impl<S: Send + Sync> FromRequestParts<S> for InRoom {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let path: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        let Ok(Path(name)) = path else {
            return Err(no_room("is not valid UTF-8".into()));
        };
        RoomId::parse(&name)
            .map(Self)
            .map_err(|error| no_room(error.to_string()))
    }
}

fn no_room(detail: String) -> ProblemResponse {
    Problem::new(
        ProblemCode::InvalidRequest,
        "The path does not name a room.",
    )
    .pointing_at("{roomId}", detail)
    .into()
}
