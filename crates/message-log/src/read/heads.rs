//! Where many rooms stand.

use chat::{Access, Epoch, RoomId, Seq};
use sqlx::Row;

use crate::MessageLog;
use crate::epoch::{ByEpoch, with_epoch};
use crate::error::ReadError;

/// There is a first row, however many of the rooms are known.
macro_rules! look {
    ($epoch:expr) => {
        concat!(
            "WITH epoch AS MATERIALIZED (SELECT ",
            $epoch,
            " AS hash)
SELECT epoch.hash, head.place, head.last_seq, head.access
FROM epoch
LEFT JOIN (
    SELECT asked.place - 1 AS place, room.last_seq, room.access
    FROM unnest($1::text[]) WITH ORDINALITY AS asked (room_id, place)
    JOIN chat_room AS room ON room.room_id = asked.room_id
) AS head ON true
ORDER BY head.place"
        )
    };
}

pub(crate) const LOOK: ByEpoch = with_epoch!(look);

/// Where a room stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its last number.
    pub seq: Seq,
    /// The number of its rules.
    pub access: Access,
}

/// Where rooms stand, and in which epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The database's.
    pub epoch: Epoch,
    /// The rooms, in the order in which they were asked for.
    pub heads: Vec<(RoomId, Head)>,
}

impl MessageLog {
    /// Reads where each of these rooms stands, in their order, by one query. A room that was
    /// never made and in which nothing was ever said is absent.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn look(&self, rooms: &[RoomId]) -> Result<Look, ReadError> {
        let names: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
        let statement = |sql| sqlx::query(sql).bind(&names);
        let (epoch, rows) = self.read_by_epoch(LOOK, statement).await?;
        let heads = rows.iter().filter_map(|row| {
            let head = || {
                let Some(place) = row.try_get::<Option<i64>, _>(1)? else {
                    return Ok(None);
                };
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                let room = rooms.get(place).ok_or(sqlx::Error::RowNotFound)?;
                let head = Head {
                    seq: Seq(row.try_get(2)?),
                    access: Access(row.try_get(3)?),
                };
                Ok(Some((room.clone(), head)))
            };
            head().transpose()
        });
        Ok(Look {
            epoch,
            heads: heads.collect::<Result<_, sqlx::Error>>()?,
        })
    }

    /// The rooms of a [`look`](Self::look).
    ///
    /// # Errors
    /// As there.
    pub async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, ReadError> {
        Ok(self.look(rooms).await?.heads)
    }
}
