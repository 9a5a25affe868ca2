//! The last numbers of many rooms.

use chat::{RoomId, Seq};

use crate::MessageLog;
use crate::error::ReadError;

const HEADS: &str = "
SELECT asked.place - 1, room.last_seq
FROM unnest($1::text[]) WITH ORDINALITY AS asked (room_id, place)
JOIN chat_room AS room ON room.room_id = asked.room_id
ORDER BY asked.place";

impl MessageLog {
    /// Reads the last number of each of these rooms, in their order, by one query. A room in which
    /// nothing was ever said is absent.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Seq)>, ReadError> {
        let names: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
        let heads: Vec<(i64, i64)> = self
            .read(async |connection| {
                sqlx::query_as(HEADS)
                    .bind(&names)
                    .fetch_all(connection)
                    .await
            })
            .await?;
        Ok(heads
            .into_iter()
            .filter_map(|(place, last_seq)| {
                let room = rooms.get(usize::try_from(place).ok()?)?;
                Some((room.clone(), Seq(last_seq)))
            })
            .collect())
    }
}
