//! The servers that the tests talk to.

mod embedded;
mod port;
mod postgres;
mod redis;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use tempfile::TempDir;

use crate::config::Config;
use crate::install::Installer;
use crate::process::Process;
use crate::report;

pub(crate) use embedded::start as embedded;
pub(crate) use port::free as free_port;
pub(crate) use postgres::programs as postgres_programs;

/// How often a private server is started before it is given up: somebody else may have taken
/// the port between our choosing it and the server's listening on it.
const START_ATTEMPTS_MAX: u32 = 3;

/// What the system keeps its data in.
pub(crate) struct Servers {
    pub(crate) postgres: Server,
    pub(crate) redis: Server,
    /// The program that serves Redis.
    pub(crate) redis_program: PathBuf,
}

impl Servers {
    /// Those that the environment names, else private ones.
    ///
    /// # Errors
    /// Says what to install where one is missing, and why one did not start.
    pub(crate) fn start(config: &Config, installer: &mut Installer) -> Result<Self> {
        let redis_program = redis::find(config, installer)?;
        let redis = redis::start(config, &redis_program)?;
        report::uses("Redis", &redis);
        let postgres = postgres::start(config, installer)?;
        report::uses("Postgres", &postgres);
        Ok(Self {
            postgres,
            redis,
            redis_program,
        })
    }
}

/// A server that is there for the tests. Dropping it stops it and removes its folder, where it
/// is a private one.
pub(crate) struct Server {
    /// Where clients connect to; may hold a password.
    pub(crate) url: String,
    description: String,
    // In this order: the folder goes after the process that writes into it.
    _process: Option<Process>,
    _folder: Option<TempDir>,
}

impl Server {
    /// A server that somebody else runs and that the environment names in `variable`.
    pub(crate) fn named(variable: &str, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            description: format!("{} (from {variable})", without_password(url)),
            _process: None,
            _folder: None,
        }
    }

    fn private(url: String, program: &str, process: Process, folder: TempDir) -> Self {
        let place = without_password(&url);
        Self {
            description: format!("{program} at {place}, {}", folder.path().display()),
            url,
            _process: Some(process),
            _folder: Some(folder),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

/// A URL that may be shown: its password, and parameters, which could hold one, are left out.
fn without_password(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(before, _)| before);
    let Some((scheme, rest)) = url.split_once("://") else {
        return "(not a URL)".to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://{place}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://maru:s3cr@t@db:5432/chat?password=x",
                "postgres://db:5432/chat",
            ),
            ("redis://:s3cret@127.0.0.1:6379/", "redis://127.0.0.1:6379/"),
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
            ("s3cret", "(not a URL)"),
        ] {
            assert_eq!(without_password(url), shown);
            assert!(!Server::named("X_URL", url).to_string().contains("s3cr"));
        }
    }
}
