//! A private Redis.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{START_ATTEMPTS_MAX, Server, port};
use crate::config::Config;
use crate::install::{Installer, Requirement};
use crate::process::{self, Process};
use crate::program;

const REDIS: Requirement = Requirement {
    name: "Redis",
    packages: &["redis-server"],
    advice: "Install redis-server or valkey-server (version 7 or newer), \
             for example: sudo apt-get install redis-server.",
};

/// How long Redis may take to answer its first PING.
const READY_MAX: Duration = Duration::from_secs(15);
/// How long one PING may take.
const PING_MAX: Duration = Duration::from_secs(1);

/// The program that serves Redis; tests that stop and start it themselves want it too.
///
/// # Errors
/// Says what to install where there is none.
pub(crate) fn find(config: &Config, installer: &mut Installer) -> Result<PathBuf> {
    installer.find_or_install(&REDIS, || {
        ["redis-server", "valkey-server"]
            .iter()
            .find_map(|name| program::find(name, &config.search_path))
    })
}

/// The Redis that the environment names, else a private one that keeps nothing.
///
/// # Errors
/// Fails where a private one does not start.
pub(crate) fn start(config: &Config, program: &Path) -> Result<Server> {
    if let Some(url) = &config.redis_url {
        return Ok(Server::named("REDIS_URL", url));
    }
    let version = program::version(program)?;
    let mut attempt = 1;
    loop {
        match start_private(program, &version) {
            Err(error) if attempt == START_ATTEMPTS_MAX => return Err(error),
            Err(_) => attempt += 1,
            started => return started,
        }
    }
}

fn start_private(program: &Path, version: &[u32]) -> Result<Server> {
    let folder = tempfile::Builder::new().prefix("maru-redis-").tempdir()?;
    let port = port::free()?;
    let mut command = process::command(program, None);
    command
        .args(["--bind", "127.0.0.1", "--port"])
        .arg(port.to_string());
    command.args(["--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(folder.path());
    let log = folder.path().join("log");
    let mut process = Process::server("Redis", &mut command, &log)?;
    process.until(READY_MAX, || ping(port).ok())?;
    let name = format!("{} ({})", program::dotted(version), program.display());
    let url = format!("redis://127.0.0.1:{port}");
    Ok(Server::private(url, &name, process, folder))
}

fn ping(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PING_MAX)?;
    stream.set_read_timeout(Some(PING_MAX))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    (&answer == b"+PONG\r\n").then_some(()).context("no PONG")
}
