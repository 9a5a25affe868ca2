//! Node, the packages of what is tested with it, and the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::config::Config;
use crate::install::{Installer, Requirement};
use crate::process::{self, Process};
use crate::program;
use crate::report;

const NODE: Requirement = Requirement {
    name: "Node",
    packages: &["nodejs", "npm"],
    advice: "Install Node (version 20 or newer) with npm, for example from https://nodejs.org.",
};

/// The oldest Node that the tests are written for.
const VERSION_MIN: u32 = 20;
/// How long `npm ci` may take.
const NPM_MAX: Duration = Duration::from_secs(10 * 60);
/// How long the page may take to be built.
const BUILD_MAX: Duration = Duration::from_secs(5 * 60);
/// Where the end-to-end tests lie, in the workspace.
const FOLDER: &str = "tests/e2e";
/// Where faults are injected, in short and all of them, and where loads are brought.
const CHAOS_SHORT: &str = "tests/e2e/chaos/short.test.mjs";
const CHAOS_ALL: &str = "tests/e2e/chaos/all.test.mjs";
const CHAOS_LOAD: &str = "tests/e2e/chaos/load.test.mjs";
/// Where those in a browser lie.
const BROWSER_FOLDER: &str = "tests/e2e/browser";
/// Where those of the serverless shape lie.
const SERVERLESS_FOLDER: &str = "tests/e2e/serverless";
/// Where those of the deployment's files lie.
const OPERATIONS_FOLDER: &str = "tests/e2e/operations";
/// Where the page and its client lie.
const WEB_FOLDER: &str = "web";
/// Where the viewers of the documents lie.
const VIEWER_FOLDER: &str = "web/docs";
/// Where the client's tests lie.
const CLIENT_FOLDER: &str = "web/client/test";
/// The page's own folder, its server as seen from there, and the built page.
const PAGE_FOLDER: &str = "web/page";
const VITE: &str = "../node_modules/vite/bin/vite.js";
const PAGE: &str = "web/page/dist";
/// A copy of the lockfile that the installed packages were taken from.
const INSTALLED_LOCKFILE: &str = "node_modules/.installed-package-lock.json";

/// Node, with the packages that the tests import.
pub(crate) struct Node {
    program: PathBuf,
    workspace: PathBuf,
    /// The folder of the page that `maru` serves in the tests.
    pub(crate) page: PathBuf,
}

impl Node {
    /// Finds Node, brings the packages to what the lockfiles say, and builds the page.
    ///
    /// # Errors
    /// Says what to install where Node is missing or too old; fails where the packages cannot be
    /// had or the page is not sound.
    pub(crate) fn prepare(config: &Config, installer: &mut Installer) -> Result<Self> {
        let (program, npm) = installer.find_or_install(&NODE, || {
            let find = |name| program::find(name, &config.search_path);
            Some((find("node")?, find("npm")?))
        })?;
        let version = program::version(&program)?;
        let number = program::dotted(&version);
        if version.first().is_none_or(|&major| major < VERSION_MIN) {
            bail!("Node {number} is too old. {}", NODE.advice);
        }
        report::uses("Node", format!("{number} ({})", program.display()));
        for folder in [FOLDER, WEB_FOLDER, VIEWER_FOLDER] {
            install_packages(&npm, &config.workspace.join(folder))?;
        }
        // The viewers go into the page.
        let (page, viewer) = (WEB_FOLDER, VIEWER_FOLDER);
        for (folder, script) in [(page, "build"), (page, "check"), (viewer, "build")] {
            build(&npm, &config.workspace.join(folder), script)?;
        }
        Ok(Self {
            program,
            workspace: config.workspace.clone(),
            page: config.workspace.join(PAGE),
        })
    }

    /// A command that runs every end-to-end test.
    ///
    /// # Errors
    /// Fails where there is no test.
    pub(crate) fn end_to_end(&self) -> Result<Command> {
        self.tests(&[FOLDER])
    }

    /// A command that injects faults of every kind, in short.
    pub(crate) fn chaos_in_short(&self) -> Command {
        self.files([self.workspace.join(CHAOS_SHORT)])
    }

