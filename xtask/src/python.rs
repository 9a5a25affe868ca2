//! Python and the packages of the tests' client in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::config::Config;
use crate::install::{Installer, Requirement};
use crate::process::{self, Process};
use crate::program;
use crate::report;

const PYTHON: Requirement = Requirement {
    name: "Python",
    packages: &["python3", "python3-venv"],
    advice: "Install Python (version 3.10 or newer) with venv, for example from https://www.python.org.",
};

/// How long making the environment and installing into it may take, each.
const INSTALL_MAX: Duration = Duration::from_secs(5 * 60);
/// What is installed, each in one exact version, in the workspace.
const REQUIREMENTS: &str = "tests/clients-python/requirements.txt";
/// The environment, in cargo's target folder.
const FOLDER: &str = "clients-python";
/// A copy of what the installed packages were taken from, in the environment.
const INSTALLED_REQUIREMENTS: &str = "installed-requirements.txt";

/// Python, with the packages that the tests import.
pub(crate) struct Python {
    /// The interpreter of the environment.
    pub(crate) program: PathBuf,
}

impl Python {
    /// Finds Python and brings its packages to what the requirements say.
    ///
    /// # Errors
    /// Says what to install where Python is missing; fails where the packages cannot be had.
    pub(crate) fn prepare(config: &Config, installer: &mut Installer) -> Result<Self> {
        let system = installer.find_or_install(&PYTHON, || {
            program::find("python3", &config.search_path).filter(|program| makes_venvs(program))
        })?;
        let version = program::dotted(&program::version(&system)?);
        report::uses("Python", format!("{version} ({})", system.display()));
        let target = config.programs.parent();
        let folder = target.context("the programs lie nowhere")?.join(FOLDER);
        install_packages(&system, &config.workspace.join(REQUIREMENTS), &folder)?;
        Ok(Self {
            program: folder.join("bin/python"),
        })
    }
}

fn makes_venvs(program: &Path) -> bool {
    let imports = Command::new(program)
        .args(["-c", "import venv, ensurepip"])
        .output();
    imports.is_ok_and(|output| output.status.success())
}

fn install_packages(system: &Path, requirements: &Path, folder: &Path) -> Result<()> {
    let wanted = fs::read(requirements).with_context(|| format!("there is no {REQUIREMENTS}"))?;
    let installed = folder.join(INSTALLED_REQUIREMENTS);
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        report::uses("Python packages", "as the requirements say");
        return Ok(());
    }
    report::uses("Python packages", "pip install");
    let mut command = process::command(system, None);
    command.args(["-m", "venv", "--clear"]).arg(folder);
    Process::step("python -m venv", &mut command)?.success(INSTALL_MAX)?;
    let mut command = process::command(folder.join("bin/python"), None);
    command.args(["-m", "pip", "install", "--quiet", "--no-deps"]);
    command.arg("--requirement").arg(requirements);
    Process::step("pip install", &mut command)?.success(INSTALL_MAX)?;
    fs::write(&installed, wanted).context("cannot note what was installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_as_the_requirements_say_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let requirements = folder.path().join("requirements.txt");
        let no_python = Path::new("/nowhere/python3");
        assert!(install_packages(no_python, &requirements, folder.path()).is_err());
        fs::write(&requirements, "a==1\n").expect("a file");
        assert!(install_packages(no_python, &requirements, folder.path()).is_err());
        fs::write(folder.path().join(INSTALLED_REQUIREMENTS), "a==1\n").expect("a file");
        install_packages(no_python, &requirements, folder.path()).expect("nothing to do");
    }
}
