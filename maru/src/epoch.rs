//! The epoch of the database, from the side of Postgres.

use anyhow::{Context, Result};
use chat::Epoch;
use message_log::MessageLog;

use crate::config::Config;

/// What is to be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Tell it.
    Show,
    /// Begin another one, and tell that.
    Renew,
}

/// Tells the epoch of the Postgres that the configuration names, once what is asked for is done.
///
/// # Errors
/// There is no such Postgres, or it refuses.
pub async fn epoch(config: &Config, act: Act) -> Result<Epoch> {
    let url = config.database_url.as_deref();
    let url = url.context("DATABASE_URL: is not set; it names the Postgres whose epoch it is")?;
    let log = MessageLog::connect(url, 1).await.context("DATABASE_URL")?;
    let epoch = match act {
        Act::Show => log.epoch().await,
        Act::Renew => log.renew_epoch().await,
    };
    log.close().await;
    epoch.context("the epoch")
}
