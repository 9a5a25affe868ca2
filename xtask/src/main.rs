//! The project's own tasks: `cargo xtask test`, `chaos`, `images` and `lambda`.
//!
//! A task finds, starts or installs what it needs, says what it uses, and leaves nothing behind.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task talks to the person at the terminal"
)]

mod arm64;
mod bootstraps;
mod browser;
mod cargo;
mod chaos;
mod config;
mod ground;
mod images;
mod install;
mod interrupt;
mod lambda;
mod logs;
mod node;
mod operations;
mod process;
mod program;
mod python;
mod report;
mod serverless;
mod servers;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every test of the project, with all set-up.
    Test(test::Options),
    /// Builds what the images contain, as their Dockerfile says, and tests it.
    Images,
    /// Brings up the serverless shape on this machine, until Ctrl-C.
    Lambda(lambda::Options),
    /// Injects every fault under load, brings every load, and checks the promises.
    Chaos(chaos::Options),
}

fn main() -> ExitCode {
    let Arguments { task } = Arguments::parse();
    let done = match task {
        Task::Test(options) => test::run(&options),
        Task::Images => images::run(),
        Task::Lambda(options) => lambda::run(&options),
        Task::Chaos(options) => chaos::run(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
