//! Which rooms nobody writes in at the moment.

use std::collections::HashSet;

use chat::RoomId;
use sqlx::FromRow;

use crate::MessageLog;
use crate::error::ReadError;

/// Takes the lock that a batch takes, where it is free, and gives it back at once.
const UNHELD: &str = "
SELECT room_id FROM chat_room
WHERE room_id = ANY ($1::text[])
FOR NO KEY UPDATE SKIP LOCKED";

impl MessageLog {
    /// Tells which of these rooms somebody has spoken in and nobody holds at this moment: a batch
    /// of them would not wait.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn unheld<'a>(&self, rooms: &[&'a RoomId]) -> Result<HashSet<&'a RoomId>, ReadError> {
        let names: Vec<&str> = rooms.iter().map(|room| room.as_str()).collect();
        let rows = self.read(|| sqlx::query(UNHELD).bind(&names)).await?;
        let unheld: HashSet<String> = rows
            .iter()
            .map(|row| Ok(<(String,)>::from_row(row)?.0))
            .collect::<Result<_, sqlx::Error>>()?;
        let rooms = rooms.iter().copied();
        Ok(rooms
            .filter(|room| unheld.contains(room.as_str()))
            .collect())
    }
}
