//! A private Postgres.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::{START_ATTEMPTS_MAX, Server, port};
use crate::config::Config;
use crate::install::{Installer, Requirement};
use crate::process::{self, Process};
use crate::program::{self, Account};

const POSTGRES: Requirement = Requirement {
    name: "Postgres",
    packages: &["postgresql"],
    advice: "Install the Postgres server (version 15 or newer), \
             for example: sudo apt-get install postgresql.",
};

/// The oldest Postgres that the project promises to run on.
const VERSION_MIN: u32 = 15;
/// How long `initdb` may take.
const INITDB_MAX: Duration = Duration::from_secs(120);
/// How long the server may take until it accepts connections.
const READY_MAX: Duration = Duration::from_secs(60);
/// Enough for the pools of many tests that run side by side.
const CONNECTIONS_MAX: u32 = 300;
/// Where Debian puts the programs of every installed version, `{this}/{version}/bin`.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";
/// Postgres refuses to run as root; this is the account that its packages make.
const ACCOUNT: &str = "postgres";

/// The Postgres that the environment names, else a private one that is thrown away at the end.
///
/// # Errors
/// Says what to install where there is none, and why a private one did not start.
pub(crate) fn start(config: &Config, installer: &mut Installer) -> Result<Server> {
    if let Some(url) = &config.database_url {
        return Ok(Server::named("DATABASE_URL", url));
    }
    let programs = programs(config, installer)?;
    let version = program::version(&programs.join("postgres"))?;
    if version.first().is_none_or(|&major| major < VERSION_MIN) {
        bail!(
            "Postgres {} is too old. {}",
            program::dotted(&version),
            POSTGRES.advice
        );
    }
    let account = unprivileged_account()?;
    let cluster = Cluster::init(&programs, account.as_ref())?;
    let mut attempt = 1;
    let (process, port) = loop {
        match cluster.start(&programs, account.as_ref()) {
            Err(error) if attempt == START_ATTEMPTS_MAX => return Err(error),
            Err(_) => attempt += 1,
            Ok(started) => break started,
        }
    };
    let url = format!(
        "postgres://maru:{}@127.0.0.1:{port}/postgres",
        cluster.password
    );
    let name = format!("{} ({})", program::dotted(&version), programs.display());
    Ok(Server::private(url, &name, process, cluster.folder))
}

/// The folder of the server's programs; tests that stop and start one themselves want it too.
///
/// # Errors
/// Says what to install where there are none.
pub(crate) fn programs(config: &Config, installer: &mut Installer) -> Result<PathBuf> {
    installer.find_or_install(&POSTGRES, || find(&config.search_path))
}

/// A folder with an initialised database cluster. Its superuser has a password that lives as
/// long as the cluster: a superuser can run programs, and others may use this machine too.
struct Cluster {
    folder: TempDir,
    password: String,
}

impl Cluster {
    fn init(programs: &Path, account: Option<&Account>) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("maru-postgres-")
            .tempdir()?;
        let password = random_password()?;
        let password_file = folder.path().join("password");
        fs::write(&password_file, &password)?;
        if let Some(Account { uid, gid }) = account {
            chown(folder.path(), Some(*uid), Some(*gid))?;
            chown(&password_file, Some(*uid), Some(*gid))?;
        }
        let cluster = Self { folder, password };
        let mut command = process::command(programs.join("initdb"), account);
        command.args(["--username=maru", "--auth=scram-sha-256", "--encoding=UTF8"]);
        command.args(["--locale=C.UTF-8", "--no-sync"]);
        command.arg("--pwfile").arg(&password_file);
        command.arg("--pgdata").arg(cluster.data());
        command.current_dir(cluster.folder.path());
        let log = cluster.folder.path().join("initdb.log");
        Process::server("initdb", &mut command, &log)?.success(INITDB_MAX)?;
        Ok(cluster)
    }

    fn start(&self, programs: &Path, account: Option<&Account>) -> Result<(Process, u16)> {
        let port = port::free()?;
        let mut command = process::command(programs.join("postgres"), account);
        command.arg("-D").arg(self.data());
        self.configure(&mut command, port);
        command.current_dir(self.folder.path());
        let log = self.folder.path().join("log");
        let mut process = Process::server("Postgres", &mut command, &log)?;
        process.until(READY_MAX, || self.is_ready().then_some(()))?;
        Ok((process, port))
    }

    fn configure(&self, command: &mut Command, port: u16) {
        let sockets = self.folder.path().display();
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={sockets}"),
            format!("max_connections={CONNECTIONS_MAX}"),
            // What is written here is never wanted again after a crash.
            "fsync=off".to_owned(),
            "full_page_writes=off".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The eighth line of `postmaster.pid` tells the state of the server (storage.sgml).
    fn is_ready(&self) -> bool {
        fs::read_to_string(self.data().join("postmaster.pid")).is_ok_and(|text| {
            text.lines()
                .nth(7)
                .is_some_and(|state| state.trim() == "ready")
        })
    }
}

/// The folder of the server's programs: on PATH, else Debian's newest.
fn find(search_path: &[PathBuf]) -> Option<PathBuf> {
    let on_path = program::find("postgres", search_path)
        .and_then(|postgres| postgres.canonicalize().ok())
        .and_then(|postgres| postgres.parent().map(Path::to_owned));
    on_path
        .or_else(|| newest(Path::new(DEBIAN_VERSIONS)))
        .filter(|programs| programs.join("initdb").is_file())
}

fn newest(versions: &Path) -> Option<PathBuf> {
    fs::read_dir(versions)
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs
                .join("postgres")
                .is_file()
                .then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}

fn unprivileged_account() -> Result<Option<Account>> {
    if !program::is_root() {
        return Ok(None);
    }
    program::account(ACCOUNT).map(Some).with_context(|| {
        format!("Postgres does not run as root, and there is no account {ACCOUNT}")
    })
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    std::io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_taken_by_number_and_only_where_the_server_is_there() {
        let versions = tempfile::tempdir().expect("a folder");
        for (version, program) in [("9", "postgres"), ("15", "postgres"), ("17", "psql")] {
            let programs = versions.path().join(version).join("bin");
            fs::create_dir_all(&programs).expect("a folder");
            fs::write(programs.join(program), "").expect("a file");
        }
        assert_eq!(
            newest(versions.path()),
            Some(versions.path().join("15/bin"))
        );
        assert_eq!(newest(Path::new("/nowhere")), None);
    }

    #[test]
    fn passwords_differ() {
        let password = || random_password().expect("the system has random numbers");
        assert_ne!(password(), password());
        assert_eq!(password().len(), 32);
    }
}
