//! What the index has not taken in yet.

use std::cmp::Reverse;

use chat::{Message, RoomId};

use super::{SearchQuery, Span, messages};
use crate::MessageLog;
use crate::error::ReadError;

/// How many messages of a room are looked at that the index lacks: the newest changes. An index that
/// is further behind, as while it is filled with what was said before it existed, finds the others
/// later.
const TAIL_MAX: i64 = 1_000;

pub(crate) const TAIL: &str = "
SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
FROM (
    SELECT *
    FROM chat_message
    WHERE room_id = $1 AND rev > $2
    ORDER BY rev DESC
    LIMIT $5
) AS m
WHERE seq > $3 AND seq < $4 AND NOT is_deleted
ORDER BY seq DESC";

impl MessageLog {
    /// The messages of a span that are meant among those that the index lacks, newest first.
    pub(super) async fn tail(
        &self,
        room: &RoomId,
        query: &SearchQuery,
        span: Span,
    ) -> Result<Vec<Message>, ReadError> {
        let Some(indexed) = span.lacks_behind else {
            return Ok(Vec::new());
        };
        let rows = self
            .read(|| {
                sqlx::query(TAIL)
                    .bind(room.as_str())
                    .bind(indexed)
                    .bind(span.low)
                    .bind(span.high)
                    .bind(TAIL_MAX)
            })
            .await?;
        let mut rows = messages(&rows, room)?;
        rows.retain(|row| query.means(row));
        Ok(rows)
    }
}

/// Puts the tail among what the index found, each message once, the greatest key first.
pub(super) fn merged<K: Ord>(
    found: Vec<Message>,
    mut tail: Vec<Message>,
    key: impl Fn(&Message) -> K,
) -> Vec<Message> {
    if tail.is_empty() {
        return found;
    }
    // The tail was read first: what the index has found since is as new or newer.
    tail.retain(|message| found.iter().all(|other| other.id != message.id));
    tail.extend(found);
    tail.sort_by_key(|message| Reverse(key(message)));
    tail
}
