//! The room, the user, the link and the message that a path names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use chat::{MessageId, Problem, ProblemCode, RoomId, UserId};
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
        let user = id(parts, state, "userId", "user").await?;
        Ok(Self(UserId(user)))
    }
}

/// Extracts the `{linkId}` of the path.
#[derive(Debug)]
pub(crate) struct OfLink(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for OfLink {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        id(parts, state, "linkId", "link").await.map(Self)
    }
}

/// Extracts the `{messageId}` of the path.
#[derive(Debug)]
pub(crate) struct OfMessage(pub(crate) MessageId);

impl<S: Send + Sync> FromRequestParts<S> for OfMessage {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let message = id(parts, state, "messageId", "message").await?;
        Ok(Self(MessageId(message)))
    }
}

/// A segment of the path that is a UUID.
async fn id<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &'static str,
    what: &str,
) -> Result<Uuid, ProblemResponse> {
    let text = segment(parts, state, name).await;
    let id = text.and_then(|text| Uuid::try_parse(&text).ok());
    id.filter(|id| !id.is_nil()).ok_or_else(|| {
        let detail = format!("The path does not name a {what}.");
        Problem::new(ProblemCode::InvalidRequest, detail)
            .pointing_at(format!("{{{name}}}"), "is no UUID")
            .into()
    })
}

/// A segment of the path by its name, percent-decoded; `None` where the path is not UTF-8.
async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Option<String> {
    let path = RawPathParams::from_request_parts(parts, state).await.ok()?;
    let found = path.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| text.to_owned())
}

fn no_room(detail: String) -> ProblemResponse {
    Problem::new(
        ProblemCode::InvalidRequest,
        "The path does not name a room.",
    )
    .pointing_at("{roomId}", detail)
    .into()
}
