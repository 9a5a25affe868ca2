//! What a PostgreSQL server's background processes would do: the embedded one has none.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::client::LOCK_WAIT_MAX;
use super::engine;
use super::error::EmbeddedError;
use super::session::{LeaseError, Session};

/// How often to look for something to do.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A checkpoint is due after this much write-ahead log: it bounds the log's size on disk and the
/// time of a recovery.
const CHECKPOINT_WAL_BYTES: i64 = 64 << 20;

/// A checkpoint is due after this time if there was any write-ahead log, as in PostgreSQL
/// (`checkpoint_timeout`).
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5 * 60);

/// How often to look for tables to vacuum, as in PostgreSQL (`autovacuum_naptime`).
const VACUUM_EVERY: Duration = Duration::from_secs(60);

/// What a checkpoint itself writes to the log is not worth another one.
const WAL_BYTES_OF_NOTE: i64 = 8 << 10;

const WAL_POSITION: &str =
    "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint";

/// The tables that autovacuum would vacuum or analyze by its default thresholds, worst first. Each
/// is vacuumed in a turn of its own, so that clients get theirs in between.
const TABLES_TO_VACUUM: &str = "SELECT format('%I.%I', schemaname, relname) \
    FROM pg_catalog.pg_stat_user_tables \
    WHERE n_dead_tup > 50 + 0.2 * n_live_tup \
       OR n_ins_since_vacuum > 1000 + 0.2 * n_live_tup \
       OR n_mod_since_analyze > 50 + 0.1 * n_live_tup \
    ORDER BY n_dead_tup DESC LIMIT 100";

/// Keeps the database small and quick to recover until `stop`.
pub(super) async fn maintain(session: Session, stop: CancellationToken) {
    let mut checkpoints = Checkpoints::default();
    let mut vacuumed_at = Instant::now();
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let mut done = checkpoint_if_due(&session, &mut checkpoints).await;
        if done.is_ok() && vacuumed_at.elapsed() >= VACUUM_EVERY {
            vacuumed_at = Instant::now();
            done = vacuum(&session, &stop).await;
        }
        match done {
            // A client has the session: it will be free at one of the next looks.
            Ok(()) | Err(LeaseError::Busy) => {}
            Err(LeaseError::Gone(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the embedded Postgres could not be maintained");
            }
        }
    }
}

/// Makes a checkpoint in a turn of its own, whatever is due.
///
/// # Errors
/// [`LeaseError`].
async fn checkpoint_if_due(
    session: &Session,
    checkpoints: &mut Checkpoints,
) -> Result<(), LeaseError> {
    let mut lease = session.lease(LOCK_WAIT_MAX).await?;
    let position = wal_position(lease.engine().await?).await?;
    if !checkpoints.is_due(position, Instant::now()) {
        return Ok(());
    }
    lease.exec(engine::simple_query("CHECKPOINT")).await?;
    let position = wal_position(lease.engine().await?).await?;
    checkpoints.note(position, Instant::now());
    Ok(())
}

async fn vacuum(session: &Session, stop: &CancellationToken) -> Result<(), LeaseError> {
    let mut lease = session.lease(LOCK_WAIT_MAX).await?;
    let tables: Vec<String> = lease.engine().await?.column(TABLES_TO_VACUUM).await?;
    drop(lease);
    for table in tables {
        if stop.is_cancelled() {
            return Ok(());
        }
        let mut lease = session.lease(LOCK_WAIT_MAX).await?;
        let statement = format!("VACUUM (ANALYZE) {table}");
        lease.exec(engine::simple_query(&statement)).await?;
    }
    Ok(())
}

async fn wal_position(engine: &engine::Engine) -> Result<i64, EmbeddedError> {
    let found = engine.column(WAL_POSITION).await?;
    Ok(found.first().copied().unwrap_or_default())
}

impl From<EmbeddedError> for LeaseError {
    fn from(error: EmbeddedError) -> Self {
        Self::Gone(error)
    }
}

/// When the last checkpoint was made, in time and in bytes of write-ahead log.
#[derive(Debug, Default)]
struct Checkpoints {
    last: Option<(i64, Instant)>,
}

impl Checkpoints {
    fn is_due(&mut self, position: i64, now: Instant) -> bool {
        let (last_position, last_time) = *self.last.get_or_insert((position, now));
        let written = position - last_position;
        let is_old = now.duration_since(last_time) >= CHECKPOINT_EVERY;
        written >= CHECKPOINT_WAL_BYTES || (is_old && written >= WAL_BYTES_OF_NOTE)
    }

    fn note(&mut self, position: i64, now: Instant) {
        self.last = Some((position, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_due_after_much_log_or_after_a_while_with_some() {
        let mut checkpoints = Checkpoints::default();
        let start = Instant::now();
        let later = start + CHECKPOINT_EVERY;

        assert!(!checkpoints.is_due(1_000, start), "the start is clean");
        assert!(!checkpoints.is_due(1_000 + WAL_BYTES_OF_NOTE, start));
        assert!(!checkpoints.is_due(1_100, later), "nothing happened");
        assert!(checkpoints.is_due(1_000 + WAL_BYTES_OF_NOTE, later));
        assert!(checkpoints.is_due(1_000 + CHECKPOINT_WAL_BYTES, start));

        checkpoints.note(1_000 + CHECKPOINT_WAL_BYTES, later);
        assert!(!checkpoints.is_due(1_001 + CHECKPOINT_WAL_BYTES, later));
    }
}
