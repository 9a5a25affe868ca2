//! Fills the index of what is said, behind the commits.
//!
//! The index is a follower of the rooms' logs: of each room it has taken in every change up to one
//! number. Whoever stores a message does not wait for it, messages of before it existed come into it
//! by the same way, and what it has not taken in yet a search reads itself (`tail`).

use chat::{RoomId, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::token::{BLOCK_SEQS, mark_of, tokens_of};
use crate::MessageLog;
use crate::append::{commit, roll_back};
use crate::error::ReadError;
use crate::pool::Lease;
use crate::read::row;
use crate::rooms::ChangeError;
use crate::rooms::change::in_time;

/// The most rooms whose changes are taken in at once.
pub const INDEX_ROOMS_MAX: usize = 64;

/// About how many messages are taken in at once.
const INDEX_BATCH: usize = 1_024;

/// Names the lock of whoever fills the index; any constant will do.
const LOCK: i64 = 0x6d61_7275_7365_6172;

/// What became of filling the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    /// Another instance is at it: what was asked for is left to be asked for again.
    Elsewhere,
    /// This was done.
    Done {
        /// How many messages were taken in.
        messages: u64,
        /// Whether there are more in the same rooms.
        has_more: bool,
    },
}

pub(crate) const BEHIND: &str = "
SELECT room.room_id
FROM chat_room AS room
LEFT JOIN chat_search_progress AS progress ON progress.room_id = room.room_id
WHERE room.room_id > $1 AND room.last_seq <> coalesce(progress.rev, 0)
ORDER BY room.room_id
LIMIT $2";

/// A room that has gone back, as after a restore by hand, is taken in anew.
pub(crate) const MISSING: &str = "
SELECT m.*
FROM unnest($1::text[]) AS behind (room_id)
JOIN chat_room AS room ON room.room_id = behind.room_id
LEFT JOIN chat_search_progress AS progress ON progress.room_id = behind.room_id
CROSS JOIN LATERAL (
    SELECT room_id, seq, rev, sender, sender_id, content, is_deleted
    FROM chat_message
    WHERE room_id = behind.room_id
        AND rev > CASE WHEN progress.rev <= room.last_seq THEN progress.rev ELSE 0 END
    ORDER BY rev
    LIMIT $2
) AS m";

const HIDE: &str = "
DELETE FROM chat_message_search AS found
USING unnest($1::text[], $2::bigint[]) AS deleted (room_id, seq)
WHERE found.room_id = deleted.room_id AND found.seq = deleted.seq";

/// The tokens of all messages stand in one array: Postgres knows no array of arrays of several
/// lengths.
const SHOW: &str = "
INSERT INTO chat_message_search (room_id, seq, tokens)
SELECT room_id, seq, ($3::int4[])[first : last]
FROM unnest($1::text[], $2::bigint[], $4::int4[], $5::int4[]) AS said (room_id, seq, first, last)
ON CONFLICT (room_id, seq) DO UPDATE SET tokens = excluded.tokens
    WHERE chat_message_search.tokens <> excluded.tokens";

const NOTE: &str = "
INSERT INTO chat_search_progress (room_id, rev)
SELECT room_id, rev FROM unnest($1::text[], $2::bigint[]) AS taken (room_id, rev)
ON CONFLICT (room_id) DO UPDATE SET rev = excluded.rev";

const EMPTY_PENDING_LIST: &str = "SELECT gin_clean_pending_list('chat_message_search_tokens')";

/// A message as the index takes it in.
struct Change {
    room: RoomId,
    seq: i64,
    rev: i64,
    /// What it is found by; nothing where it is deleted.
    tokens: Option<Vec<i32>>,
}

