//! `GET /{roomId}/messages`: a page of a room's history.

pub(crate) mod export;
mod validator;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chat::{ChatMessageReceive, ChatMessagesReceive, Epoch, PageInfo, RoomId, Seq};
use http_edge::{Parameters, ProblemResponse};
use message_log::{MessageLog, PAGE_MESSAGES_MAX, Page, PageQuery, ReadPage, Standing};

use crate::caller::Caller;
use crate::in_room::InRoom;
use crate::membership::must_be_admitted;
use crate::unread::problem_of;
use validator::Validator;

/// How many messages a page has where the request says nothing.
const LIMIT_DEFAULT: u32 = 50;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    query: PageQuery,
    /// The place in the middle.
    around: Option<Seq>,
    /// Which version of the page is meant; that one never changes.
    version: Option<String>,
}

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
            "around" = Option<i64>,
            Query,
            nullable = false,
            minimum = 0,
            description = "The place in the middle; goes without before and after.",
        ),
        (
            "version" = Option<String>,
            Query,
            nullable = false,
            description = "The version of the page, as Content-Location names it.",
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
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, ProblemResponse> {
    let reader = caller.user();
    if reader.is_none() {
        must_be_admitted(&Standing::default(), &room)?;
    }
    let wish = wish(parameters)?;
    let query = wish.query;
    // Asked before the page: where the database is restored in between, what is new goes under the
    // name of what is old, and whoever subscribes with that is told to read anew.
    let epoch = log.epoch().await.map_err(|error| problem_of(&error))?;
    let read = match wish.around {
        Some(place) => log.page_around(reader, &room, place, query).await,
        None => log.page_for(reader, &room, query).await,
    };
    let ReadPage { page, standing } = read.map_err(|error| problem_of(&error))?;
    if reader.is_some() {
        // Of the moment of the page: what was said after a removal is not in it.
        must_be_admitted(&standing, &room)?;
    }
    let info = page_info(&page, query, epoch);
    let validator = Validator::of(&page, epoch);
    let is_settled = page.more_after && page.messages.len() == query.limit as usize;

    let mut response = if validator.is_among(&headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let messages = page.messages.into_iter().map(ChatMessageReceive::from);
        json(&ChatMessagesReceive {
            messages: messages.collect(),
            page: info,
        })
    };
    let told = response.headers_mut();
    told.insert(header::ETAG, validator.tag());
    let links = Links {
        path: uri.path(),
        query,
    };
    if let Some(links) = links.around(info) {
        told.insert(header::LINK, links);
    }
    if is_settled {
        // A page that is full and has newer ones behind it changes only where a message of it is
        // changed, and is then another version.
        let versioned = links.version(&wish, &validator);
        told.insert(header::CONTENT_LOCATION, versioned);
        let is_meant = wish.version.as_deref() == Some(validator.version());
        let kept = if is_meant { FOR_EVER } else { ASKED_AGAIN };
        told.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        told.append(
            header::VARY,
            HeaderValue::from_static(header::AUTHORIZATION.as_str()),
        );
    }
    Ok(response)
}

/// The page as JSON, in a buffer that it mostly fits into.
fn json(page: &ChatMessagesReceive) -> Response {
    let said: usize = page.messages.iter().map(|one| one.content.len()).sum();
    let mut bytes = Vec::with_capacity(said + (page.messages.len() + 1) * MESSAGE_JSON_BYTES);
    serde_json::to_writer(&mut bytes, page).expect("a page holds only texts and numbers");
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], bytes).into_response()
}

/// About how long a message is as JSON beside its content, in bytes.
const MESSAGE_JSON_BYTES: usize = 384;

/// RFC 8246: what is at this URL stays as it is.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

/// Kept, and used when the server says that it still holds (RFC 9111, section 5.2.2.4).
const ASKED_AGAIN: &str = "private, no-cache";

/// Where to go on from a page.
struct Links<'a> {
    path: &'a str,
    query: PageQuery,
}

