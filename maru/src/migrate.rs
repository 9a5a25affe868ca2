//! The tables, made apart from serving: a step of a deployment.

use anyhow::{Context, Result};
use auth::Accounts;
use message_log::MessageLog;

use crate::config::Config;

/// Makes every table in the Postgres that the configuration names, or brings it up to date; does
/// nothing where all is done. Any number of processes may do it at once.
///
/// # Errors
/// One line that says what is missing or went wrong.
pub async fn migrate(config: &Config) -> Result<()> {
    let url = config
        .database_url
        .as_deref()
        .context("DATABASE_URL: is not set; it names the Postgres whose tables are to be made")?;
    let log = MessageLog::connect(url, 1).await.context("DATABASE_URL")?;
    let migrated = log.migrate().await;
    log.close().await;
    migrated.context("the tables of the messages cannot be made")?;
    let accounts = Accounts::open(url, 1).context("DATABASE_URL")?;
    let migrated = accounts.migrate().await;
    accounts.close().await;
    migrated.context("the tables of the accounts cannot be made")
}
