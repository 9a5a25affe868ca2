//! `/{roomId}/messages/{messageId}`: one message, read, edited and deleted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use chat::{ChatMessageReceive, Content, MessageId, Problem, ProblemCode, RoomId, Seq};
use fanout::Event;
use http_edge::{JsonBody, ProblemResponse};
use message_log::{AmendError, Amended, Amendment, AmendmentKind, MessageLog};
use serde::Deserialize;
use trace_context::TraceContext;
use utoipa::{OpenApi, ToSchema};

use crate::caller::Known;
use crate::if_match::IfMatch;
use crate::in_room::{InRoom, OfMessage};
use crate::rooms::Rooms;
use crate::unread::problem_of;

/// The route of a message that is read, for whoever may read its room.
pub(crate) fn reading() -> Router<MessageLog> {
    Router::new().route("/{roomId}/messages/{messageId}", get(read))
}

/// The routes of a message that is changed, whose transaction decides who may.
pub(crate) fn changing(rooms: Rooms) -> Router {
    Router::new()
        .route("/{roomId}/messages/{messageId}", patch(edit).delete(delete))
        .with_state(rooms)
}

/// Reads one message.
#[utoipa::path(
    get,
    path = "/{roomId}/messages/{messageId}",
    tag = "history",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("messageId" = MessageId, Path, description = "The message."),
    ),
    security((), ("bearer" = [])),
    responses(
        (
            status = 200,
            description = "The message.",
            body = ChatMessageReceive,
            headers(("ETag" = String, description = "The message's `rev`, in quotes.")),
        ),
        (status = 400, description = "The path, a header or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 404, description = "There is no such message, or no such room for the caller."),
        (status = 410, description = "The message is deleted."),
    ),
)]
async fn read(
    State(log): State<MessageLog>,
    InRoom(room): InRoom,
    OfMessage(id): OfMessage,
) -> Result<Response, ProblemResponse> {
    let found = log.message(&room, id).await;
    let message = found.map_err(|error| problem_of(&error))?;
    let message = message.ok_or_else(|| AmendError::NoMessage.problem())?;
    if message.deleted {
        return Err(AmendError::Deleted.problem().into());
    }
    Ok(tagged(message.rev, Json(ChatMessageReceive::from(message))))
}

/// The routes of a message, written down.
#[derive(OpenApi)]
#[openapi(paths(read, edit, delete))]
pub(crate) struct Written;

#[derive(Deserialize, ToSchema)]
#[schema(as = MessageEdit)]
struct Edit {
    content: String,
}

/// Edits a message: its sender, or a moderator of the room.
///
/// Answers 200 with the message as it is now. Which version is meant has to be said, so that
/// nobody overwrites what he has not seen (RFC 6585, section 3).
#[utoipa::path(
    patch,
    path = "/{roomId}/messages/{messageId}",
    tag = "history",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("messageId" = MessageId, Path, description = "The message."),
        ("If-Match" = String, Header, description = "The `rev` that is meant, in quotes, or `*`."),
    ),
    request_body = Edit,
    security(("bearer" = [])),
    responses(
        (
            status = 200,
            description = "The message as it is now.",
            body = ChatMessageReceive,
            headers(("ETag" = String, description = "The message's `rev`, in quotes.")),
        ),
        (status = 400, description = "The path, a header or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The message is somebody else's."),
        (status = 404, description = "There is no such message, or no such room for the caller."),
        (status = 409, description = "Nothing is changed in the room any more."),
        (status = 410, description = "The message is deleted."),
        (status = 412, description = "The message has changed since that version."),
        (status = 428, description = "There is no `If-Match`."),
    ),
)]
async fn edit(
    State(rooms): State<Rooms>,
    InRoom(room): InRoom,
    OfMessage(id): OfMessage,
    caller: Known,
    only_if: Option<IfMatch>,
    trace: Option<Extension<TraceContext>>,
    JsonBody(Edit { content }): JsonBody<Edit>,
) -> Result<Response, ProblemResponse> {
    let IfMatch(only_if) = only_if.ok_or_else(no_condition)?;
    let content = Content::parse(&content).map_err(|error| {
        Problem::new(ProblemCode::InvalidRequest, "The message breaks a rule.")
            .pointing_at("/content", error.to_string())
    })?;
    let amendment = Amendment {
        room,
        id,
        by: caller.actor(),
        kind: AmendmentKind::Edit(content),
        only_if,
    };
    let message = amend(&rooms, &amendment, trace).await?.message;
    Ok(tagged(message.rev, Json(ChatMessageReceive::from(message))))
}

/// Deletes a message: its sender, or a moderator of the room.
///
/// Answers 204, also where the message was deleted before.
#[utoipa::path(
    delete,
    path = "/{roomId}/messages/{messageId}",
    tag = "history",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("messageId" = MessageId, Path, description = "The message."),
        (
            "If-Match" = Option<String>,
            Header,
            nullable = false,
            description = "The `rev` that is meant, in quotes; any where it is left out.",
        ),
    ),
    security(("bearer" = [])),
    responses(
        (
            status = 204,
            description = "The message is deleted.",
            headers(("ETag" = String, description = "The message's `rev`, in quotes.")),
        ),
        (status = 400, description = "The path, a header or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The message is somebody else's."),
        (status = 404, description = "There is no such message, or no such room for the caller."),
        (status = 409, description = "Nothing is changed in the room any more."),
        (status = 412, description = "The message has changed since that version."),
    ),
)]
async fn delete(
    State(rooms): State<Rooms>,
    InRoom(room): InRoom,
    OfMessage(id): OfMessage,
    caller: Known,
    only_if: Option<IfMatch>,
    trace: Option<Extension<TraceContext>>,
) -> Result<Response, ProblemResponse> {
    let amendment = Amendment {
        room,
        id,
        by: caller.actor(),
        kind: AmendmentKind::Delete,
        only_if: only_if.and_then(|IfMatch(revs)| revs),
    };
    let rev = amend(&rooms, &amendment, trace).await?.message.rev;
    Ok(tagged(rev, StatusCode::NO_CONTENT))
}

async fn amend(
    rooms: &Rooms,
    amendment: &Amendment,
    trace: Option<Extension<TraceContext>>,
) -> Result<Amended, ProblemResponse> {
    let amended = match rooms.log.amend(amendment).await {
        Ok(amended) => amended,
        Err(AmendError::Store(error)) => return Err(problem_of(&error)),
        Err(refused) => return Err(refused.problem().into()),
    };
    // Told once more where it was so before: whoever asked again may have died before it was told.
    let event = Event::Committed {
        message: amended.message.clone().into(),
        access: amended.access,
        trace: trace.map(|Extension(trace)| trace),
    };
    rooms.tell(Arc::new(event)).await;
    Ok(amended)
}

/// Says which version an answer is about (RFC 9110, section 8.8.3).
fn tagged(rev: Seq, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let tag = HeaderValue::try_from(format!("\"{rev}\"")).expect("a number in quotes");
    response.headers_mut().insert(header::ETAG, tag);
    response
}

fn no_condition() -> Problem {
    Problem::new(
        ProblemCode::PreconditionRequired,
        "Say which version is meant to be edited: If-Match: \"<rev>\", with the message's rev.",
    )
}