impl Links<'_> {
    /// `Link` (RFC 8288): `prev` is what is older, `next` what is newer.
    fn around(&self, info: PageInfo) -> Option<HeaderValue> {
        let prev = info.before.map(|before| ("prev", "before", before));
        let next = info.after.map(|after| ("next", "after", after));
        let links: Vec<String> = [prev, next]
            .into_iter()
            .flatten()
            .map(|(rel, bound, seq)| {
                let url = self.url(&format!("&{bound}={seq}"));
                format!("<{url}>; rel=\"{rel}\"")
            })
            .collect();
        HeaderValue::try_from(links.join(", "))
            .ok()
            .filter(|links| !links.is_empty())
    }

    /// The URL under which this very version of the page is found.
    fn version(&self, wish: &Wish, validator: &Validator) -> HeaderValue {
        let bounds = [
            ("around", wish.around),
            ("before", self.query.before),
            ("after", self.query.after),
        ];
        let mut tail = String::new();
        for (name, seq) in bounds {
            if let Some(seq) = seq {
                tail += &format!("&{name}={seq}");
            }
        }
        let url = self.url(&format!("{tail}&version={}", validator.version()));
        HeaderValue::try_from(url).expect("a path as it came, and numbers")
    }

    fn url(&self, tail: &str) -> String {
        let deleted = if self.query.include_deleted {
            "&includeDeleted=true"
        } else {
            ""
        };
        format!("{}?limit={}{deleted}{tail}", self.path, self.query.limit)
    }
}

fn wish(mut parameters: Parameters) -> Result<Wish, ProblemResponse> {
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
    let around = seq("around");
    let include_deleted = parameters.parsed("includeDeleted", "true or false", |_| true);
    let version = parameters.text("version").map(str::to_owned);
    if around.is_some() && (before.is_some() || after.is_some()) {
        parameters.fault("around", "goes without before and after".to_owned());
    }
    parameters.finish()?;
    Ok(Wish {
        query: PageQuery {
            limit: limit.unwrap_or(LIMIT_DEFAULT),
            before,
            after,
            include_deleted: include_deleted.unwrap_or_default(),
        },
        around,
        version,
    })
}

/// Tells how to go on from the page; an empty one is left by the bounds that were asked for.
fn page_info(page: &Page, query: PageQuery, epoch: Epoch) -> PageInfo {
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
        epoch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> PageQuery {
        wish(Parameters::of(text)).expect("a good query").query
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
            "around=x",
            "around=7&before=9",
        ] {
            let ProblemResponse(problem) = wish(Parameters::of(wrong)).expect_err("a wrong query");
            let name = wrong.split('=').next().expect("a name");
            assert_eq!(problem.errors().len(), 1, "{wrong}");
            assert_eq!(problem.errors()[0].pointer, format!("?{name}"));
        }
    }

    #[test]
    fn links_lead_to_what_is_older_and_newer() {
        let links = Links {
            path: "/%EB%A7%88/messages",
            query: query("limit=3&includeDeleted=true"),
        };
        let info = |before, after| PageInfo {
            limit: 3,
            before,
            after,
            last_seq: Seq(9),
            epoch: Epoch::of_hash(7),
        };
        let both = links.around(info(Some(Seq(4)), Some(Seq(6))));
        let url = "/%EB%A7%88/messages?limit=3&includeDeleted=true";
        assert_eq!(
            both.expect("two links"),
            format!("<{url}&before=4>; rel=\"prev\", <{url}&after=6>; rel=\"next\"")
        );
        assert_eq!(links.around(info(None, None)), None);
    }

    #[test]
    fn an_empty_page_is_left_by_its_bounds() {
        let empty = Page {
            messages: Vec::new(),
            more_before: true,
            more_after: true,
            last_seq: Seq(9),
        };
        let info = page_info(&empty, query("after=4&before=6"), Epoch::of_hash(7));
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
        let last = page_info(
            &empty,
            query("after=9223372036854775807"),
            Epoch::of_hash(7),
        );
        assert_eq!(last.before, Some(Seq(i64::MAX)));
        let first = page_info(&empty, query("before=0"), Epoch::of_hash(7));
        assert_eq!(first.after, Some(Seq(0)));
    }
}
