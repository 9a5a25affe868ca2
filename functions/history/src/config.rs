//! What the environment says: the only reader of it in this crate.

use std::env;

use access_token::Verifier;
use access_token::config::read_verifier;
use chat::AuthMode;
use fanout::config::read_mac_key;
use fanout::redis::MacKey;
use request_source::Origins;
use settings::{Faults, Logs, Profile, Settings};

/// The configuration of the function as a Lambda.
#[derive(Debug)]
pub struct Config {
    /// `DATABASE_URL`.
    pub database_url: String,
    /// `REDIS_URL`; without it the sockets find out by looking that a room has changed.
    pub redis_url: Option<String>,
    /// `FANOUT_SECRET`; in production the sockets believe nothing that is told without it.
    pub fanout_key: Option<MacKey>,
    /// `CORS_ALLOWED_ORIGINS`.
    pub origins: Origins,
    /// `AUTH_MODE`.
    pub mode: AuthMode,
    /// `JWT_ISSUER`, `JWT_AUDIENCE` and `JWT_PUBLIC_KEYS`.
    pub verifier: Verifier,
    /// `RUST_LOG` and `LOG_FORMAT`.
    pub logs: Logs,
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_env() -> Result<Self, Faults> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a config.rs reads the environment"
        )]
        Self::read(Settings::new(|name| env::var_os(name)))
    }

    fn read(mut settings: Settings<'_>) -> Result<Self, Faults> {
        let database_url = settings.required_text(
            "DATABASE_URL",
            "the address of Postgres, such as postgres://user:password@host:5432/chat",
        );
        let redis_url = settings.text("REDIS_URL");
        let profile = Profile::read(&mut settings);
        let fanout_key = read_mac_key(&mut settings, profile, redis_url.is_some());
        let origins = Origins::read(&mut settings);
        let mode = settings
            .parsed("AUTH_MODE", "one of required, optional")
            .unwrap_or_default();
        let verifier = read_verifier(&mut settings, mode);
        let logs = Logs::read(&mut settings);
        settings.finish()?;
        Ok(Self {
            mode,
            verifier,
            database_url: database_url.unwrap_or_default(),
            redis_url,
            fanout_key,
            origins,
            logs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once() {
        let settings = Settings::new(|name| {
            (name == "CORS_ALLOWED_ORIGINS").then(|| "https://a.example, *".into())
        });
        let faults = Config::read(settings).expect_err("four faults").0;
        let names: Vec<_> = faults.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "DATABASE_URL",
                "CORS_ALLOWED_ORIGINS",
                "JWT_ISSUER",
                "JWT_PUBLIC_KEYS"
            ]
        );
    }
}
