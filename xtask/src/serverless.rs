//! What the serverless shape takes beside the functions: tools and emulators.

use std::env::join_paths;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::arm64::Arm64;
use crate::bootstraps::Bootstraps;
use crate::config::Config;
use crate::install::Installer;
use crate::python::{Packages, Python};
use crate::report;

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

/// SAM and cargo-lambda.
pub(crate) struct Tools {
    pub(crate) python: Python,
    /// A PATH on which cargo finds cargo-lambda, and both find cargo.
    pub(crate) search_path: OsString,
}

impl Tools {
    /// Installs them.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub(crate) fn prepare(config: &Config, installer: &mut Installer) -> Result<Self> {
        let python = Python::prepare(config, installer, &TOOLS)?;
        let mut folders = vec![python.programs.clone()];
        folders.extend(config.cargo.parent().map(Path::to_owned));
        folders.extend(config.search_path.clone());
        Ok(Self {
            python,
            search_path: join_paths(folders).context("PATH")?,
        })
    }
}

/// The tools, what they built, and the emulator of AWS.
pub(crate) struct Serverless {
    tools: Tools,
    emulator: Python,
    bootstraps: Bootstraps,
    /// Or why there is none.
    arm64: Result<Arm64, String>,
}

impl Serverless {
    /// Installs the tools and builds the functions.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub(crate) fn prepare(config: &Config, installer: &mut Installer) -> Result<Self> {
        let tools = Tools::prepare(config, installer)?;
        let emulator = Python::prepare(config, installer, &EMULATOR)?;
        let bootstraps = Bootstraps::build(config, &tools)?;
        let arm64 = Arm64::prepare(config, installer, &tools)?;
        if let Err(missing) = &arm64 {
            report::uses("arm64", format!("NOT TESTED: {missing}"));
        }
        Ok(Self {
            tools,
            emulator,
            bootstraps,
            arm64,
        })
    }

    /// Tells a command where all of it is.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env("SERVERLESS_TOOLS", &self.tools.python.programs);
        command.env("SERVERLESS_EMULATOR", self.emulator.program("ministack"));
        command.env("SERVERLESS_PATH", &self.tools.search_path);
        command.env("AUTH_BOOTSTRAP", &self.bootstraps.auth);
        command.env("HISTORY_BOOTSTRAP", &self.bootstraps.history);
        command.env("ARCHITECTURE", self.bootstraps.architecture);
        match &self.arm64 {
            Ok(arm64) => arm64.tell(command),
            Err(missing) => _ = command.env("ARM64_MISSING", missing),
        }
    }
}
