//! The tables, made apart from serving: a step of a deployment.

use std::time::Duration;

use anyhow::{Context, Result};
use auth::Accounts;
use clap::Args;
use message_log::MessageLog;
use sessions::dynamo;
use tokio::time::{self, Instant};

use crate::config::Config;

/// How long it rests before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// What `maru migrate` can be told.
#[derive(Args, Clone, Copy, Debug)]
pub struct Options {
    /// Makes the table of `SESSIONS_TABLE` as well, where that is a DynamoDB of one's own
    #[arg(long)]
    pub create_sessions_table: bool,
    /// For how long it tries again where a backend is not there yet
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub wait_seconds: u16,
}

/// Makes every table in the Postgres that the configuration names, or brings it up to date; does
/// nothing where all is done. Any number of processes may do it at once.
///
/// # Errors
/// One line that says what is missing or went wrong.
pub async fn migrate(config: &Config, options: Options) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(options.wait_seconds.into());
    while let Err(error) = make(config, options.create_sessions_table).await {
        if Instant::now() >= end {
            return Err(error);
        }
        tracing::warn!(
            error = format!("{error:#}"),
            "the tables cannot be made yet"
        );
        time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn make(config: &Config, with_sessions: bool) -> Result<()> {
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
    migrated.context("the tables of the accounts cannot be made")?;
    if with_sessions {
        let table = config
            .sessions_table
            .as_deref()
            .context("SESSIONS_TABLE: is not set; it names the table that is to be made")?;
        let sessions = dynamo::connect(table).await.context("AWS_REGION")?;
        sessions.create_table().await.context("SESSIONS_TABLE")?;
    }
    Ok(())
}