impl MessageLog {
    /// Rooms behind `after`, by name, of which the index lacks something: at most
    /// [`INDEX_ROOMS_MAX`].
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]).
    pub async fn rooms_to_index(&self, after: Option<&RoomId>) -> Result<Vec<RoomId>, ReadError> {
        let after = after.map_or("", RoomId::as_str);
        let rows = self
            .read(|| sqlx::query(BEHIND).bind(after).bind(INDEX_ROOMS_MAX as i64))
            .await?;
        // One that was made by hand under a name that nobody can ask for is not searched either.
        Ok(rows
            .iter()
            .filter_map(|found| row::room(found).ok())
            .collect())
    }

    /// Takes the next changes of at most [`INDEX_ROOMS_MAX`] rooms into the index. One instance does
    /// it at a time.
    ///
    /// # Errors
    /// Postgres does not do it; the same may be asked for again.
    pub async fn index_rooms(&self, rooms: &[RoomId]) -> Result<Indexed, ChangeError> {
        let rooms = &rooms[..rooms.len().min(INDEX_ROOMS_MAX)];
        if rooms.is_empty() {
            return Ok(Indexed::Done {
                messages: 0,
                has_more: false,
            });
        }
        in_time(async {
            let mut lease = self.begin().await?;
            if !is_first(&mut lease).await? {
                roll_back(lease).await;
                return Ok(Indexed::Elsewhere);
            }
            let done = index_on(&mut lease, rooms).await?;
            commit(lease).await?;
            let mut lease = self.lease().await?;
            // Left full it costs searches time, and the next time empties it.
            if let Err(error) = sqlx::query(EMPTY_PENDING_LIST).execute(&mut *lease).await {
                tracing::debug!(%error, "the pending list of the index was not emptied");
            }
            lease.give_back();
            Ok(done)
        })
        .await
    }
}

async fn is_first(lease: &mut Lease) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut **lease)
        .await
}

async fn index_on(lease: &mut Lease, rooms: &[RoomId]) -> Result<Indexed, sqlx::Error> {
    let names: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
    let share = INDEX_BATCH / rooms.len();
    let rows = sqlx::query(MISSING)
        .bind(&names)
        .bind(share as i64)
        .fetch_all(&mut **lease)
        .await?;
    let changes: Vec<Change> = rows.iter().map(change).collect::<Result<_, _>>()?;
    let (said, deleted): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| change.tokens.is_some());
    if !deleted.is_empty() {
        sqlx::query(HIDE)
            .bind(rooms_of(&deleted))
            .bind(seqs_of(&deleted))
            .execute(&mut **lease)
            .await?;
    }
    let (mut tokens, mut firsts, mut lasts) = (Vec::<i32>::new(), Vec::new(), Vec::new());
    for change in &said {
        firsts.push(tokens.len() as i32 + 1);
        tokens.extend(change.tokens.iter().flatten());
        lasts.push(tokens.len() as i32);
    }
    sqlx::query(SHOW)
        .bind(rooms_of(&said))
        .bind(seqs_of(&said))
        .bind(tokens)
        .bind(firsts)
        .bind(lasts)
        .execute(&mut **lease)
        .await?;
    let by_room: Vec<&[Change]> = changes
        .chunk_by(|one, next| one.room == next.room)
        .collect();
    // The last of each room, whose changes come in their order.
    let taken: Vec<&Change> = by_room
        .iter()
        .filter_map(|of_room| of_room.last())
        .collect();
    let revs: Vec<i64> = taken.iter().map(|change| change.rev).collect();
    sqlx::query(NOTE)
        .bind(rooms_of(&taken))
        .bind(revs)
        .execute(&mut **lease)
        .await?;
    let has_more = by_room.iter().any(|of_room| of_room.len() == share);
    Ok(Indexed::Done {
        messages: changes.len() as u64,
        has_more,
    })
}

fn rooms_of<'a>(changes: &[&'a Change]) -> Vec<&'a str> {
    changes.iter().map(|change| change.room.as_str()).collect()
}

fn seqs_of(changes: &[&Change]) -> Vec<i64> {
    changes.iter().map(|change| change.seq).collect()
}

fn change(row: &PgRow) -> Result<Change, sqlx::Error> {
    let (room, seq) = (row::room(row)?, row.try_get("seq")?);
    let tokens = if row.try_get("is_deleted")? {
        None
    } else {
        let sender_id: Option<Uuid> = row.try_get("sender_id")?;
        let sender_id = sender_id.map(UserId);
        let (sender, content) = (row.try_get("sender")?, row.try_get("content")?);
        let mut tokens = tokens_of(&room, sender, sender_id, content);
        let mark = mark_of(seq / BLOCK_SEQS);
        tokens.iter_mut().for_each(|token| *token ^= mark);
        Some(tokens)
    };
    Ok(Change {
        seq,
        rev: row.try_get("rev")?,
        tokens,
        room,
    })
}
