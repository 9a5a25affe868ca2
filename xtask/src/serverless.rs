//! What the serverless shape takes beside the functions: tools and emulators.

use std::env::join_paths;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::config::Config;
use crate::install::Installer;
use crate::python::{Packages, Python};

/// SAM, cargo-lambda and the linker that cargo-lambda builds with.
const TOOLS: Packages = Packages {
    name: "SAM, cargo-lambda",
    requirements: "localstack/requirements.txt",
    folder: "serverless-tools",
};

/// The emulator has other demands than SAM on what both stand on.
const EMULATOR: Packages = Packages {
    name: "AWS emulator",
    requirements: "localstack/requirements-emulator.txt",
    folder: "serverless-emulator",
};

/// SAM, cargo-lambda and the emulator of AWS.
pub(crate) struct Serverless {
    tools: Python,
    emulator: Python,
    search_path: OsString,
}

impl Serverless {
    /// Installs them.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub(crate) fn prepare(config: &Config, installer: &mut Installer) -> Result<Self> {
        let tools = Python::prepare(config, installer, &TOOLS)?;
        let emulator = Python::prepare(config, installer, &EMULATOR)?;
        let mut folders = vec![tools.programs.clone()];
        folders.extend(config.cargo.parent().map(Path::to_owned));
        folders.extend(config.search_path.clone());
        Ok(Self {
            tools,
            emulator,
            search_path: join_paths(folders).context("PATH")?,
        })
    }

    /// Tells a command where all of it is, and the functions that were built with everything else.
    pub(crate) fn tell(&self, command: &mut Command, programs: &Path) {
        command.env("SERVERLESS_TOOLS", &self.tools.programs);
        let emulator = self.emulator.programs.join("ministack");
        command.env("SERVERLESS_EMULATOR", emulator);
        command.env("SERVERLESS_PATH", &self.search_path);
        command.env("AUTH_BOOTSTRAP", programs.join("auth"));
        command.env("HISTORY_BOOTSTRAP", programs.join("history"));
    }
}
