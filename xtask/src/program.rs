//! Programs of this machine: where they are and which version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::geteuid;

/// An account of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// The user's number.
    pub(crate) uid: u32,
    /// The number of the user's own group.
    pub(crate) gid: u32,
}

/// Whether this process may do everything on this machine.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// The first file called `name` in `folders`, with links followed.
pub(crate) fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// The version that `program --version` names: its first word that starts with a digit, or with
/// `v` and a digit, as numbers.
///
/// # Errors
/// Fails where the program does not run or names none.
pub(crate) fn version(program: &Path) -> Result<Vec<u32>> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(&text).with_context(|| format!("{} --version says {text:?}", program.display()))
}

/// The numbers of a version, as text.
pub(crate) fn dotted(version: &[u32]) -> String {
    let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
    numbers.join(".")
}

/// Looks the account `name` up among this machine's own.
pub(crate) fn account(name: &str) -> Option<Account> {
    parse_account(&fs::read_to_string("/etc/passwd").ok()?, name)
}

fn parse_version(text: &str) -> Option<Vec<u32>> {
    text.split(|c: char| c.is_whitespace() || c == '=')
        .map(|word| word.strip_prefix('v').unwrap_or(word))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(|word| {
            word.split('.')
                .map_while(|number| number.parse().ok())
                .collect()
        })
}

fn parse_account(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let mut numbers = fields.skip(1).map(str::parse);
        Some(Account {
            uid: numbers.next()?.ok()?,
            gid: numbers.next()?.ok()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_say_them() {
        for (said, version) in [
            (
                "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n",
                vec![15, 14],
            ),
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc",
                vec![7, 0, 15],
            ),
            ("v20.20.2\n", vec![20, 20, 2]),
            ("10.8.2", vec![10, 8, 2]),
            ("postgres (PostgreSQL) 18beta1", vec![]),
        ] {
            assert_eq!(parse_version(said), Some(version), "{said}");
        }
        assert_eq!(parse_version("no idea"), None);
    }

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:\npostgres:x:101:110::/var/lib/postgresql:/bin/bash\n";
        let found = Account { uid: 101, gid: 110 };
        assert_eq!(parse_account(passwd, "postgres"), Some(found));
        assert_eq!(parse_account(passwd, "nobody"), None);
    }
}
