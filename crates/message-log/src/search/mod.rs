//! Finds messages by what is said in them, by whom and when, newest first.
//!
//! The index knows the grams of every message, mixed with the number of the block of places it
//! stands in (`token`). A search asks for one block after the other from the newest on and then
//! looks at the texts themselves, so that one answer costs about the same in a room of any size;
//! where it ends before the room does, it says where to go on.
//!
//! The index follows behind the commits (`follow`); a search reads by itself what it lacks (`tail`), so
//! that it finds what was committed before it.

pub(crate) mod follow;
pub(crate) mod rooms;
pub(crate) mod tail;
mod token;

use std::time::Duration;

use chat::{Message, RoomId, SearchText, Seq, UserId};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::MessageLog;
use crate::append::roll_back;
use crate::error::{Cause, ReadError};
use crate::read::row::message;

pub use follow::{INDEX_ROOMS_MAX, Indexed};
pub use rooms::{FoundAcross, SEARCH_ROOMS_MAX};
use tail::merged;

/// The most messages of one answer.
pub const SEARCH_MESSAGES_MAX: u32 = 100;

/// How many blocks the statements of one answer ask for: few at first, since what is searched for
/// is mostly found there.
const ROUNDS: [usize; 2] = [8, 248];

/// The most tokens that one probe of the index takes, of which one may be the sender's; the texts
/// are looked at in any case, and a long search costs no more than a short one.
const TOKENS_PER_PROBE_MAX: usize = 4;

/// How many messages the statements of one answer look at where the index does not help: few at
/// first, since letters and lone consonants are nearly everywhere.
const SCAN_PAGES: [i64; 3] = [100, 400, 1_000];

/// How many rows the index may bring that turn out not to be meant, in one answer, before it ends.
const STATEMENTS_MAX: usize = 8;

/// What is searched for. All of it has to be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What is said.
    pub text: Option<SearchText>,
    /// Who says it.
    pub sender: Option<BySender>,
    /// It was stored then or later.
    pub from: Option<OffsetDateTime>,
    /// It was stored before then.
    pub to: Option<OffsetDateTime>,
    /// It stands before this place.
    pub before: Option<Seq>,
    /// The most messages to find, 1 to [`SEARCH_MESSAGES_MAX`]; what is outside is moved inside.
    pub limit: u32,
}

/// Whose messages are searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BySender {
    /// Those of an account.
    Id(UserId),
    /// Those of whoever spoke under this name.
    Name(String),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The messages, newest first.
    pub messages: Vec<Message>,
    /// Where to go on: pass it as `before`. `None` where there is nothing more.
    pub before: Option<Seq>,
    /// The room's last number.
    pub last_seq: Seq,
}

pub(crate) const BOUNDS: &str = "
SELECT coalesce((SELECT last_seq FROM chat_room WHERE room_id = $1), 0) AS last_seq,
    (SELECT rev FROM chat_search_progress WHERE room_id = $1) AS indexed,
    chat_seq_at($1, $2) AS first_seq, chat_seq_at($1, $3) AS end_seq";

/// Asks the index once for each block of `$2`, newest first, with the `$4` tokens of `$3` that are
/// its own, and reads the newest `$7` messages found between `$5` and `$6`, both exclusive.
///
/// Each block is a turn of one loop, for what it reads depends on the block: so they come in the
/// order of the blocks, and the loop ends with the last that is wanted. The innermost query names
/// the tokens alone, and the last the place, each behind a fence: the planner, who knows nothing of
/// the tokens, would else hope to meet them soon by reading the room backwards.
pub(crate) const PROBE: &str = "
SELECT m.*
FROM unnest($2::bigint[]) WITH ORDINALITY AS probe (block, nth)
CROSS JOIN LATERAL (
    SELECT found.seq
    FROM (
        SELECT room_id, seq
        FROM chat_message_search
        WHERE tokens @> ($3::int4[])[(probe.nth - 1) * $4 + 1 : probe.nth * $4]
        OFFSET 0
    ) AS found
    WHERE found.room_id = $1 AND found.seq / 4096 = probe.block
        AND found.seq > $5 AND found.seq < $6
    ORDER BY found.seq DESC
    LIMIT $7
) AS hit
CROSS JOIN LATERAL (
    SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
    FROM chat_message
    WHERE room_id = $1 AND seq = hit.seq
    OFFSET 0
) AS m
WHERE NOT m.is_deleted
LIMIT $7";

pub(crate) const SCAN: &str = "
SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
FROM chat_message
WHERE room_id = $1 AND seq > $2 AND seq < $3 AND NOT is_deleted
ORDER BY seq DESC
LIMIT $4";

