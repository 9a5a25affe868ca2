//! A page of a room's history.

use chat::{Message, RoomId, Seq, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::row::message;
use crate::error::ReadError;
use crate::rooms::sanction::standing;
use crate::{MessageLog, Standing};

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

/// What one statement read for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPage {
    /// The page.
    pub page: Page,
    /// What whoever reads is in the room at the moment of the page; nothing where nobody was named.
    pub standing: Standing,
}

impl MessageLog {
    /// Reads a page: with `after` alone the oldest messages after it, else the newest before
    /// `before` (and after `after`, where both are given).
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn page(&self, room: &RoomId, query: PageQuery) -> Result<Page, ReadError> {
        Ok(self.page_for(None, room, query).await?.page)
    }

    /// Reads a [`page`](Self::page) and, from the same moment, what `reader` is in the room: whoever
    /// may read it then may have the page. That of a private room is empty for others, whether there
    /// is such a room or not.
    ///
    /// # Errors
    /// As there.
    pub async fn page_for(
        &self,
        reader: Option<UserId>,
        room: &RoomId,
        query: PageQuery,
    ) -> Result<ReadPage, ReadError> {
        let end = match (query.before, query.after) {
            (None, Some(_)) => End::Oldest,
            _ => End::Newest,
        };
        let limit = query.limit.clamp(1, PAGE_MESSAGES_MAX);
        let after = query.after.map_or(0, |seq| seq.0.max(0));
        let before = query.before.map_or(i64::MAX, |seq| seq.0.max(0));
        let rows = self
            .read(|| {
                sqlx::query(end.sql())
                    .bind(room.as_str())
                    .bind(after)
                    .bind(before)
                    .bind(query.include_deleted)
                    // One more tells whether there is more.
                    .bind(i64::from(limit) + 1)
                    .bind(reader.map(|user| user.0))
                    .bind(reader.is_some() && room.is_private())
            })
            .await?;
        read_page(&rows, room, end, limit as usize).map_err(ReadError::from)
    }

    /// Reads the page around a place: the message there, or the last before it, in the middle of
    /// `limit` messages, and what `reader` is in the room once that is read. The bounds of `query`
    /// do not count.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]).
    pub async fn page_around(
        &self,
        reader: Option<UserId>,
        room: &RoomId,
        place: Seq,
        query: PageQuery,
    ) -> Result<ReadPage, ReadError> {
        let limit = query.limit.clamp(1, PAGE_MESSAGES_MAX);
        let until = PageQuery {
            limit: limit.div_ceil(2),
            before: Some(Seq(place.0.saturating_add(1))),
            after: None,
            ..query
        };
        let mut read = self.page_for(reader, room, until).await?;
        let rest = limit.saturating_sub(until.limit);
        if rest == 0 {
            return Ok(read);
        }
        // Behind the last that was read, so that the two parts meet however many places are empty.
        let last = read.page.messages.last();
        let behind = PageQuery {
            limit: rest,
            before: None,
            after: Some(last.map_or(place, |message| message.seq)),
            ..query
        };
        let behind = self.page_for(reader, room, behind).await?;
        read.page.messages.extend(behind.page.messages);
        read.page.more_after = behind.page.more_after;
        read.page.last_seq = behind.page.last_seq;
        read.standing = behind.standing;
        Ok(read)
    }
}

/// At which end of its bounds a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Oldest,
    Newest,
}

impl End {
    fn sql(self) -> &'static str {
        match self {
            Self::Oldest => OLDEST,
            Self::Newest => NEWEST,
        }
    }
}

fn read_page(
    rows: &[PgRow],
    room: &RoomId,
    end: End,
    limit: usize,
) -> Result<ReadPage, sqlx::Error> {
    let mut messages = Vec::with_capacity(limit);
    let (mut head, mut is_cut) = (None, false);
    for row in rows {
        if row.try_get::<Option<Uuid>, _>(0)?.is_none() {
            head = Some(row);
        } else if messages.len() == limit {
            is_cut = true;
        } else {
            messages.push(message(row, room)?);
        }
    }
    let head = head.ok_or(sqlx::Error::RowNotFound)?;
    if end == End::Newest {
        messages.reverse();
    }
    let is_cut_at = |other| is_cut && end == other;
    let page = Page {
        more_before: is_cut_at(End::Newest) || head.try_get("more_before")?,
        more_after: is_cut_at(End::Oldest) || head.try_get("more_after")?,
        last_seq: Seq(head.try_get("last_seq")?),
        messages,
    };
    let standing = standing(head)?;
    Ok(ReadPage { page, standing })
}

/// One page and where it stands, from one snapshot. `$2` and `$3` are the seqs between which it
/// lies, both exclusive; `$4` says whether deleted messages count; `$5` is the limit; `$6` is who
/// reads, and `$7` says whether he has to be a member. The row without an id is of the room: what lies outside of the bounds, where it
/// stands and what the reader is in it.
///
/// Inside of a SELECT the values are hidden from the planner. It takes a tenth of what a room has for
/// the limit then, and reads the index from an end whatever it thinks of the room's size, where else
/// it might read all of a room to sort it; and its plan for one room costs what its plan for any
/// does, so that it keeps that.
///
/// Whether more stands outside is asked for as the nearest message: of an EXISTS the planner
/// hopes that reading the table from its start will soon find one.
macro_rules! page_sql {
    ($order:literal) => {
        concat!(
            r#"
SELECT page.*,
    NULL::bigint AS last_seq, NULL::boolean AS more_before, NULL::boolean AS more_after,
    NULL::text AS role, NULL::text AS kind, NULL::timestamptz AS until
FROM (
    SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
    FROM chat_message
    WHERE room_id = (SELECT $1) AND seq > (SELECT $2) AND seq < (SELECT $3)
        AND ($4 OR NOT is_deleted)
        AND (
            NOT $7
            OR EXISTS (SELECT FROM chat_room_member WHERE room_id = $1 AND user_id = $6)
        )
    ORDER BY seq "#,
            $order,
            r#"
    LIMIT (SELECT $5)
) AS page
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    coalesce((SELECT last_seq FROM chat_room WHERE room_id = $1), 0),
    CASE WHEN $2 > 0 THEN (
        SELECT m.seq FROM chat_message AS m
        WHERE m.room_id = (SELECT $1) AND m.seq <= (SELECT $2) AND ($4 OR NOT m.is_deleted)
        ORDER BY m.seq DESC LIMIT 1
    ) IS NOT NULL ELSE false END,
    CASE WHEN $3 < 9223372036854775807 THEN (
        SELECT m.seq FROM chat_message AS m
        WHERE m.room_id = (SELECT $1) AND m.seq >= (SELECT $3) AND ($4 OR NOT m.is_deleted)
        ORDER BY m.seq LIMIT 1
    ) IS NOT NULL ELSE false END,
    (SELECT role FROM chat_room_member WHERE room_id = $1 AND user_id = $6),
    sanction.kind, sanction.until
FROM (SELECT) AS one
LEFT JOIN chat_room_sanction_in_force AS sanction
    ON sanction.room_id = $1 AND sanction.user_id = $6
"#
        )
    };
}

pub(crate) const NEWEST: &str = page_sql!("DESC");
pub(crate) const OLDEST: &str = page_sql!("ASC");
