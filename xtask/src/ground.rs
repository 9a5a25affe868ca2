//! What the steps stand on: servers, programs, packages.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::cargo;
use crate::config::Config;
use crate::install::Installer;
use crate::logs;
use crate::node::Node;
use crate::operations::Operations;
use crate::python::{self, Python};
use crate::report;
use crate::serverless::Serverless;
use crate::servers::{self, Server, Servers};
use crate::step::Step;

/// Which tests run SQL, all of which must hold on both kinds of Postgres: those of `message-log`,
/// `history` and `auth` are among these. To name the packages would have Cargo choose other features
/// and build hundreds of crates once more.
const SQL_TARGETS: [&str; 6] = ["--workspace", "--lib", "--test", "it", "--test", "api"];

/// Everything that the chosen steps need, up and running. Dropping it stops what it started and
/// removes every file that was left behind.
pub(crate) struct Ground<'a> {
    config: &'a Config,
    node: Option<Node>,
    python: Option<Python>,
    browser: Option<Browser>,
    serverless: Option<Serverless>,
    operations: Option<Operations>,
    embedded: Option<Server>,
    native: Option<Servers>,
    /// The programs of a Postgres that may be killed.
    postgres_programs: Option<PathBuf>,
    // Last, so that nobody writes into it any more when it goes.
    scratch: TempDir,
}

impl<'a> Ground<'a> {
    /// Finds, installs, starts and builds, in the order in which faults come out soonest.
    ///
    /// # Errors
    /// Fails at the first thing that cannot be had, and says what to do about it.
    pub(crate) fn prepare(config: &'a Config, steps: &[Step]) -> Result<Self> {
        let mut installer = Installer::new(&config.search_path);
        let mut ground = Self {
            config,
            node: None,
            python: None,
            browser: None,
            serverless: None,
            operations: None,
            embedded: None,
            native: None,
            postgres_programs: None,
            scratch: tempfile::Builder::new().prefix("maru-scratch-").tempdir()?,
        };
        report::uses("scratch folder", ground.scratch.path().display());
        if steps.iter().any(|step| step.needs_servers()) {
            ground.native = Some(Servers::start(config, &mut installer)?);
        }
        if steps.iter().any(|step| step.needs_node()) {
            ground.node = Some(Node::prepare(config, &mut installer)?);
        }
        if steps.contains(&Step::Browser) {
            ground.browser = Some(Browser::prepare(config, &mut installer)?);
        }
        if steps.contains(&Step::EndToEnd) {
            let client = Python::prepare(config, &mut installer, &python::CLIENT)?;
            ground.python = Some(client);
        }
        report::uses("programs", config.programs.display());
        cargo::build_everything(config)?;
        if steps.contains(&Step::Chaos) {
            ground.postgres_programs = Some(servers::postgres_programs(config, &mut installer)?);
        }
        if steps.iter().any(|step| step.needs_failpoints()) {
            cargo::build_failpoints(config)?;
        }
        if steps.contains(&Step::Serverless) {
            ground.serverless = Some(Serverless::prepare(config, &mut installer)?);
        }
        if steps.contains(&Step::Operations) {
            ground.operations = Some(Operations::prepare(config, &mut installer)?);
        }
        if steps.contains(&Step::SqlEmbedded) {
            let embedded = servers::embedded(&config.maru)?;
            report::uses("Postgres", &embedded);
            ground.embedded = Some(embedded);
        }
        Ok(ground)
    }

    /// The command that runs all tests of `step`.
    ///
    /// # Errors
    /// Fails where what it needs was not prepared.
    pub(crate) fn command(&self, step: Step) -> Result<Command> {
        let command = match step {
            Step::Rust => self.cargo_test(&["--workspace"]),
            Step::SqlEmbedded => self.cargo_test(&SQL_TARGETS),
            Step::EndToEnd => self.node.as_ref().context("no Node")?.end_to_end()?,
            Step::Chaos => self.node.as_ref().context("no Node")?.chaos_in_short(),
            Step::Browser => self.node.as_ref().context("no Node")?.in_browser()?,
            Step::Serverless => self.node.as_ref().context("no Node")?.serverless()?,
            Step::Operations => self.node.as_ref().context("no Node")?.operations()?,
        };
        self.told(step, command)
    }