/// The places that are searched, both ends exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    low: i64,
    high: i64,
    /// The number behind which the index lacks changes of the room, if it does.
    lacks_behind: Option<i64>,
}

/// The planner overrates the probes by far and would compile them first, which takes longer than
/// all of them.
const BEGIN: &str = "
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL jit = off;
SET LOCAL statement_timeout = '2s'";

/// How long one statement may take, waiting for a connection included.
const STATEMENT_TIME_MAX: Duration = Duration::from_secs(3);

impl MessageLog {
    /// Runs a statement that asks the index, and returns its rows.
    async fn ask(
        &self,
        statement: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, ReadError> {
        let asked = async {
            let mut lease = self.lease().await?;
            sqlx::raw_sql(BEGIN).execute(&mut *lease).await?;
            let rows = statement.fetch_all(&mut *lease).await;
            roll_back(lease).await;
            rows
        };
        match timeout(STATEMENT_TIME_MAX, asked).await {
            Ok(outcome) => outcome.map_err(ReadError::from),
            Err(_) => {
                let late = Cause::late("searching", STATEMENT_TIME_MAX);
                Err(ReadError::Unavailable(late))
            }
        }
    }

    /// Finds messages of a room, newest first. Deleted ones are not among them.
    ///
    /// An answer may have fewer messages than it might, or none, and still say where to go on: it
    /// has done its share of work then.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]).
    pub async fn search(&self, room: &RoomId, query: &SearchQuery) -> Result<Found, ReadError> {
        let (span, last_seq) = self.span(room, query).await?;
        let tokens = query.tokens(room);
        if tokens.is_empty() {
            let (messages, before) = self.scan(room, query, span).await?;
            return Ok(Found {
                messages,
                before,
                last_seq,
            });
        }
        // Read first: what comes into the index between the two is then in both, and not in none.
        let mut tail = self.tail(room, query, span).await?;
        let (found, mut before) = self.probe(room, query, &tokens, span).await?;
        // What stands before that comes with the next answer.
        tail.retain(|message| before.is_none_or(|before| message.seq >= before));
        let mut messages = merged(found, tail, |message| message.seq);
        if messages.len() > query.limit() {
            messages.truncate(query.limit());
            before = messages.last().map(|message| message.seq);
        }
        Ok(Found {
            messages,
            before,
            last_seq,
        })
    }

    async fn span(&self, room: &RoomId, query: &SearchQuery) -> Result<(Span, Seq), ReadError> {
        let rows = self
            .read(|| {
                sqlx::query(BOUNDS)
                    .bind(room.as_str())
                    .bind(query.from)
                    .bind(query.to)
            })
            .await?;
        span_of(&rows, query).map_err(ReadError::from)
    }

    async fn probe(
        &self,
        room: &RoomId,
        query: &SearchQuery,
        tokens: &[i32],
        span: Span,
    ) -> Result<(Vec<Message>, Option<Seq>), ReadError> {
        let mut found = Vec::new();
        let mut high = span.high;
        let mut rounds = ROUNDS.into_iter();
        let mut blocks = Vec::new();
        for _ in 0..STATEMENTS_MAX {
            if blocks.is_empty() {
                let Some(round) = rounds.next() else { break };
                blocks = span.blocks_below(high, round);
                if blocks.is_empty() {
                    return Ok((found, None));
                }
            }
            let limit = query.limit().saturating_add(1);
            let rows = self
                .probe_blocks(room, &blocks, tokens, Span { high, ..span }, limit)
                .await?;
            let last = rows.last().map(|row| row.seq.0);
            let is_full = rows.len() == limit;
            if take(&mut found, query, rows) {
                let before = found.last().map(|message| message.seq);
                return Ok((found, before));
            }
            if let Some(last) = last.filter(|_| is_full) {
                // Not all that the index brought was meant; what follows is in the same blocks.
                high = last;
                blocks.retain(|block| block * token::BLOCK_SEQS < high);
            } else {
                high = blocks
                    .last()
                    .map_or(high, |block| block * token::BLOCK_SEQS);
                blocks.clear();
            }
        }
        Ok((found, (high > span.low + 1).then_some(Seq(high))))
    }

    async fn probe_blocks(
        &self,
        room: &RoomId,
        blocks: &[i64],
        tokens: &[i32],
        span: Span,
        limit: usize,
    ) -> Result<Vec<Message>, ReadError> {
        let in_blocks: Vec<i32> = blocks
            .iter()
            .flat_map(|block| tokens.iter().map(|token| token::in_block(*token, *block)))
            .collect();
        let probe = sqlx::query(PROBE)
            .bind(room.as_str())
            .bind(blocks)
            .bind(&in_blocks)
            .bind(tokens.len() as i64)
            .bind(span.low)
            .bind(span.high)
            .bind(limit as i64);
        messages(&self.ask(probe).await?, room)
    }

    /// Looks at the messages themselves, as far as one answer goes.
    async fn scan(
        &self,
        room: &RoomId,
        query: &SearchQuery,
        span: Span,
    ) -> Result<(Vec<Message>, Option<Seq>), ReadError> {
        let mut found = Vec::new();
        let mut high = span.high;
        for page in SCAN_PAGES {
            let rows = self
                .read(|| {
                    sqlx::query(SCAN)
                        .bind(room.as_str())
                        .bind(span.low)
                        .bind(high)
                        .bind(page)
                })
                .await?;
            let rows = messages(&rows, room)?;
            let is_full = rows.len() == page as usize;
            high = rows.last().map_or(high, |row| row.seq.0);
            if take(&mut found, query, rows) {
                let before = found.last().map(|message| message.seq);
                return Ok((found, before));
            }
            if !is_full {
                return Ok((found, None));
            }
        }
        Ok((found, Some(Seq(high))))
    }
}

/// Takes what is meant of what was read. True where there is more than was asked for; what is too
/// much is left out.
fn take(found: &mut Vec<Message>, query: &SearchQuery, rows: Vec<Message>) -> bool {
    for row in rows {
        if !query.means(&row) {
            continue;
        }
        if found.len() == query.limit() {
            return true;
        }
        found.push(row);
    }
    false
}

impl SearchQuery {
    fn limit(&self) -> usize {
        self.limit.clamp(1, SEARCH_MESSAGES_MAX) as usize
    }

