//! Brings the table up to date.

use std::time::Duration;

use sqlx::Connection;
use tokio::time::timeout;

use super::database::{Database, Lease};
use super::error::{Cause, MigrateError};

/// How long the migrations may take, waiting for another instance's included.
const MIGRATION_TIME_MAX: Duration = Duration::from_secs(60);

/// Names the lock under which instances migrate one after the other; any constant will do that
/// nothing else in the database locks.
const LOCK: i64 = 0x6d61_7275_6175_7468;

pub(super) async fn migrate(database: &Database) -> Result<(), MigrateError> {
    let migrated = timeout(MIGRATION_TIME_MAX, async {
        migrate_on(database.lease().await?).await
    });
    match migrated.await {
        Ok(outcome) => outcome.map_err(|error| MigrateError(Cause::told(error.to_string()))),
        Err(_) => Err(MigrateError(Cause::told(format!(
            "it took longer than {MIGRATION_TIME_MAX:?}"
        )))),
    }
}

async fn migrate_on(mut lease: Lease) -> Result<(), sqlx::migrate::MigrateError> {
    let mut migrator = sqlx::migrate!();
    // The messages keep a list of their own in the same database.
    migrator.dangerous_set_table_name("account_migration");
    // The lock that sqlx would take belongs to the session, which the embedded Postgres and a
    // transaction-pooling proxy share among strangers; this one belongs to the transaction.
    migrator.set_locking(false);
    migrator.set_ignore_missing(true);

    let mut transaction = lease.connection().begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    migrator.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    lease.give_back();
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_migration_makes_an_account() {
        let migrator = sqlx::migrate!();
        let mut migrations = migrator.iter().peekable();
        assert!(migrations.peek().is_some());
        for migration in migrations {
            let sql = migration.sql.as_str().to_lowercase();
            assert!(!sql.contains("insert into account"), "{sql}");
        }
    }
}
