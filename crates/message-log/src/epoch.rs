//! Which history of the database the rooms' numbers belong to.
//!
//! It is a hash of what changes where a history may have forked: the cluster's own identifier
//! (another cluster was filled from a dump), its timeline (a replica was promoted, or a backup
//! recovered up to a moment), the database and its tables (they were made anew and filled), and a
//! value that an operator can renew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chat::Epoch;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};
use tokio::time::Instant;

use crate::MessageLog;
use crate::error::ReadError;

/// For how long an epoch that was read is taken for that of now.
const EPOCH_TRUSTED_MAX: Duration = Duration::from_secs(1);

/// An epoch as a number, made of `$cluster`, which tells what is known of the cluster, and of what
/// every role may know.
macro_rules! epoch_sql {
    ($cluster:literal) => {
        concat!(
            "('x' || left(encode(sha256(convert_to(concat_ws('.',
                (SELECT concat(value, '.', tableoid) FROM chat_epoch),
                (SELECT oid FROM pg_database WHERE datname = current_database()),
                to_regclass('chat_room')::oid,
                to_regclass('chat_message')::oid,
                ",
            $cluster,
            "
            ), 'UTF8')), 'hex'), 16))::bit(64)::bigint"
        )
    };
}

/// Hands `$statement` the epoch with the cluster's identifier and timeline in it, and without them.
///
/// The timeline is in the name of the WAL file that is written to: the checkpoint's own, which is
/// all that a replica has, follows a promotion with a delay.
macro_rules! with_epoch {
    ($statement:ident) => {
        $crate::epoch::ByEpoch {
            whole: $statement!($crate::epoch::epoch_sql!(
                "(SELECT system_identifier FROM pg_control_system()),
                CASE WHEN pg_is_in_recovery()
                    THEN (SELECT upper(lpad(to_hex(timeline_id), 8, '0')) FROM pg_control_checkpoint())
                    ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8)
                END"
            )),
            partial: $statement!($crate::epoch::epoch_sql!("'of a cluster'")),
        }
    };
}

pub(crate) use {epoch_sql, with_epoch};

/// A statement that reads the epoch as well.
#[derive(Clone, Copy)]
pub(crate) struct ByEpoch {
    /// What is asked.
    pub(crate) whole: &'static str,
    /// What is asked where the role may not know the cluster.
    pub(crate) partial: &'static str,
}

macro_rules! epoch_alone {
    ($epoch:expr) => {
        concat!("SELECT ", $epoch)
    };
}

const EPOCH: ByEpoch = with_epoch!(epoch_alone);

/// What the handles to one log know of its epoch together.
#[derive(Debug, Default)]
pub(crate) struct EpochState {
    /// Whether Postgres refuses to tell its identifier and timeline.
    is_partial: AtomicBool,
    last: Mutex<Option<(Instant, Epoch)>>,
}

impl EpochState {
    fn last(&self) -> Option<Epoch> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(read, _)| read.elapsed() < EPOCH_TRUSTED_MAX)
            .map(|(_, epoch)| epoch)
    }

    fn set(&self, asked: Instant, epoch: Epoch) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|(read, _)| read < asked) {
            *last = Some((asked, epoch));
        }
    }
}

impl MessageLog {
    /// The epoch as it was a second ago or later. Whatever is read from the log afterwards is of
    /// that epoch or of a newer one.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn epoch(&self) -> Result<Epoch, ReadError> {
        if let Some(epoch) = self.epoch.last() {
            return Ok(epoch);
        }
        let (epoch, _) = self.read_by_epoch(EPOCH, sqlx::query).await?;
        Ok(epoch)
    }

    /// Begins another epoch: clients whose position is from before read the history anew.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]).
    pub async fn renew_epoch(&self) -> Result<Epoch, ReadError> {
        let renewed = "
            INSERT INTO chat_epoch (value) VALUES (gen_random_uuid())
            ON CONFLICT (only_one) DO UPDATE SET value = excluded.value";
        self.read(|| sqlx::query(renewed)).await?;
        let (epoch, _) = self.read_by_epoch(EPOCH, sqlx::query).await?;
        Ok(epoch)
    }

    /// Runs a statement whose first column is the epoch, and which has a row at least.
    pub(crate) async fn read_by_epoch<'q>(
        &self,
        sql: ByEpoch,
        statement: impl Fn(&'static str) -> Query<'q, Postgres, PgArguments>,
    ) -> Result<(Epoch, Vec<PgRow>), ReadError> {
        let asked = Instant::now();
        let is_partial = self.epoch.is_partial.load(Ordering::Relaxed);
        let whole = if is_partial { sql.partial } else { sql.whole };
        let rows = match self.read(|| statement(whole)).await {
            Err(ReadError::Failed(cause)) if !is_partial && cause.is_denied() => {
                let rows = self.read(|| statement(sql.partial)).await?;
                if !self.epoch.is_partial.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        %cause,
                        "Postgres does not tell its identifier and timeline; a promoted replica is \
                         told apart by the rooms' numbers and by `maru epoch renew` alone"
                    );
                }
                rows
            }
            answered => answered?,
        };
        let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let epoch = Epoch::of_hash(first.try_get(0)?);
        self.epoch.set(asked, epoch);
        Ok((epoch, rows))
    }
}
