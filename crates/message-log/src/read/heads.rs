//! Where many rooms stand.

use chat::{Access, RoomId, Seq};
use sqlx::FromRow;

use crate::MessageLog;
use crate::error::ReadError;

pub(crate) const HEADS: &str = "
SELECT asked.place - 1, room.last_seq, room.access
FROM unnest($1::text[]) WITH ORDINALITY AS asked (room_id, place)
JOIN chat_room AS room ON room.room_id = asked.room_id
ORDER BY asked.place";

/// Where a room stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its last number.
    pub seq: Seq,
    /// The number of its rules.
    pub access: Access,
}

impl MessageLog {
    /// Reads where each of these rooms stands, in their order, by one query. A room that was
    /// never made and in which nothing was ever said is absent.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, ReadError> {
        let names: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
        let rows = self.read(|| sqlx::query(HEADS).bind(&names)).await?;
        rows.iter()
            .map(|row| {
                let (place, seq, access): (i64, i64, i64) = FromRow::from_row(row)?;
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                let room = rooms.get(place).ok_or(sqlx::Error::RowNotFound)?;
                let head = Head {
                    seq: Seq(seq),
                    access: Access(access),
                };
                Ok((room.clone(), head))
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(ReadError::from)
    }
}
