//! The functions as a deployment builds them.

use std::env::consts::ARCH;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cargo::{self, BUILD_MAX};
use crate::config::Config;
use crate::process::Process;
use crate::report;
use crate::serverless::Tools;

/// The functions: their folders, and what their programs are called.
const FUNCTIONS: [&str; 2] = ["auth", "history"];
/// Where `sam build` puts them, in cargo's target folder.
const FOLDER: &str = "sam";

/// What `sam build` made for the processor of this machine.
pub(crate) struct Bootstraps {
    /// The auth function.
    pub(crate) auth: PathBuf,
    /// The history function.
    pub(crate) history: PathBuf,
    /// What the template calls this machine's processor.
    pub(crate) architecture: &'static str,
}

impl Bootstraps {
    /// Builds them.
    ///
    /// # Errors
    /// One of them does not build, or Lambda has no such processor as this machine.
    pub(crate) fn build(config: &Config, tools: &Tools) -> Result<Self> {
        let architecture = match ARCH {
            "x86_64" => "x86_64",
            "aarch64" => "arm64",
            other => bail!("Lambda runs on x86_64 and arm64, and this machine is {other}"),
        };
        // SAM keeps what cargo says to itself. It runs the same commands, and finds all done.
        for function in FUNCTIONS {
            build(config, tools, function, &[])?;
        }
        let folder = config.target()?.join(FOLDER);
        sam_build(config, tools, architecture, &folder)?;
        report::uses("functions", folder.display());
        Ok(Self {
            auth: folder.join("AuthFunction/bootstrap"),
            history: folder.join("HistoryFunction/bootstrap"),
            architecture,
        })
    }
}

/// Builds one function for release, as SAM has it built.
///
/// # Errors
/// It does not build.
pub(crate) fn build(config: &Config, tools: &Tools, name: &str, more: &[&str]) -> Result<()> {
    report::uses("building", format!("{name} for release {}", more.join(" ")));
    let mut command = cargo::command(config);
    // The profile that makes it small lies there.
    command.current_dir(config.workspace.join("functions").join(name));
    command.env("PATH", &tools.search_path);
    command.env("CARGO_TARGET_DIR", config.target()?);
    command.args(["lambda", "build", "--release", "--bin", name]);
    command.args(more);
    Process::step("cargo lambda build", &mut command)?.success(BUILD_MAX)
}

fn sam_build(config: &Config, tools: &Tools, architecture: &str, folder: &Path) -> Result<()> {
    let mut command = cargo::beside_cargo(config, tools.python.program("sam"));
    command.env("PATH", &tools.search_path);
    command.env("CARGO_TARGET_DIR", config.target()?);
    command.env("SAM_CLI_TELEMETRY", "0");
    command.args(["build", "--build-dir"]).arg(folder);
    command.arg("--parameter-overrides");
    command.arg(format!("Architecture={architecture}"));
    Process::step("sam build", &mut command)?.success(BUILD_MAX)
}
