//! What happened in a room after a number.

use chat::{Message, RoomId, Seq};

use super::row::message;
use crate::MessageLog;
use crate::error::ReadError;

/// The most changes of one answer.
pub const CHANGES_MAX: u32 = 1_000;

pub(crate) const CHANGES: &str = "
SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
FROM chat_message
WHERE room_id = $1 AND rev > $2
ORDER BY rev
LIMIT $3";

impl MessageLog {
    /// Reads the messages whose last change has a number greater than `after_rev`, as they are
    /// now, deleted ones included, ascending by `rev`: at most `limit`, and never more than
    /// [`CHANGES_MAX`].
    ///
    /// Numbers that are missing between two revs belong to messages that were changed again and
    /// come later.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn changes(
        &self,
        room: &RoomId,
        after_rev: Seq,
        limit: u32,
    ) -> Result<Vec<Message>, ReadError> {
        let rows = self
            .read(|| {
                sqlx::query(CHANGES)
                    .bind(room.as_str())
                    .bind(after_rev.0)
                    .bind(i64::from(limit.min(CHANGES_MAX)))
            })
            .await?;
        rows.iter()
            .map(|row| message(row, room))
            .collect::<Result<_, _>>()
            .map_err(ReadError::from)
    }
}
