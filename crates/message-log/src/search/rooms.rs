//! The same over all of somebody's rooms.

use chat::{Message, MessageId, RoomId, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{SearchQuery, Span, lacks_behind, merged, take, token};
use crate::MessageLog;
use crate::error::ReadError;
use crate::read::row;

/// How many of a user's rooms one answer looks into: those in which something was said last.
pub const SEARCH_ROOMS_MAX: i64 = 200;

/// How many blocks of each, from the newest place on that is asked for.
const BLOCKS_PER_ROOM: usize = 2;

/// How many messages of one block are looked at, so that all of one moment are among them.
const HITS_PER_BLOCK: i64 = 700;

/// What was found in somebody's rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundAcross {
    /// The messages, newest first.
    pub messages: Vec<Message>,
    /// Where to go on; `None` where nothing more was found.
    pub before: Option<MessageId>,
}

const WHEN: &str = "SELECT created_at FROM chat_message WHERE id = $1";

pub(crate) const ROOM_BOUNDS: &str = "
SELECT member.room_id, room.last_seq, progress.rev AS indexed,
    chat_seq_at(member.room_id, $2) AS first_seq, chat_seq_at(member.room_id, $3) AS end_seq
FROM chat_room_member AS member
JOIN chat_room AS room ON room.room_id = member.room_id
LEFT JOIN chat_search_progress AS progress ON progress.room_id = member.room_id
WHERE member.user_id = $1
ORDER BY room.last_created_at DESC
LIMIT $4";

/// As the statement of one room, with the room and its bounds in each probe.
pub(crate) const PROBE_ROOMS: &str = "
SELECT probe.room_id, m.*
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS probe (room_id, block, low, high, nth)
CROSS JOIN LATERAL (
    SELECT found.seq
    FROM (
        SELECT room_id, seq
        FROM chat_message_search
        WHERE tokens @> ($5::int4[])[(probe.nth - 1) * $6 + 1 : probe.nth * $6]
        OFFSET 0
    ) AS found
    WHERE found.room_id = probe.room_id AND found.seq / 4096 = probe.block
        AND found.seq > probe.low AND found.seq < probe.high
    ORDER BY found.seq DESC
    LIMIT $7
) AS hit
CROSS JOIN LATERAL (
    SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
    FROM chat_message
    WHERE room_id = probe.room_id AND seq = hit.seq
    OFFSET 0
) AS m
WHERE NOT m.is_deleted AND ($8::timestamptz IS NULL OR (m.created_at, m.id) < ($8, $9::uuid))
ORDER BY m.created_at DESC, m.id DESC
LIMIT $7";

/// How many changes that the index lacks are looked at in each room.
const TAIL_PER_ROOM: i64 = 100;

pub(crate) const TAILS: &str = "
SELECT lacking.room_id, m.*
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
    AS lacking (room_id, behind, low, high)
CROSS JOIN LATERAL (
    SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
    FROM chat_message
    WHERE room_id = lacking.room_id AND rev > lacking.behind
    ORDER BY rev DESC
    LIMIT $5
) AS m
WHERE m.seq > lacking.low AND m.seq < lacking.high AND NOT m.is_deleted
    AND ($6::timestamptz IS NULL OR (m.created_at, m.id) < ($6, $7::uuid))";

/// The rooms of which the index lacks something.
#[derive(Default)]
struct Lacking {
    rooms: Vec<String>,
    behind: Vec<i64>,
    lows: Vec<i64>,
    highs: Vec<i64>,
}

/// One question to the index.
#[derive(Default)]
struct Probes {
    lacking: Lacking,
    rooms: Vec<String>,
    blocks: Vec<i64>,
    lows: Vec<i64>,
    highs: Vec<i64>,
    tokens: Vec<i32>,
    tokens_per_probe: usize,
}

impl MessageLog {
    /// Finds messages in the rooms that a user is a member of, newest first, behind the message
    /// `before`. Looks into the [`SEARCH_ROOMS_MAX`] rooms in which something was said last, and
    /// in each at some thousand places from there on; what is older is found by searching the room
    /// itself. `None` where the query names neither a sender nor a word of two characters, so that
    /// the index could not help, or where there is no message `before`.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]).
    pub async fn search_rooms(
        &self,
        user: UserId,
        query: &SearchQuery,
        before: Option<MessageId>,
    ) -> Result<Option<FoundAcross>, ReadError> {
        let cursor = match before {
            None => None,
            Some(id) => match self.when(id).await? {
                Some(at) => Some((at, id)),
                None => return Ok(None),
            },
        };
        let Some(probes) = self.probes(user, query, cursor).await? else {
            return Ok(None);
        };
        // Read first, as in one room.
        let mut tail = self.tails(&probes.lacking, query, cursor).await?;
        let probe = sqlx::query(PROBE_ROOMS)
            .bind(&probes.rooms)
            .bind(&probes.blocks)
            .bind(&probes.lows)
            .bind(&probes.highs)
            .bind(&probes.tokens)
            .bind(probes.tokens_per_probe as i64)
            .bind(HITS_PER_BLOCK)
            .bind(cursor.map(|(at, _)| at))
            .bind(cursor.map(|(_, id)| id.0));
        let rows = self.ask(probe).await?;
        let rows = rows.iter().map(message_of_any_room);
        let rows = rows.collect::<Result<_, _>>().map_err(ReadError::from)?;
        let mut messages = Vec::new();
        let mut has_more = take(&mut messages, query, rows);
        if let Some(last) = messages.last().filter(|_| has_more) {
            let last = newness(last);
            tail.retain(|message| newness(message) > last);
        }
        messages = merged(messages, tail, newness);
        if messages.len() > query.limit() {
            messages.truncate(query.limit());
            has_more = true;
        }
        let last = messages.last().map(|message| message.id);
        Ok(Some(FoundAcross {
            before: last.filter(|_| has_more),
            messages,
        }))
    }