    fn tokens(&self, room: &RoomId) -> Vec<i32> {
        let grams = self.text.iter().flat_map(SearchText::grams);
        let all: Vec<i32> = grams.map(|gram| token::of_gram(room, gram)).collect();
        // Of a long search some from everywhere in it.
        let taken = all.len().min(TOKENS_PER_PROBE_MAX - 1);
        let mut tokens: Vec<i32> = (0..taken).map(|nth| all[nth * all.len() / taken]).collect();
        tokens.extend(self.sender.as_ref().map(|sender| match sender {
            BySender::Id(id) => token::of_sender_id(room, *id),
            BySender::Name(name) => token::of_sender(room, name),
        }));
        tokens
    }

    /// Whether a message is what is searched for: tokens are hashes, and not all of the text.
    fn means(&self, message: &Message) -> bool {
        let is_senders = self.sender.as_ref().is_none_or(|sender| match sender {
            BySender::Id(id) => message.sender_id == Some(*id),
            BySender::Name(name) => message.sender == *name,
        });
        let text = self.text.as_ref();
        is_senders && text.is_none_or(|text| text.occurs_in(&message.content))
    }
}

impl Span {
    /// The next blocks below a place, newest first.
    fn blocks_below(self, high: i64, count: usize) -> Vec<i64> {
        let (first, last) = (
            (high - 1) / token::BLOCK_SEQS,
            (self.low + 1) / token::BLOCK_SEQS,
        );
        if high <= self.low + 1 {
            return Vec::new();
        }
        (last..=first).rev().take(count).collect()
    }
}

fn span_of(rows: &[PgRow], query: &SearchQuery) -> Result<(Span, Seq), sqlx::Error> {
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let last_seq: i64 = row.try_get("last_seq")?;
    let (first, end): (Option<i64>, Option<i64>) =
        (row.try_get("first_seq")?, row.try_get("end_seq")?);
    let before = query.before.map_or(i64::MAX, |before| before.0);
    let high = before
        .min(end.unwrap_or(i64::MAX))
        .min(last_seq.saturating_add(1));
    let low = first.map_or(0, |first| first - 1);
    let span = Span {
        low,
        high,
        lacks_behind: lacks_behind(row, last_seq)?,
    };
    Ok((span, Seq(last_seq)))
}

fn lacks_behind(row: &PgRow, last_seq: i64) -> Result<Option<i64>, sqlx::Error> {
    let indexed: Option<i64> = row.try_get("indexed")?;
    // Of a room that has gone back it is not known what of it the index has.
    let indexed = indexed.filter(|indexed| *indexed <= last_seq).unwrap_or(0);
    Ok((indexed < last_seq).then_some(indexed))
}

fn messages(rows: &[PgRow], room: &RoomId) -> Result<Vec<Message>, ReadError> {
    rows.iter()
        .map(|row| message(row, room))
        .collect::<Result<_, _>>()
        .map_err(ReadError::from)
}
