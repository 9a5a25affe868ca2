//! Accounts, sessions and keys of the process.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use access_token::SigningKey;
use anyhow::{Context, Result};
use auth::config::TokenSettings;
use auth::{Accounts, Clock, HashCost, HashingLimits, Passwords, State, Tokens};
use request_source::{Origins, ProxyHops};
use sessions::memory::MemorySessions;
use sessions::{Sessions, dynamo};

/// How many connections to Postgres the accounts are given.
const DATABASE_CONNECTIONS: u32 = 2;

/// The file in `DATA_DIR` that keeps the key made at the first start.
const KEY_FILE: &str = "signing-key.pem";

/// What the auth function's router is made of.
pub(crate) struct Parts<'a> {
    /// Where the accounts are.
    pub(crate) database_url: &'a str,
    /// Where the sessions are; absent, in memory.
    pub(crate) sessions_table: Option<&'a str>,
    /// How tokens are signed.
    pub(crate) tokens: TokenSettings,
    /// The address of this process, which issues them unless told otherwise.
    pub(crate) address: &'a str,
    /// Where the key is kept that nobody named.
    pub(crate) data_dir: &'a Path,
    /// Whose pages may call.
    pub(crate) origins: Origins,
    /// How many proxies stand in front.
    pub(crate) proxy_hops: ProxyHops,
}

impl Parts<'_> {
    /// Puts the function's state together.
    pub(crate) async fn open(self) -> Result<State> {
        let accounts =
            Accounts::open(self.database_url, DATABASE_CONNECTIONS).context("the accounts")?;
        let sessions: Arc<dyn Sessions> = match self.sessions_table {
            Some(table) => Arc::new(dynamo::connect(table).await.context("SESSIONS_TABLE")?),
            None => Arc::new(MemorySessions::new()),
        };
        let cores = available_parallelism().map_or(1, usize::from);
        Ok(State {
            accounts,
            sessions,
            passwords: Passwords::new(HashCost::RECOMMENDED, HashingLimits::for_cores(cores)),
            tokens: tokens(self.tokens, self.address, self.data_dir)?,
            origins: self.origins,
            proxy_hops: self.proxy_hops,
            clock: Clock::system(),
        })
    }
}

fn tokens(mut settings: TokenSettings, address: &str, data_dir: &Path) -> Result<Tokens> {
    let issuer = settings.issuer.take();
    let issuer = issuer.unwrap_or_else(|| format!("http://{address}"));
    let key = match settings.key.take() {
        Some(key) => key,
        None => kept_key(data_dir).context("DATA_DIR: the signing key")?,
    };
    Ok(settings.into_tokens(issuer, key))
}

/// The key of an earlier start, or a new one that later starts find.
fn kept_key(data_dir: &Path) -> Result<SigningKey> {
    let file = data_dir.join(KEY_FILE);
    match fs::read_to_string(&file) {
        Ok(pem) => Ok(SigningKey::from_pem(&pem)?),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let (key, pem) = SigningKey::generate()?;
            fs::create_dir_all(data_dir)?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(&file)?.write_all(pem.as_str().as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let first = kept_key(folder.path()).expect("made");
        let second = kept_key(folder.path()).expect("found");
        assert_eq!(first.public().key_id(), second.public().key_id());
        let file = fs::metadata(folder.path().join(KEY_FILE)).expect("kept");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}