    async fn tails(
        &self,
        lacking: &Lacking,
        query: &SearchQuery,
        cursor: Option<(OffsetDateTime, MessageId)>,
    ) -> Result<Vec<Message>, ReadError> {
        if lacking.rooms.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self
            .read(|| {
                sqlx::query(TAILS)
                    .bind(&lacking.rooms)
                    .bind(&lacking.behind)
                    .bind(&lacking.lows)
                    .bind(&lacking.highs)
                    .bind(TAIL_PER_ROOM)
                    .bind(cursor.map(|(at, _)| at))
                    .bind(cursor.map(|(_, id)| id.0))
            })
            .await?;
        let rows = rows.iter().map(message_of_any_room);
        let rows: Vec<_> = rows.collect::<Result<_, _>>().map_err(ReadError::from)?;
        Ok(rows.into_iter().filter(|row| query.means(row)).collect())
    }

    async fn when(&self, id: MessageId) -> Result<Option<OffsetDateTime>, ReadError> {
        let rows = self.read(|| sqlx::query(WHEN).bind(id.0)).await?;
        let at = rows.first().map(|row| row.try_get("created_at"));
        at.transpose().map_err(ReadError::from)
    }

    async fn probes(
        &self,
        user: UserId,
        query: &SearchQuery,
        cursor: Option<(OffsetDateTime, MessageId)>,
    ) -> Result<Option<Probes>, ReadError> {
        // Those of the cursor's own moment are told apart by their ids.
        let behind = cursor.map(|(at, _)| at + Duration::MICROSECOND);
        let end = match (query.to, behind) {
            (Some(to), Some(behind)) => Some(to.min(behind)),
            (to, behind) => to.or(behind),
        };
        let rows = self
            .read(|| {
                sqlx::query(ROOM_BOUNDS)
                    .bind(user.0)
                    .bind(query.from)
                    .bind(end)
                    .bind(SEARCH_ROOMS_MAX)
            })
            .await?;
        let mut probes = Probes::default();
        for row in &rows {
            let (room, span) = bounds(row)?;
            let tokens = query.tokens(&room);
            if tokens.is_empty() {
                return Ok(None);
            }
            probes.add(&room, span, &tokens);
        }
        Ok(Some(probes))
    }
}

impl Probes {
    fn add(&mut self, room: &RoomId, span: Span, tokens: &[i32]) {
        self.tokens_per_probe = tokens.len();
        if let Some(behind) = span.lacks_behind {
            self.lacking.rooms.push(room.as_str().to_owned());
            self.lacking.behind.push(behind);
            self.lacking.lows.push(span.low);
            self.lacking.highs.push(span.high);
        }
        for block in span.blocks_below(span.high, BLOCKS_PER_ROOM) {
            self.rooms.push(room.as_str().to_owned());
            self.blocks.push(block);
            self.lows.push(span.low);
            self.highs.push(span.high);
            let in_block = tokens.iter().map(|token| token::in_block(*token, block));
            self.tokens.extend(in_block);
        }
    }
}

fn bounds(row: &PgRow) -> Result<(RoomId, Span), sqlx::Error> {
    let last_seq: i64 = row.try_get("last_seq")?;
    let (first, end): (Option<i64>, Option<i64>) =
        (row.try_get("first_seq")?, row.try_get("end_seq")?);
    let span = Span {
        low: first.map_or(0, |first| first - 1),
        high: end.unwrap_or(i64::MAX).min(last_seq.saturating_add(1)),
        lacks_behind: lacks_behind(row, last_seq)?,
    };
    Ok((row::room(row)?, span))
}

fn message_of_any_room(row: &PgRow) -> Result<Message, sqlx::Error> {
    row::message(row, &row::room(row)?)
}

fn newness(message: &Message) -> (OffsetDateTime, Uuid) {
    (message.created_at, message.id.0)
}
