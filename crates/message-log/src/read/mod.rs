//! Reads the log: a page of history, the changes after a number, the rooms' last numbers.

pub(crate) mod changes;
mod durability;
pub(crate) mod heads;
pub(crate) mod page;
pub(crate) mod row;
mod unheld;

pub use changes::CHANGES_MAX;
pub use durability::Durability;
pub use heads::{Head, Look};
pub use page::{PAGE_MESSAGES_MAX, Page, PageQuery, ReadPage};

use std::time::Duration;

use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use tokio::time::timeout;

use crate::MessageLog;
use crate::error::{Cause, ReadError, is_lost};

/// How long reading may take, waiting for a connection included.
const READ_TIME_MAX: Duration = Duration::from_secs(2);

/// How often a read is tried whose connection broke: an idle one may have been dead for long.
const ATTEMPTS_MAX: u32 = 2;

impl MessageLog {
    /// Runs one read-only statement, made anew for each attempt, and returns its rows.
    pub(crate) async fn read<'q>(
        &self,
        statement: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, ReadError> {
        let attempts = async {
            let mut attempt = 1;
            loop {
                let mut lease = self.lease().await?;
                match statement().fetch_all(&mut *lease).await {
                    Err(error) if is_lost(&error) && attempt < ATTEMPTS_MAX => attempt += 1,
                    Err(error) if is_lost(&error) => return Err(error),
                    answered => {
                        lease.give_back();
                        return answered;
                    }
                }
            }
        };
        match timeout(READ_TIME_MAX, attempts).await {
            Ok(outcome) => outcome.map_err(ReadError::from),
            Err(_) => Err(ReadError::Unavailable(Cause::late(
                "reading",
                READ_TIME_MAX,
            ))),
        }
    }
}
