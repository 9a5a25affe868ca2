//! `GET /{roomId}/messages/export`: a room's history as NDJSON, one message on each line.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chat::{ChatMessageReceive, RoomId, Seq};
use futures_util::stream;
use http_edge::{Parameters, ProblemResponse};
use message_log::{MessageLog, PAGE_MESSAGES_MAX, PageQuery};

use crate::caller::Caller;
use crate::in_room::InRoom;
use crate::membership::must_be_let_in;

/// The most messages of one export; the next goes on behind the last line.
const EXPORT_MESSAGES_MAX: u32 = 1_000_000;

/// The media type of lines of JSON.
const NDJSON: &str = "application/x-ndjson";

/// Streams what was said in a room, a line of JSON for each message.
///
/// Ascending by `seq`: page after page is read as fast as the client takes them, and no
/// connection to Postgres is held in between. A stream that ends in the middle of a line, or whose
/// transfer is broken off, is not all of it.
#[utoipa::path(
    get,
    path = "/{roomId}/messages/export",
    tag = "history",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("limit" = Option<u32>, Query, nullable = false, description = "How many at the most."),
        ("after" = Option<i64>, Query, nullable = false, description = "Only what has a greater number."),
        ("includeDeleted" = Option<bool>, Query, nullable = false, description = "Whether deleted messages are in it, without their content."),
    ),
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "A line for each message.", content_type = "application/x-ndjson", body = String),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(crate) async fn export(
    State(log): State<MessageLog>,
    InRoom(room): InRoom,
    caller: Caller,
    mut parameters: Parameters,
) -> Result<Response, ProblemResponse> {
    let limits = format!("a whole number from 1 to {EXPORT_MESSAGES_MAX}");
    let limit = parameters.parsed("limit", &limits, |limit| {
        (1..=EXPORT_MESSAGES_MAX).contains(limit)
    });
    let after = parameters.parsed("after", "a number of the room, 0 or greater", |n| *n >= 0);
    let include_deleted = parameters.parsed("includeDeleted", "true or false", |_| true);
    parameters.finish()?;
    let export = Export {
        log,
        room,
        caller,
        at: Seq(after.unwrap_or_default()),
        left: limit.unwrap_or(EXPORT_MESSAGES_MAX),
        include_deleted: include_deleted.unwrap_or_default(),
    };
    let lines = stream::try_unfold(export, Export::next);
    let headers = [
        (header::CONTENT_TYPE, NDJSON),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"messages.ndjson\"",
        ),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// How far an export has come.
struct Export {
    log: MessageLog,
    room: RoomId,
    caller: Caller,
    at: Seq,
    left: u32,
    include_deleted: bool,
}

/// The export is broken off; why was logged.
#[derive(Debug)]
struct BrokenOff;

impl Export {
    async fn next(mut self) -> Result<Option<(String, Self)>, BrokenOff> {
        if self.left == 0 {
            return Ok(None);
        }
        let query = PageQuery {
            limit: self.left.min(PAGE_MESSAGES_MAX),
            before: None,
            after: Some(self.at),
            include_deleted: self.include_deleted,
        };
        let page = self.log.page(&self.room, query).await.map_err(|error| {
            tracing::warn!(%error, "an export is broken off");
            BrokenOff
        })?;
        // Asked behind the page: what was said after a removal is not handed out.
        let let_in = must_be_let_in(&self.log, &self.room, &self.caller).await;
        let_in.map_err(|_| BrokenOff)?;
        let Some(last) = page.messages.last().map(|message| message.seq) else {
            return Ok(None);
        };
        self.at = last;
        self.left -= u32::try_from(page.messages.len()).unwrap_or(self.left);
        let lines = page.messages.into_iter().map(|message| {
            let line = ChatMessageReceive::from(message);
            serde_json::to_string(&line).expect("a message holds texts, numbers and times") + "\n"
        });
        Ok(Some((lines.collect(), self)))
    }
}

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the export is broken off")
    }
}

impl std::error::Error for BrokenOff {}
