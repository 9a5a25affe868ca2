//! The cargo that runs this task, run again for the whole workspace.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::config::Config;
use crate::process::{self, Process};

/// How long a build of everything may take on a small machine.
pub(crate) const BUILD_MAX: Duration = Duration::from_secs(40 * 60);

/// A command of cargo on this workspace.
pub(crate) fn command(config: &Config) -> Command {
    beside_cargo(config, &config.cargo)
}

/// A command in the workspace that may run cargo in its turn.
pub(crate) fn beside_cargo(config: &Config, program: impl AsRef<OsStr>) -> Command {
    let mut command = process::command(program, None);
    command.current_dir(&config.workspace);
    for variable in &config.told_by_cargo {
        command.env_remove(variable);
    }
    command
}

/// Builds every program and every test, with the features that `cargo test --workspace` unites.
///
/// # Errors
/// Fails where something does not build.
pub(crate) fn build_everything(config: &Config) -> Result<()> {
    let mut command = command(config);
    command.args([
        "build",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
    ]);
    Process::step("cargo build", &mut command)?.success(BUILD_MAX)
}

/// Builds the instance that can be told to fail.
///
/// # Errors
/// Fails where it does not build.
pub(crate) fn build_failpoints(config: &Config) -> Result<()> {
    let mut command = command(config);
    command.args(["build", "--workspace", "--bin", "socket-tier-failpoints"]);
    // The example is there already: that it is named unites the features of the dependencies as
    // above, so that none of them is built anew.
    command.args(["--example", "dynamodb"]);
    command.args(["--features", "socket-tier/failpoints"]);
    Process::step("cargo build", &mut command)?.success(BUILD_MAX)
}

/// Builds the programs as they are released. Returns the folder that they are in.
///
/// # Errors
/// Fails where something does not build.
pub(crate) fn build_release(config: &Config) -> Result<PathBuf> {
    let mut command = command(config);
    command.args(["build", "--release", "--workspace"]);
    command.args(["--bin", "maru", "--bin", "socket-tier"]);
    Process::step("cargo build", &mut command)?.success(BUILD_MAX)?;
    Ok(config.target()?.join("release"))
}