    /// A command that injects these faults; all of them, and shows that the checker can fail, where
    /// none is named.
    pub(crate) fn faults(&self, ids: &[String]) -> Command {
        self.named(ids, CHAOS_ALL)
    }

    /// A command that brings these loads; all of them where none is named.
    pub(crate) fn loads(&self, ids: &[String]) -> Command {
        self.named(ids, CHAOS_LOAD)
    }

    /// A command that runs the tests of the page and of its client.
    ///
    /// # Errors
    /// Fails where there is no test.
    pub(crate) fn in_browser(&self) -> Result<Command> {
        self.tests(&[CLIENT_FOLDER, BROWSER_FOLDER])
    }

    /// A command that runs the tests of the serverless shape.
    ///
    /// # Errors
    /// Fails where there is no test.
    pub(crate) fn serverless(&self) -> Result<Command> {
        self.tests(&[SERVERLESS_FOLDER])
    }

    /// A command that runs the tests of what operators use.
    ///
    /// # Errors
    /// Fails where there is no test.
    pub(crate) fn operations(&self) -> Result<Command> {
        self.tests(&[OPERATIONS_FOLDER])
    }

    /// A command that serves the page, and passes on what is for the API and the sockets, which its
    /// configuration finds in the environment.
    pub(crate) fn page_server(&self, port: u16) -> Command {
        let mut command = process::command(&self.program, None);
        command.current_dir(self.workspace.join(PAGE_FOLDER));
        command.args([
            VITE,
            "preview",
            "--host",
            "127.0.0.1",
            "--strictPort",
            "--port",
        ]);
        command.arg(port.to_string());
        command
    }

    fn tests(&self, folders: &[&str]) -> Result<Command> {
        let mut files = Vec::new();
        for folder in folders {
            files.extend(test_files(&self.workspace.join(folder))?);
        }
        Ok(self.files(files))
    }

    /// The tests of a file whose names begin with one of these; all of them where none is given.
    fn named(&self, ids: &[String], file: &str) -> Command {
        let mut command = self.runner();
        if !ids.is_empty() {
            command.arg(format!("--test-name-pattern=^({}):", ids.join("|")));
        }
        command.arg(self.workspace.join(file));
        command
    }

    fn files(&self, files: impl IntoIterator<Item = PathBuf>) -> Command {
        let mut command = self.runner();
        command.args(files);
        command
    }

    /// Runs one file after the other: some measure.
    fn runner(&self) -> Command {
        let mut command = process::command(&self.program, None);
        command.current_dir(self.workspace.join(FOLDER));
        command.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
        command
    }
}

fn build(npm: &Path, folder: &Path, script: &str) -> Result<()> {
    let mut command = process::command(npm, None);
    command.current_dir(folder);
    command.args(["run", "--silent", script]);
    Process::step("the page", &mut command)?.success(BUILD_MAX)
}

fn install_packages(npm: &Path, folder: &Path) -> Result<()> {
    let wanted = fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    let installed = folder.join(INSTALLED_LOCKFILE);
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        report::uses("Node packages", "as the lockfile says");
        return Ok(());
    }
    report::uses("Node packages", "npm ci");
    let mut command = process::command(npm, None);
    command.current_dir(folder);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    Process::step("npm ci", &mut command)?.success(NPM_MAX)?;
    fs::write(&installed, wanted).context("cannot note what was installed")
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("there is no test in {}", folder.display());
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_files_are_run_and_a_folder_without_one_is_a_fault() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(test_files(folder.path()).is_err());
        for name in ["rooms.test.mjs", "errors.test.mjs", "person.mjs"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let names = ["errors.test.mjs", "rooms.test.mjs"];
        assert_eq!(
            test_files(folder.path()).expect("tests"),
            names.map(|name| folder.path().join(name))
        );
    }

    #[test]
    fn packages_that_are_as_the_lockfile_says_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let no_npm = Path::new("/nowhere/npm");
        fs::write(folder.path().join("package-lock.json"), "{}").expect("a file");
        assert!(install_packages(no_npm, folder.path()).is_err());
        fs::create_dir(folder.path().join("node_modules")).expect("a folder");
        fs::write(folder.path().join(INSTALLED_LOCKFILE), "{}").expect("a file");
        install_packages(no_npm, folder.path()).expect("nothing to do");
    }
}
