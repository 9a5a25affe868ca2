//! Whether Postgres keeps what it confirms.

use sqlx::FromRow;

use crate::MessageLog;
use crate::error::ReadError;

const DURABILITY: &str = "
SELECT current_setting('fsync')::boolean, current_setting('synchronous_commit') <> 'off'";

/// The settings of Postgres without which a COMMIT that succeeded may be lost in a crash (its
/// manual, § 20.5 "Write Ahead Log").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durability {
    /// `fsync`: what is written reaches the disk.
    pub fsync: bool,
    /// `synchronous_commit`: a COMMIT waits for that, as far as this connection goes.
    pub synchronous_commit: bool,
}

impl Durability {
    /// Whether a committed message outlives a crash.
    pub fn is_kept(self) -> bool {
        self.fsync && self.synchronous_commit
    }
}

impl MessageLog {
    /// Reads whether Postgres keeps what it confirms; makes sure, too, that it answers.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn durability(&self) -> Result<Durability, ReadError> {
        let rows = self.read(|| sqlx::query(DURABILITY)).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let (fsync, synchronous_commit) = FromRow::from_row(row)?;
        Ok(Durability {
            fsync,
            synchronous_commit,
        })
    }
}
