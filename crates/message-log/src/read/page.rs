//! A page of a room's history.

use chat::{Message, RoomId, Seq};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::row::message;
use crate::MessageLog;
use crate::error::ReadError;

/// The most messages of one page.
pub const PAGE_MESSAGES_MAX: u32 = 200;

/// Which part of a room's history to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// The most messages to read, 1 to [`PAGE_MESSAGES_MAX`]; what is outside is moved inside.
    pub limit: u32,
    /// Only messages before this place.
    pub before: Option<Seq>,
    /// Only messages after this place.
    pub after: Option<Seq>,
    /// Whether deleted messages are part of the page.
    pub include_deleted: bool,
}

/// A part of a room's history, and where it stands in the room, from one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The messages, ascending by seq.
    pub messages: Vec<Message>,
    /// Whether messages stand before the first of the page (or, of an empty one, before its bounds).
    pub more_before: bool,
    /// Whether messages stand after the last of the page (or, of an empty one, after its bounds).
    pub more_after: bool,
    /// The room's last number; 0 for a room in which nothing was ever said.
    pub last_seq: Seq,
}

impl MessageLog {
    /// Reads a page: with `after` alone the oldest messages after it, else the newest before
    /// `before` (and after `after`, where both are given).
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn page(&self, room: &RoomId, query: PageQuery) -> Result<Page, ReadError> {
        let sql = match query {
            PageQuery {
                before: None,
                after: Some(_),
                ..
            } => OLDEST,
            _ => NEWEST,
        };
        // Inside these bounds the statement can count one up and one down.
        let bound = |seq: Seq| seq.0.clamp(0, i64::MAX - 1);
        let after = query.after.map_or(0, bound);
        let before = query.before.map_or(i64::MAX, bound);
        let rows = self
            .read(|| {
                sqlx::query(sql)
                    .bind(room.as_str())
                    .bind(after)
                    .bind(before)
                    .bind(query.include_deleted)
                    .bind(i64::from(query.limit.clamp(1, PAGE_MESSAGES_MAX)))
            })
            .await?;
        page_of(&rows, room).map_err(ReadError::from)
    }
}

impl MessageLog {
    /// Reads the page around a place: the message there, or the last before it, in the middle of
    /// `limit` messages. The bounds of `query` do not count.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]).
    pub async fn page_around(
        &self,
        room: &RoomId,
        place: Seq,
        query: PageQuery,
    ) -> Result<Page, ReadError> {
        let limit = query.limit.clamp(1, PAGE_MESSAGES_MAX);
        let until = PageQuery {
            limit: limit.div_ceil(2),
            before: Some(Seq(place.0.saturating_add(1))),
            after: None,
            ..query
        };
        let mut page = self.page(room, until).await?;
        let rest = limit.saturating_sub(until.limit);
        if rest == 0 {
            return Ok(page);
        }
        // Behind the last that was read, so that the two parts meet however many places are empty.
        let last = page.messages.last().map_or(place, |message| message.seq);
        let behind = PageQuery {
            limit: rest,
            before: None,
            after: Some(last),
            ..query
        };
        let behind = self.page(room, behind).await?;
        page.messages.extend(behind.messages);
        page.more_after = behind.more_after;
        page.last_seq = behind.last_seq;
        Ok(page)
    }
}

fn page_of(rows: &[PgRow], room: &RoomId) -> Result<Page, sqlx::Error> {
    let head = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let is_empty = head.try_get::<Option<i64>, _>("seq")?.is_none();
    Ok(Page {
        more_before: head.try_get("more_before")?,
        more_after: head.try_get("more_after")?,
        last_seq: Seq(head.try_get("room_last_seq")?),
        messages: if is_empty {
            Vec::new()
        } else {
            rows.iter()
                .map(|row| message(row, room))
                .collect::<Result<_, _>>()?
        },
    })
}

/// One page and where it stands, from one snapshot. `$2` and `$3` are the seqs between which it
/// lies, both exclusive; `$4` says whether deleted messages count; `$5` is the limit. There is
/// always a first row: an empty page is one without a message, and stands at its bounds.
///
/// Whether more stands around it is asked for as the nearest message: of an EXISTS the planner
/// hopes that reading the table from its start will soon find one.
macro_rules! page_sql {
    ($order:literal) => {
        concat!(
            r#"
WITH page AS MATERIALIZED (
    SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
    FROM chat_message
    WHERE room_id = $1 AND seq > $2 AND seq < $3 AND ($4 OR NOT is_deleted)
    ORDER BY seq "#,
            $order,
            r#"
    LIMIT $5
),
edge AS (
    SELECT coalesce(min(seq), $2 + 1) AS first_seq, coalesce(max(seq), $3 - 1) AS last_seq
    FROM page
),
around AS MATERIALIZED (
    SELECT
        (
            SELECT m.seq FROM chat_message AS m
            WHERE m.room_id = $1 AND m.seq < edge.first_seq AND ($4 OR NOT m.is_deleted)
            ORDER BY m.seq DESC LIMIT 1
        ) IS NOT NULL AS more_before,
        (
            SELECT m.seq FROM chat_message AS m
            WHERE m.room_id = $1 AND m.seq > edge.last_seq AND ($4 OR NOT m.is_deleted)
            ORDER BY m.seq LIMIT 1
        ) IS NOT NULL AS more_after,
        coalesce((SELECT last_seq FROM chat_room WHERE room_id = $1), 0) AS room_last_seq
    FROM edge
)
SELECT around.*, page.*
FROM around
LEFT JOIN page ON true
ORDER BY page.seq
"#
        )
    };
}

pub(crate) const NEWEST: &str = page_sql!("DESC");
pub(crate) const OLDEST: &str = page_sql!("ASC");
