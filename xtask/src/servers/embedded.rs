//! The Postgres that `maru` brings itself.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::Server;
use crate::process::{self, Process};

/// How long its first start may take; a debug build on a busy machine is slow.
const READY_MAX: Duration = Duration::from_secs(180);

/// Starts `maru postgres` on a fresh folder.
///
/// # Errors
/// Fails, with what it said, where it does not start.
pub(crate) fn start(maru: &Path) -> Result<Server> {
    let folder = tempfile::Builder::new()
        .prefix("maru-embedded-")
        .tempdir()?;
    let mut command = process::command(maru, None);
    command
        .args(["postgres", "--data-dir"])
        .arg(folder.path().join("data"));
    let log = folder.path().join("log");
    let mut process = Process::server("maru postgres", &mut command, &log)?;
    let url = process.until(READY_MAX, || url_in(&fs::read_to_string(&log).ok()?))?;
    Ok(Server::private(url, "embedded Postgres", process, folder))
}

/// The URL on the first whole line that has one.
fn url_in(output: &str) -> Option<String> {
    output
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .find_map(|line| line.find("postgres://").map(|start| &line[start..]))
        .and_then(|rest| rest.split_whitespace().next())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_taken_from_a_whole_line() {
        let whole = "preparing …\npostgres:///postgres?host=/tmp/x&port=5432\n";
        let url = "postgres:///postgres?host=/tmp/x&port=5432";
        assert_eq!(url_in(whole).as_deref(), Some(url));
        assert_eq!(url_in(&whole[..whole.len() - 8]), None);
    }
}
