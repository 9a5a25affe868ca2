//! `GET /{roomId}/messages/export`: a room's history as NDJSON, one message on each line.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chat::{ChatMessageReceive, RoomId, Seq};
use futures_util::stream;
use http_edge::{Parameters, ProblemResponse};
use message_log::{MessageLog, PAGE_MESSAGES_MAX, PageQuery};
use tokio::time::Instant;

use crate::caller::Caller;
use crate::in_room::InRoom;
use crate::membership::must_be_let_in;
use crate::unread::problem_of;

/// The most messages of one export; the next goes on behind the last line.
const EXPORT_MESSAGES_MAX: u32 = 1_000_000;

/// How long is read into an export that is handed over whole: half of what a request may take.
const WHOLE_TIME_MAX: Duration = Duration::from_secs(5);

/// The media type of lines of JSON.
const NDJSON: &str = "application/x-ndjson";

/// What exports are made with.
#[derive(Clone)]
pub(crate) struct Exports {
    log: MessageLog,
    bytes_max: Option<usize>,
}

/// The route. Where `bytes_max` is told, an export has no more and is handed over whole.
pub(crate) fn route<S: Clone + Send + Sync + 'static>(
    log: MessageLog,
    bytes_max: Option<usize>,
) -> Router<S> {
    Router::new()
        .route("/{roomId}/messages/export", get(export))
        .with_state(Exports { log, bytes_max })
}

/// Streams what was said in a room, a line of JSON for each message.
///
/// Ascending by `seq`: page after page is read as fast as the client takes them, and no
/// connection to Postgres is held in between. A stream that ends in the middle of a line, or whose
/// transfer is broken off, is not all of it. Where answers have a size, as those of a Lambda, an
/// export ends with a line before it, and `Link` leads to the rest.
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
        (
            status = 200,
            description = "A line for each message.",
            content_type = "application/x-ndjson",
            body = String,
            headers(("Link" = Option<String>, description = "`next` is the rest, where the answer was too small for it.")),
        ),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(crate) async fn export(
    State(Exports { log, bytes_max }): State<Exports>,
    InRoom(room): InRoom,
    caller: Caller,
    uri: Uri,
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
    let headers = [
        (header::CONTENT_TYPE, NDJSON),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"messages.ndjson\"",
        ),
    ];
    let Some(bytes_max) = bytes_max else {
        let lines = stream::try_unfold(export, Export::next);
        return Ok((headers, Body::from_stream(lines)).into_response());
    };
    let (lines, rest) = export.whole(bytes_max).await?;
    let mut response = (headers, lines).into_response();
    if let Some(rest) = rest {
        let link = HeaderValue::try_from(rest.link(uri.path()));
        let link = link.expect("a path as it came, and numbers");
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
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

/// A message as it is handed out.
struct Line {
    seq: Seq,
    text: String,
}

/// The export is broken off; why was logged.
#[derive(Debug)]
struct BrokenOff;

impl Export {
    /// The next part of a stream.
    async fn next(mut self) -> Result<Option<(String, Self)>, BrokenOff> {
        let lines = self.lines().await.map_err(|_| BrokenOff)?;
        let text: String = lines.iter().map(|line| line.text.as_str()).collect();
        if let Some(last) = lines.last() {
            self.passes(last.seq, lines.len());
        }
        Ok(Some((text, self)).filter(|(text, _)| !text.is_empty()))
    }

    /// All lines that there is room and time for, and what is left of the export.
    async fn whole(mut self, bytes_max: usize) -> Result<(String, Option<Self>), ProblemResponse> {
        let end = Instant::now() + WHOLE_TIME_MAX;
        let mut text = String::new();
        loop {
            let lines = self.lines().await?;
            if lines.is_empty() {
                return Ok((text, None));
            }
            for line in lines {
                if text.len() + line.text.len() > bytes_max && !text.is_empty() {
                    return Ok((text, Some(self)));
                }
                text += &line.text;
                self.passes(line.seq, 1);
            }
            if Instant::now() >= end {
                return Ok((text, Some(self).filter(|rest| rest.left > 0)));
            }
        }
    }

    /// The lines behind what was handed out, as many as are read at once; none at the end.
    async fn lines(&self) -> Result<Vec<Line>, ProblemResponse> {
        if self.left == 0 {
            return Ok(Vec::new());
        }
        let query = PageQuery {
            limit: self.left.min(PAGE_MESSAGES_MAX),
            before: None,
            after: Some(self.at),
            include_deleted: self.include_deleted,
        };
        let page = self.log.page(&self.room, query).await;
        let page = page.map_err(|error| problem_of(&error))?;
        // Asked behind the page: what was said after a removal is not handed out.
        must_be_let_in(&self.log, &self.room, &self.caller).await?;
        let lines = page.messages.into_iter().map(|message| {
            let seq = message.seq;
            let json = serde_json::to_string(&ChatMessageReceive::from(message));
            let text = json.expect("a message holds texts, numbers and times") + "\n";
            Line { seq, text }
        });
        Ok(lines.collect())
    }

    /// Notes that so many lines were handed out, up to that one.
    fn passes(&mut self, seq: Seq, lines: usize) {
        self.at = seq;
        let lines = u32::try_from(lines).unwrap_or(self.left);
        self.left = self.left.saturating_sub(lines);
    }

    /// Where the rest is found (RFC 8288).
    fn link(&self, path: &str) -> String {
        let deleted = if self.include_deleted {
            "&includeDeleted=true"
        } else {
            ""
        };
        let Self { at, left, .. } = self;
        format!("<{path}?after={at}&limit={left}{deleted}>; rel=\"next\"")
    }
}

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the export is broken off")
    }
}

impl std::error::Error for BrokenOff {}
