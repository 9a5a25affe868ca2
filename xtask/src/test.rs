//! `cargo xtask test`: every test of the project, on a fresh machine, with all set-up.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::config::Config;
use crate::ground::Ground;
use crate::interrupt;
use crate::process::Process;
use crate::report::{self, Outcome, Stopwatch};
use crate::step::Step;

/// How long one step may take.
const STEP_MAX: Duration = Duration::from_secs(40 * 60);

/// What `cargo xtask test` can be told.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs only these steps
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<Step>,
    /// Lists the steps and runs nothing
    #[arg(long)]
    list: bool,
}

impl Options {
    fn chosen(&self) -> Vec<Step> {
        let all = Step::value_variants().iter().copied();
        all.filter(|step| self.only.is_empty() || self.only.contains(step))
            .collect()
    }
}

/// Runs the chosen steps, all of them even where one fails.
///
/// # Errors
/// Fails where not even the set-up can begin; a failed step is told by the exit code.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.list {
        for step in Step::value_variants() {
            println!("{:<16} {}", step.name(), step.about());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::from_env()?;
    interrupt::listen()?;
    Ok(report_on(&config, &options.chosen()))
}

/// Runs these steps and says how they went.
pub(crate) fn report_on(config: &Config, steps: &[Step]) -> ExitCode {
    let outcomes = set_up_and_run(config, steps);
    report::heading("Summary");
    println!("{}", report::summary(&outcomes));
    let good = outcomes.iter().all(|outcome| outcome.fault.is_none());
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Everything that was started is stopped when this returns.
fn set_up_and_run(config: &Config, steps: &[Step]) -> Vec<Outcome> {
    report::heading("Set-up");
    let mut ground = None;
    let set_up = timed("set-up", || {
        ground = Some(Ground::prepare(config, steps)?);
        Ok(())
    });
    let mut outcomes = vec![set_up];
    outcomes.extend(steps.iter().map(|&step| {
        timed(step.name(), || match &ground {
            Some(ground) => run_step(ground, step),
            None => Err(anyhow::anyhow!("not run, since the set-up failed")),
        })
    }));
    outcomes
}

fn run_step(ground: &Ground<'_>, step: Step) -> Result<()> {
    interrupt::check()?;
    report::heading(format_args!("{}: {}", step.name(), step.about()));
    let mut command = ground.command(step)?;
    let ended = Process::step(step.name(), &mut command)?.success(STEP_MAX);
    // What a failed test was told may be in the logs as well.
    ended.and(ground.search_logs(step))
}

fn timed(step: &'static str, work: impl FnOnce() -> Result<()>) -> Outcome {
    let watch = Stopwatch::start();
    let fault = work().err().map(|error| format!("{error:#}"));
    Outcome {
        step,
        took: watch.elapsed(),
        fault,
    }
}
