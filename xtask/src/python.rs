//! Python, and environments of packages in it.

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
const INSTALL_MAX: Duration = Duration::from_secs(10 * 60);
/// A copy of what the installed packages were taken from, in the environment.
const INSTALLED_REQUIREMENTS: &str = "installed-requirements.txt";

/// Packages that are installed together, each in one exact version.
pub(crate) struct Packages {
    /// What people call them.
    pub(crate) name: &'static str,
    /// The file that lists them, in the workspace.
    pub(crate) requirements: &'static str,
    /// Their environment, in cargo's target folder.
    pub(crate) folder: &'static str,
}

/// The client that the end-to-end tests run in Python.
pub(crate) const CLIENT: Packages = Packages {
    name: "Python client",
    requirements: "tests/clients-python/requirements.txt",
    folder: "clients-python",
};

/// An environment of Python with packages in it.
pub(crate) struct Python {
    /// Where its programs are.
    pub(crate) programs: PathBuf,
}

impl Python {
    /// Finds Python and brings the packages to what their requirements say.
    ///
    /// # Errors
    /// Says what to install where Python is missing; fails where the packages cannot be had.
    pub(crate) fn prepare(
        config: &Config,
        installer: &mut Installer,
        packages: &Packages,
    ) -> Result<Self> {
        let system = installer.find_or_install(&PYTHON, || {
            program::find("python3", &config.search_path).filter(|program| makes_venvs(program))
        })?;
        let version = program::dotted(&program::version(&system)?);
        report::uses("Python", format!("{version} ({})", system.display()));
        let folder = config.target()?.join(packages.folder);
        install(&system, packages, &config.workspace, &folder)?;
        Ok(Self {
            programs: folder.join("bin"),
        })
    }

    /// The interpreter of the environment.
    pub(crate) fn interpreter(&self) -> PathBuf {
        self.program("python")
    }

    /// A program that one of the packages brought.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }
}

fn makes_venvs(program: &Path) -> bool {
    let imports = Command::new(program)
        .args(["-c", "import venv, ensurepip"])
        .output();
    imports.is_ok_and(|output| output.status.success())
}

fn install(system: &Path, packages: &Packages, workspace: &Path, folder: &Path) -> Result<()> {
    let requirements = workspace.join(packages.requirements);
    let wanted = fs::read(&requirements)
        .with_context(|| format!("there is no {}", packages.requirements))?;
    let installed = folder.join(INSTALLED_REQUIREMENTS);
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        report::uses(packages.name, "as its requirements say");
        return Ok(());
    }
    report::uses(packages.name, "pip install");
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
        let workspace = tempfile::tempdir().expect("a folder");
        let packages = Packages {
            name: "packages",
            requirements: "requirements.txt",
            folder: "environment",
        };
        let folder = workspace.path().join(packages.folder);
        let install = || {
            let no_python = Path::new("/nowhere/python3");
            install(no_python, &packages, workspace.path(), &folder)
        };
        assert!(install().is_err());
        fs::write(workspace.path().join("requirements.txt"), "a==1\n").expect("a file");
        assert!(install().is_err());
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join(INSTALLED_REQUIREMENTS), "a==1\n").expect("a file");
        install().expect("nothing to do");
    }
}