    /// The command that injects these faults; all of them where none is named.
    ///
    /// # Errors
    /// Fails where what it needs was not prepared.
    pub(crate) fn faults(&self, ids: &[String]) -> Result<Command> {
        let command = self.node.as_ref().context("no Node")?.faults(ids);
        self.told(Step::Chaos, command)
    }

    /// The command that brings these loads; all of them where none is named.
    ///
    /// # Errors
    /// Fails where what it needs was not prepared.
    pub(crate) fn loads(&self, ids: &[String]) -> Result<Command> {
        let command = self.node.as_ref().context("no Node")?.loads(ids);
        self.told(Step::Chaos, command)
    }

    /// Tells a command of a step what it stands on.
    fn told(&self, step: Step, mut command: Command) -> Result<Command> {
        if step == Step::SqlEmbedded {
            let embedded = self.embedded.as_ref().context("no embedded Postgres")?;
            command.env("DATABASE_URL", &embedded.url);
        } else {
            let native = self.native.as_ref().context("no servers")?;
            command.env("DATABASE_URL", &native.postgres.url);
            command.env("REDIS_URL", &native.redis.url);
            command.env("REDIS_SERVER", &native.redis_program);
        }
        if let Some(python) = &self.python {
            command.env("PYTHON_WITH_STOMP", python.interpreter());
        }
        if let Some(programs) = &self.postgres_programs {
            command.env("POSTGRES_PROGRAMS", programs);
        }
        if step.needs_failpoints() {
            let failpoints = self.program("socket-tier-failpoints");
            command.env("SOCKET_TIER_FAILPOINTS_BIN", failpoints);
        }
        if let Some(serverless) = &self.serverless {
            serverless.tell(&mut command);
        }
        if let Some(operations) = &self.operations {
            operations.tell(&mut command);
        }
        if let Some(browser) = &self.browser {
            command.env("CHROMIUM", &browser.program);
            command.env("PICTURES", &browser.pictures);
        }
        if step.needs_node() {
            let node = self.node.as_ref().context("no Node")?;
            let page = self.config.page.as_ref().unwrap_or(&node.page);
            command.env("WEB_DIR", page);
            let logs = self.logs(step);
            fs::create_dir_all(&logs)?;
            command.env("LOGS", logs);
        }
        command.env("MARU_BIN", &self.config.maru);
        command.env("SOCKET_TIER_BIN", &self.config.socket_tier);
        command.env("BENCH_BIN", self.program("bench"));
        command.env("XTASK_BIN", self.program("xtask"));
        command.env("DYNAMODB_BIN", self.program("examples/dynamodb"));
        command.env("TMPDIR", self.scratch.path());
        Ok(command)
    }

    /// Searches what the programs logged that a step has started for what may be in no log.
    ///
    /// # Errors
    /// Something of it is there, or nothing was logged.
    pub(crate) fn search_logs(&self, step: Step) -> Result<()> {
        if !step.needs_node() {
            return Ok(());
        }
        let searched = logs::search(&self.logs(step))?;
        report::uses("logs", searched);
        Ok(())
    }

    fn logs(&self, step: Step) -> PathBuf {
        self.scratch.path().join("logs").join(step.name())
    }

    fn cargo_test(&self, arguments: &[&str]) -> Command {
        let mut command = cargo::command(self.config);
        command.args(["test", "--no-fail-fast"]).args(arguments);
        command
    }

    fn program(&self, name: &str) -> PathBuf {
        self.config.programs.join(name)
    }
}
