//! What it takes to try the deployment's files: the proxy, the monitoring, and Compose.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::config::Config;
use crate::install::{Installer, Requirement};
use crate::program;
use crate::python::{Packages, Python};
use crate::report;

const CADDY: Requirement = Requirement {
    name: "Caddy",
    packages: &["caddy"],
    advice: "Install Caddy (version 2.6 or newer), for example from https://caddyserver.com.",
};

const PROMETHEUS: Requirement = Requirement {
    name: "Prometheus with promtool",
    packages: &["prometheus"],
    advice: "Install Prometheus (version 2.42 or newer), for example from https://prometheus.io.",
};

/// Compose itself, which reads a deployment without an engine, and the schemas of such files.
const TOOLS: Packages = Packages {
    name: "Compose, schemas",
    requirements: "tests/operations/requirements.txt",
    folder: "operations-tools",
};

/// The programs that the deployment's files are for.
pub(crate) struct Operations {
    caddy: PathBuf,
    prometheus: PathBuf,
    promtool: PathBuf,
    tools: Python,
}

impl Operations {
    /// Finds or installs them.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub(crate) fn prepare(config: &Config, installer: &mut Installer) -> Result<Self> {
        let find = |name| program::find(name, &config.search_path);
        let caddy = installer.find_or_install(&CADDY, || find("caddy"))?;
        report::uses("Caddy", caddy.display());
        let (prometheus, promtool) = installer.find_or_install(&PROMETHEUS, || {
            Some((find("prometheus")?, find("promtool")?))
        })?;
        report::uses("Prometheus", prometheus.display());
        let tools = Python::prepare(config, installer, &TOOLS)?;
        Ok(Self {
            caddy,
            prometheus,
            promtool,
            tools,
        })
    }

    /// Tells a command where all of it is.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env("CADDY", &self.caddy);
        command.env("PROMETHEUS", &self.prometheus);
        command.env("PROMTOOL", &self.promtool);
        command.env("OPERATIONS_TOOLS", &self.tools.programs);
    }
}
