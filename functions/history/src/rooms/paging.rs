//! Lists that go on behind a key: `limit` and `after`.

use chat::{RoomId, UserId};
use http_edge::{Parameters, ProblemResponse};
use message_log::ROOMS_PAGE_MAX;
use serde::Serialize;
use utoipa::ToSchema;

/// How many a page has where the request says nothing.
const LIMIT_DEFAULT: u32 = 50;

/// Which page is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paging<T> {
    /// How many it has at most.
    pub(super) limit: u32,
    /// Whom or what it follows.
    pub(super) after: Option<T>,
}

/// How a list goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct PageJson<T> {
    limit: u32,
    /// What to ask for with `after`; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) after: Option<T>,
}

impl Paging<RoomId> {
    /// Reads the parameters of a list of rooms, which has no others.
    pub(super) fn of_rooms(mut parameters: Parameters) -> Result<Self, ProblemResponse> {
        let limit = limit(&mut parameters);
        let after = parameters.parsed("after", "the id of a room", |text: &String| {
            RoomId::parse(text).is_ok()
        });
        parameters.finish()?;
        let after = after.and_then(|text| RoomId::parse(&text).ok());
        Ok(Self { limit, after })
    }
}

impl Paging<UserId> {
    /// Reads the parameters of a list of people, which has no others.
    pub(super) fn of_people(mut parameters: Parameters) -> Result<Self, ProblemResponse> {
        let limit = limit(&mut parameters);
        let after = parameters.parsed("after", "the id of a user", |_| true);
        parameters.finish()?;
        let after = after.map(UserId);
        Ok(Self { limit, after })
    }
}

impl<T> Paging<T> {
    /// How a list goes on of which this page was `found`; `key` says what the next one follows.
    pub(super) fn page<U>(&self, found: &[U], key: impl Fn(&U) -> T) -> PageJson<T> {
        let last = found.last().filter(|_| found.len() == self.limit as usize);
        PageJson {
            limit: self.limit,
            after: last.map(key),
        }
    }
}

fn limit(parameters: &mut Parameters) -> u32 {
    let range = format!("a whole number from 1 to {ROOMS_PAGE_MAX}");
    let limit = parameters.parsed("limit", &range, |limit| {
        (1..=ROOMS_PAGE_MAX).contains(limit)
    });
    limit.unwrap_or(LIMIT_DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_says_what_the_next_one_follows() {
        let paging = Paging::of_rooms(Parameters::of("limit=2&after=a")).expect("it is good");
        assert_eq!(paging.after.as_ref().map(RoomId::as_str), Some("a"));
        let room = |name: &&str| RoomId::parse(name).expect("a room");
        let page = paging.page(&["b", "c"], room);
        assert_eq!(page.after.as_ref().map(RoomId::as_str), Some("c"));
        assert_eq!(paging.page(&["b"], room).after, None);
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        for wrong in ["limit=0", "limit=201", "after=ada", "after=1&after=2"] {
            let refused = Paging::of_people(Parameters::of(wrong));
            assert!(refused.is_err(), "{wrong}");
        }
    }
}
