//! What the environment says (`.env.example` lists all): the only reader of it in this crate.

use std::env;
use std::path::PathBuf;

use auth::config::TokenSettings;
use fanout::config::read_mac_key;
use fanout::redis::MacKey;
use settings::{Faults, Logs, Settings};
use socket_tier::config::Rim;
use traces::TraceSettings;

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
    /// `FANOUT_SECRET`.
    pub fanout_key: Option<MacKey>,
    /// `SESSIONS_TABLE` in DynamoDB; absent, sessions live as long as the process.
    pub sessions_table: Option<String>,
    /// What begins with `JWT_`; without a key, one is made and kept in `data_dir`.
    pub tokens: TokenSettings,
    /// `WEB_DIR`: a built page; absent, it is built from its sources where these are.
    pub web_dir: Option<PathBuf>,
    /// What begins with `OTEL_`.
    pub traces: TraceSettings,
}

/// What a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The whole chat, or a tool around it: what is absent is embedded.
    Whole,
    /// A tool that asks no backend.
    Tool,
    /// The functions beside a socket tier: they share everything with others.
    Functions,
}

impl Config {
    /// Reads the environment of the process, and what it says about the log.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_env(purpose: Purpose) -> Result<(Self, Logs), Faults> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a config.rs reads the environment"
        )]
        let mut settings = Settings::new(|name| env::var_os(name));
        let rim = Rim::read(&mut settings);
        let data_dir = settings.text("DATA_DIR").unwrap_or_else(|| ".maru".into());
        let database_url = settings.text("DATABASE_URL");
        let redis_url = settings.text("REDIS_URL");
        let fanout_key = read_mac_key(&mut settings, rim.profile, redis_url.is_some());
        let sessions_table = settings.text("SESSIONS_TABLE");
        let tokens = TokenSettings::read(&mut settings);
        let web_dir = settings.text("WEB_DIR").map(PathBuf::from);
        let logs = Logs::read(&mut settings);
        let traces = TraceSettings::read(&mut settings);
        if purpose == Purpose::Functions {
            for (name, is_absent, expected) in [
                (
                    "DATABASE_URL",
                    database_url.is_none(),
                    "the address of Postgres, such as postgres://user:password@host:5432/chat",
                ),
                (
                    "SESSIONS_TABLE",
                    sessions_table.is_none(),
                    "the name of the table in DynamoDB",
                ),
                (
                    "JWT_ISSUER",
                    tokens.issuer.is_none(),
                    "the address under which people reach this, such as https://chat.example.org",
                ),
                (
                    "JWT_PRIVATE_KEY",
                    tokens.key.is_none(),
                    "an RSA key in PEM or its file's path; `maru keys make` makes one",
                ),
            ] {
                // What is there and wrong has been noted already.
                if is_absent && settings.text(name).is_none() {
                    settings.fault(name, format!("is not set; set it to {expected}"));
                }
            }
        } else if purpose == Purpose::Whole
            && cfg!(not(feature = "embedded"))
            && database_url.is_none()
        {
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
            fanout_key,
            sessions_table,
            tokens,
            web_dir,
            traces,
        };
        Ok((config, logs))
    }
}

/// Reads `ADMIN_TOKEN`, by which an operator shows who he is.
pub fn admin_token() -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a config.rs reads the environment"
    )]
    Settings::new(|name| env::var_os(name)).text("ADMIN_TOKEN")
}
