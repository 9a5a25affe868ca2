//! `GET /{roomId}/messages/search`: what was said somewhere in a room, newest first, or in any of
//! one's own.

use axum::Json;
use axum::extract::State;
use chat::{
    ChatMessageReceive, ChatMessagesReceive, MessageId, PageInfo, Problem, ProblemCode, RoomId,
    SearchText, Seq, UserId,
};
use http_edge::{Parameters, ProblemResponse};
use message_log::{BySender, MessageLog, SEARCH_MESSAGES_MAX, SearchQuery};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Known;
use crate::in_room::InRoom;
use crate::rooms::Rooms;
use crate::unread::problem_of;

/// How many messages an answer has where the request says nothing.
const LIMIT_DEFAULT: u32 = 20;

/// Finds what was said in a room, newest first.
#[utoipa::path(
    get,
    path = "/{roomId}/messages/search",
    tag = "history",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("q" = Option<String>, Query, nullable = false, description = "What is said: up to 8 words in 100 characters, each of which occurs."),
        ("sender" = Option<String>, Query, nullable = false, description = "Who says it: a name, or the id of an account."),
        ("from" = Option<String>, Query, nullable = false, description = "Stored then or later (RFC 3339)."),
        ("to" = Option<String>, Query, nullable = false, description = "Stored before then (RFC 3339)."),
        ("limit" = Option<u32>, Query, nullable = false, description = "How many, up to 100; 20 where it is not said."),
        ("before" = Option<i64>, Query, nullable = false, description = "Only what has a smaller number."),
    ),
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "What was found.", body = ChatMessagesReceive),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(crate) async fn search(
    State(log): State<MessageLog>,
    InRoom(room): InRoom,
    parameters: Parameters,
) -> Result<Json<ChatMessagesReceive>, ProblemResponse> {
    let query = search_query(parameters)?;
    let epoch = log.epoch().await.map_err(|error| problem_of(&error))?;
    let found = log.search(&room, &query).await;
    let found = found.map_err(|error| problem_of(&error))?;
    let messages = found.messages.into_iter().map(ChatMessageReceive::from);
    Ok(Json(ChatMessagesReceive {
        messages: messages.collect(),
        page: PageInfo {
            limit: query.limit,
            before: found.before,
            after: None,
            last_seq: found.last_seq,
            epoch,
        },
    }))
}

/// What was found in the caller's rooms.
#[derive(Serialize, ToSchema)]
#[schema(as = FoundAcross)]
pub(crate) struct AcrossJson {
    messages: Vec<ChatMessageReceive>,
    page: AcrossPageJson,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FoundAcrossPage)]
struct AcrossPageJson {
    limit: u32,
    /// What to go on with; `null` where nothing more was found.
    before: Option<MessageId>,
}

/// Finds what was said in the caller's rooms, newest first.
#[utoipa::path(
    get,
    path = "/rooms/messages/search",
    tag = "history",
    params(
        ("q" = Option<String>, Query, nullable = false, description = "What is said: up to 8 words in 100 characters, each of which occurs."),
        ("sender" = Option<String>, Query, nullable = false, description = "Who says it: a name, or the id of an account."),
        ("from" = Option<String>, Query, nullable = false, description = "Stored then or later (RFC 3339)."),
        ("to" = Option<String>, Query, nullable = false, description = "Stored before then (RFC 3339)."),
        ("limit" = Option<u32>, Query, nullable = false, description = "How many, up to 100; 20 where it is not said."),
        ("before" = Option<MessageId>, Query, nullable = false, description = "Only what is older than this message."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "What was found.", body = AcrossJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
    ),
)]
pub(crate) async fn search_rooms(
    State(rooms): State<Rooms>,
    caller: Known,
    mut parameters: Parameters,
) -> Result<Json<AcrossJson>, ProblemResponse> {
    let limit = limit(&mut parameters);
    let before = parameters.parsed("before", "the id of a message", |id: &Uuid| !id.is_nil());
    let query = SearchQuery {
        limit,
        ..wishes(&mut parameters)
    };
    parameters.finish()?;
    let before = before.map(MessageId);
    let found = rooms.log.search_rooms(caller.user(), &query, before).await;
    let found = found.map_err(|error| problem_of(&error))?.ok_or_else(|| {
        Problem::new(
            ProblemCode::InvalidRequest,
            "Over all rooms a search takes a sender, or a word of two characters or more, and goes \
             on before a message that there is.",
        )
        .pointing_at("?q", "is too short, or before names no message")
    })?;
    let messages = found.messages.into_iter().map(ChatMessageReceive::from);
    Ok(Json(AcrossJson {
        messages: messages.collect(),
        page: AcrossPageJson {
            limit,
            before: found.before,
        },
    }))
}

