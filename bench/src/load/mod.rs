//! Rooms full of people who talk: what a server delivers, how fast and at what cost.

mod crowd;
mod histogram;
mod ledger;
mod run;
mod scenario;
mod send_frame;
mod stamp;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::limit::{self, FRAME_BYTES, Writes};
use crate::progress::Progress;
use crate::report::{Report, Run};
use crate::target::{TARGET_FORM, Target};
use scenario::SCENARIO_FORM;

pub(crate) use crate::report::Spread;
pub(crate) use crowd::Crowd;
pub(crate) use histogram::Histogram;
pub(crate) use ledger::Faults;
pub(crate) use run::{Length, Outcome, QUANTILES, room_name, run_name};
pub(crate) use scenario::{Pace, Scenario};
pub(crate) use send_frame::{CONTENT_BYTES, SendFrame, receipt_of, refusal_of};
pub(crate) use stamp::Stamp;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, required = true, help = format!("A server, as {TARGET_FORM}; more than one are measured in turns"))]
    target: Vec<Target>,
    #[arg(long, help = format!("Who listens to what: {SCENARIO_FORM}"))]
    scenario: Vec<Scenario>,
    /// How many deliveries are outstanding on each connection; 1 and 20 where neither this nor a
    /// rate is given.
    #[arg(long, value_delimiter = ',')]
    outstanding: Vec<usize>,
    /// How many messages a second are sent, whatever becomes of them; measured beside the rest.
    #[arg(long)]
    rate: Vec<f64>,
    /// How often everything is measured; the medians are what counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many seconds of each run are not counted.
    #[arg(long, default_value_t = 2)]
    warm_up: u64,
    /// How many seconds of each run are counted.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Leaves out what the kernel can do.
    #[arg(long)]
    no_limit: bool,
    /// How long a frame of the limit is, in bytes.
    #[arg(long, default_value_t = FRAME_BYTES)]
    frame_bytes: usize,
    /// Where the figures are written.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where the page with the plots is written.
    #[arg(long)]
    html: Option<PathBuf>,
}

/// How many frames the writes of the limit hold.
const LIMIT_FRAMES: [usize; 3] = [1, 8, 20];

/// Runs everything round by round and reports.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(mut options: Options) -> Result<()> {
    ensure!(
        options.rounds > 0,
        "there is nothing to measure in no round"
    );
    if options.scenario.is_empty() {
        options.scenario = ["A", "B"]
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
    }
    if options.outstanding.is_empty() && options.rate.is_empty() {
        options.outstanding = vec![1, 20];
    }
    let mut report = Report::begin(options.rounds, options.target.clone())?;
    for round in 1..=options.rounds {
        for scenario in &options.scenario {
            measure_scenario(&options, round, *scenario, &mut report).await?;
        }
    }
    report.summarise();
    print!("{}", report.table());
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(path, json).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if let Some(path) = &options.html {
        let html = report.html();
        fs::write(path, html).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    ensure!(report.failures.is_empty(), "not every run came to its end");
    Ok(())
}

async fn measure_scenario(
    options: &Options,
    round: usize,
    scenario: Scenario,
    report: &mut Report,
) -> Result<()> {
    let length = Length {
        warm_up: Duration::from_secs(options.warm_up),
        measured: Duration::from_secs(options.seconds),
    };
    let expected = length.warm_up + length.measured;
    let of =
        |name: &str, pace: &str| format!("{round}/{} {scenario} {pace} {name}", options.rounds);
    if !options.no_limit {
        for frames in LIMIT_FRAMES {
            let pace = format!("{frames} a write");
            let progress = Progress::new(of("limit", &pace), expected);
            let writes = Writes {
                connections: scenario.connections,
                frames,
                frame_bytes: options.frame_bytes,
            };
            let outcome = limit::run(writes, length, &progress).await?;
            progress.finish(&in_short(&outcome));
            report
                .runs
                .push(Run::new(round, scenario, pace, "limit", outcome));
        }
    }
    let closed = options.outstanding.iter().copied().map(Pace::Closed);
    let paces = closed.chain(options.rate.iter().copied().map(Pace::PerSecond));
    for pace in paces {
        for target in &options.target {
            let pace_name = pace.to_string();
            let progress = Progress::new(of(&target.name, &pace_name), expected);
            match run::run(target, scenario, pace, length, &progress).await {
                Ok(outcome) => {
                    progress.finish(&in_short(&outcome));
                    report
                        .runs
                        .push(Run::new(round, scenario, pace_name, &target.name, outcome));
                }
                Err(error) => {
                    let failure = format!("failed: {error:#}");
                    progress.finish(&failure);
                    report
                        .failures
                        .push(format!("{} {failure}", of(&target.name, &pace_name)));
                }
            }
        }
    }
    Ok(())
}

fn in_short(outcome: &Outcome) -> String {
    let mut text = format!(
        "{:.0} deliveries/s, {:.0} frames per CPU second",
        outcome.deliveries as f64 / outcome.seconds,
        outcome.frames_per_cpu_second()
    );
    if outcome.faults != Faults::default() {
        let _ = write!(text, ", {:?}", outcome.faults);
    }
    text
}
