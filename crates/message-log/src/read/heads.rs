//! The last numbers of many rooms.

use chat::{RoomId, Seq};
use sqlx::FromRow;

use crate::MessageLog;
use crate::error::ReadError;

pub(crate) const HEADS: &str = "
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
        let rows = self.read(|| sqlx::query(HEADS).bind(&names)).await?;
        rows.iter()
            .map(|row| {
                let (place, last_seq): (i64, i64) = FromRow::from_row(row)?;
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                let room = rooms.get(place).ok_or(sqlx::Error::RowNotFound)?;
                Ok((room.clone(), Seq(last_seq)))
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(ReadError::from)
    }
}
