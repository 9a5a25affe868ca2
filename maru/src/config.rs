//! What the environment says (`.env.example` lists all): the only reader of it in this crate.

use std::env;
use std::path::PathBuf;

use auth::config::TokenSettings;
use settings::{Faults, Logs, Settings};
use socket_tier::config::Rim;

/// The configuration of `maru`.
#[derive(Debug)]
pub struct Config {
    /// What it listens on and whom it lets in.
    pub rim: Rim,
    /// `DATA_DIR`: where the embedded parts keep their data.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`; absent, the embedded Postgres serves.
    pub database_url: Option<String>,
    /// `REDIS_URL`; absent, the fan-out stays within the process.
    pub redis_url: Option<String>,
    /// `SESSIONS_TABLE` in DynamoDB; absent, sessions live as long as the process.
    pub sessions_table: Option<String>,
    /// What begins with `JWT_`; without a key, one is made and kept in `data_dir`.
    pub tokens: TokenSettings,
    /// `WEB_DIR`: a built page; absent, it is built from its sources where these are.
    pub web_dir: Option<PathBuf>,
}

impl Config {
    /// Reads the environment of the process, and what it says about the log.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_env() -> Result<(Self, Logs), Faults> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a config.rs reads the environment"
        )]
        let mut settings = Settings::new(|name| env::var_os(name));
        let rim = Rim::read(&mut settings);
        let data_dir = settings.text("DATA_DIR").unwrap_or_else(|| ".maru".into());
        let database_url = settings.text("DATABASE_URL");
        let redis_url = settings.text("REDIS_URL");
        let sessions_table = settings.text("SESSIONS_TABLE");
        let tokens = TokenSettings::read(&mut settings);
        let web_dir = settings.text("WEB_DIR").map(PathBuf::from);
        let logs = Logs::read(&mut settings);
        if cfg!(not(feature = "embedded")) && database_url.is_none() {
            settings.fault(
                "DATABASE_URL",
                "is not set, and this build has no embedded Postgres; set it to the address of one",
            );
        }
        settings.finish()?;
        let config = Self {
            rim,
            data_dir: data_dir.into(),
            database_url,
            redis_url,
            sessions_table,
            tokens,
            web_dir,
        };
        Ok((config, logs))
    }
}
