//! `GET /{roomId}/messages`: a page of a room's history.

use axum::Json;
use axum::extract::State;
use chat::{ChatMessageReceive, ChatMessagesReceive, PageInfo, RoomId, Seq};
use http_edge::{Parameters, ProblemResponse};
use message_log::{MessageLog, PAGE_MESSAGES_MAX, Page, PageQuery};

use crate::in_room::InRoom;
use crate::unread::problem_of;

/// How many messages a page has where the request says nothing.
const LIMIT_DEFAULT: u32 = 50;

/// Reads a page of what was said in a room, oldest first.
#[utoipa::path(
    get,
    path = "/{roomId}/messages",
    tag = "history",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        (
            "limit" = Option<u32>,
            Query,
            nullable = false,
            minimum = 1,
            maximum = 200,
            description = "How many; 50 where it is not said.",
        ),
        (
            "before" = Option<i64>,
            Query,
            nullable = false,
            minimum = 0,
            description = "Only what has a smaller number, the newest of it.",
        ),
        (
            "after" = Option<i64>,
            Query,
            nullable = false,
            minimum = 0,
            description = "Only what has a greater number, the oldest of it.",
        ),
        (
            "includeDeleted" = Option<bool>,
            Query,
            nullable = false,
            description = "Whether deleted messages are in it, without their content.",
        ),
    ),
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "The page.", body = ChatMessagesReceive),
        (status = 400, description = "The path or a parameter breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 404, description = "There is no such private room, or the caller is no member of it."),
    ),
)]
pub(crate) async fn page(
    State(log): State<MessageLog>,
    InRoom(room): InRoom,
    parameters: Parameters,
) -> Result<Json<ChatMessagesReceive>, ProblemResponse> {
    let query = page_query(parameters)?;
    let page = log
        .page(&room, query)
        .await
        .map_err(|error| problem_of(&error))?;
    let info = page_info(&page, query);
    let messages = page.messages.into_iter().map(ChatMessageReceive::from);
    Ok(Json(ChatMessagesReceive {
        messages: messages.collect(),
        page: info,
    }))
}

fn page_query(mut parameters: Parameters) -> Result<PageQuery, ProblemResponse> {
    let limits = format!("a whole number from 1 to {PAGE_MESSAGES_MAX}");
    let limit = parameters.parsed("limit", &limits, |limit| {
        (1..=PAGE_MESSAGES_MAX).contains(limit)
    });
    let mut seq = |name| {
        let number = parameters.parsed(name, "a number of the room, 0 or greater", |n| *n >= 0);
        number.map(Seq)
    };
    let before = seq("before");
    let after = seq("after");
    let include_deleted = parameters.parsed("includeDeleted", "true or false", |_| true);
    parameters.finish()?;
    Ok(PageQuery {
        limit: limit.unwrap_or(LIMIT_DEFAULT),
        before,
        after,
        include_deleted: include_deleted.unwrap_or_default(),
    })
}

/// Tells how to go on from the page; an empty one is left by the bounds that were asked for.
fn page_info(page: &Page, query: PageQuery) -> PageInfo {
    let first = match page.messages.first() {
        Some(message) => Some(message.seq),
        None => query.after.map(|after| Seq(after.0.saturating_add(1))),
    };
    let last = match page.messages.last() {
        Some(message) => Some(message.seq),
        None => query.before.map(|before| Seq((before.0 - 1).max(0))),
    };
    PageInfo {
        limit: query.limit,
        before: first.filter(|_| page.more_before),
        after: last.filter(|_| page.more_after),
        last_seq: page.last_seq,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> PageQuery {
        page_query(Parameters::of(text)).expect("a good query")
    }

    #[test]
    fn a_query_that_says_nothing_asks_for_the_newest_fifty() {
        let newest = PageQuery {
            limit: 50,
            before: None,
            after: None,
            include_deleted: false,
        };
        assert_eq!(query(""), newest);
        assert_eq!(query("unknown=1&LIMIT=7"), newest);
    }

    #[test]
    fn every_parameter_is_read() {
        assert_eq!(
            query("limit=200&before=9&after=0&includeDeleted=true"),
            PageQuery {
                limit: 200,
                before: Some(Seq(9)),
                after: Some(Seq(0)),
                include_deleted: true,
            }
        );
    }

    #[test]
    fn a_parameter_out_of_its_range_is_named() {
        for wrong in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=1.5",
            "limit=",
            "limit=%00",
            "limit=99999999999999999999",
            "before=-1",
            "before=abc",
            "before=9223372036854775808",
            "after=-1",
            "after=1e3",
            "includeDeleted=1",
            "includeDeleted=TRUE",
            "limit=1&limit=1",
        ] {
            let ProblemResponse(problem) =
                page_query(Parameters::of(wrong)).expect_err("a wrong query");
            let name = wrong.split('=').next().expect("a name");
            assert_eq!(problem.errors().len(), 1, "{wrong}");
            assert_eq!(problem.errors()[0].pointer, format!("?{name}"));
        }
    }

    #[test]
    fn an_empty_page_is_left_by_its_bounds() {
        let empty = Page {
            messages: Vec::new(),
            more_before: true,
            more_after: true,
            last_seq: Seq(9),
        };
        let info = page_info(&empty, query("after=4&before=6"));
        assert_eq!((info.before, info.after), (Some(Seq(5)), Some(Seq(5))));
    }

    #[test]
    fn at_the_ends_of_the_numbers_the_cursors_stay_good_parameters() {
        let empty = Page {
            messages: Vec::new(),
            more_before: true,
            more_after: true,
            last_seq: Seq(9),
        };
        let last = page_info(&empty, query("after=9223372036854775807"));
        assert_eq!(last.before, Some(Seq(i64::MAX)));
        let first = page_info(&empty, query("before=0"));
        assert_eq!(first.after, Some(Seq(0)));
    }
}
