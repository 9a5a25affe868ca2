//! Brings the tables up to date.

use std::time::Duration;

use tokio::time::timeout;

use crate::MessageLog;
use crate::error::{Cause, MigrateError};
use crate::pool::Lease;

/// How long the migrations may take, waiting for another instance's included.
const MIGRATION_TIME_MAX: Duration = Duration::from_secs(60);

/// Names the lock under which instances migrate one after the other; any constant will do.
const LOCK: i64 = 0x6d61_7275_6c6f_6731;

impl MessageLog {
    /// Makes the tables, or brings them up to date; does nothing where they are. Any number of
    /// instances may call it at once. Migrations that a newer release has made are left alone, so
    /// that a release can be rolled back.
    ///
    /// # Errors
    /// Nothing was changed: all migrations are one transaction.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let migrated = timeout(MIGRATION_TIME_MAX, async {
            let lease = self.lease().await?;
            migrate_on(lease).await
        });
        match migrated.await {
            Ok(outcome) => outcome.map_err(|error| MigrateError(Cause::told(error.to_string()))),
            Err(_) => Err(MigrateError(Cause::late(
                "the migration",
                MIGRATION_TIME_MAX,
            ))),
        }
    }
}

async fn migrate_on(mut lease: Lease) -> Result<(), sqlx::migrate::MigrateError> {
    let mut migrator = sqlx::migrate!();
    // Others (the accounts) keep their own tables in the same database.
    migrator.dangerous_set_table_name("message_log_migration");
    // The lock that sqlx takes belongs to the session; this one to the transaction, which is all
    // that the embedded Postgres and a transaction-pooling proxy can keep apart.
    migrator.set_locking(false);
    migrator.set_ignore_missing(true);

    let connection = &mut *lease;
    let mut transaction = sqlx::Connection::begin(connection).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    migrator.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    lease.give_back();
    Ok(())
}