fn limit(parameters: &mut Parameters) -> u32 {
    let limits = format!("a whole number from 1 to {SEARCH_MESSAGES_MAX}");
    let limit = parameters.parsed("limit", &limits, |limit| {
        (1..=SEARCH_MESSAGES_MAX).contains(limit)
    });
    limit.unwrap_or(LIMIT_DEFAULT)
}

fn search_query(mut parameters: Parameters) -> Result<SearchQuery, ProblemResponse> {
    let limit = limit(&mut parameters);
    let before = parameters.parsed("before", "a number of the room, 0 or greater", |n| *n >= 0);
    let wishes = wishes(&mut parameters);
    parameters.finish()?;
    Ok(SearchQuery {
        before: before.map(Seq),
        limit,
        ..wishes
    })
}

/// The parameters that say what is searched for: `q`, `sender`, `from` and `to`.
pub(crate) fn wishes(parameters: &mut Parameters) -> SearchQuery {
    let text = parameters.text("q").map(SearchText::parse);
    let text = match text {
        Some(Err(error)) => {
            parameters.fault("q", error.to_string());
            None
        }
        Some(Ok(text)) => Some(text),
        None => None,
    };
    let sender = parameters
        .text("sender")
        .map(|sender| match Uuid::try_parse(sender) {
            Ok(id) => BySender::Id(UserId(id)),
            Err(_) => BySender::Name(sender.to_owned()),
        });
    let from = time(parameters, "from");
    let to = time(parameters, "to");
    SearchQuery {
        text,
        sender,
        from,
        to,
        ..SearchQuery::default()
    }
}

fn time(parameters: &mut Parameters, name: &str) -> Option<OffsetDateTime> {
    let parsed = OffsetDateTime::parse(parameters.text(name)?, &Rfc3339);
    if parsed.is_err() {
        let expected = "is not a time such as 2026-11-23T12:00:00Z".to_owned();
        parameters.fault(name, expected);
    }
    parsed.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(query: &str) -> Vec<String> {
        let ProblemResponse(problem) =
            search_query(Parameters::of(query)).expect_err("a wrong query");
        let errors = problem.errors().iter();
        errors.map(|error| error.pointer.to_string()).collect()
    }

    #[test]
    fn every_parameter_is_read() {
        let query = "q=%EB%82%B4%EC%9D%BC&sender=Ada&from=2026-11-23T12:00:00Z\
             &to=2026-11-24T12:00:00%2B09:00&limit=5&before=9";
        let query = search_query(Parameters::of(query)).expect("a good query");
        assert_eq!(query.text, Some(SearchText::parse("내일").expect("a text")));
        assert_eq!(query.sender, Some(BySender::Name("Ada".into())));
        assert!(query.from < query.to);
        assert_eq!((query.limit, query.before), (5, Some(Seq(9))));
        let nothing = search_query(Parameters::of("")).expect("all of the room");
        assert_eq!((nothing.limit, nothing.text), (LIMIT_DEFAULT, None));
    }

    #[test]
    fn what_is_wrong_is_named_all_of_it() {
        assert_eq!(
            pointers("q=&from=yesterday&limit=0&before=-1&to=7"),
            ["?limit", "?before", "?q", "?from", "?to"]
        );
        assert_eq!(pointers("q=a&q=b"), ["?q"]);
        let long = "x".repeat(101);
        assert_eq!(pointers(&format!("q={long}")), ["?q"]);
        assert_eq!(pointers("q=a+b+c+d+e+f+g+h+i"), ["?q"]);
    }
}
