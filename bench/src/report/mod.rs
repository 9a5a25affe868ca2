//! What all runs came to.

mod page;
mod plot;
mod spread;

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::load::{Faults, Outcome, QUANTILES, Scenario};
use crate::target::Target;

pub(crate) use spread::Spread;

/// All of it; the JSON result.
#[derive(Serialize)]
pub(crate) struct Report {
    began: String,
    machine: Machine,
    command: Vec<String>,
    rounds: usize,
    quantiles: [f64; 9],
    targets: Vec<Target>,
    pub(crate) summary: Vec<Summary>,
    pub(crate) runs: Vec<Run>,
    pub(crate) failures: Vec<String>,
}

/// What it ran on.
#[derive(Serialize)]
struct Machine {
    processor: String,
    processors: usize,
    kernel: String,
    memory: String,
    /// The load average at the beginning: what else runs there.
    load: String,
}

/// One run of one server.
#[derive(Serialize)]
pub(crate) struct Run {
    round: usize,
    scenario: Scenario,
    pace: String,
    name: String,
    outcome: Outcome,
}

/// What the rounds of one server say together: medians, with the range where that matters.
#[derive(Serialize)]
pub(crate) struct Summary {
    scenario: Scenario,
    pace: String,
    name: String,
    rounds: usize,
    deliveries_per_second: Spread,
    deliveries_per_cpu_second: Spread,
    frames_per_cpu_second: Spread,
    /// Frames per CPU second, of what the kernel does with one frame per write.
    of_limit: Option<f64>,
    receipts_per_second: Spread,
    latency_ms: Vec<f64>,
    /// Of all rounds.
    faults: Faults,
    server_processors: Spread,
    backend_processors: Spread,
    load_processors: Spread,
    connects_per_second: Spread,
    connect_cpu_us: Spread,
    resident_bytes_per_connection: Spread,
}

impl Run {
    pub(crate) fn new(
        round: usize,
        scenario: Scenario,
        pace: String,
        name: &str,
        outcome: Outcome,
    ) -> Self {
        Self {
            round,
            scenario,
            pace,
            name: name.to_owned(),
            outcome,
        }
    }
}

impl Report {
    pub(crate) fn begin(rounds: usize, targets: Vec<Target>) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "when it was measured")]
        let began = OffsetDateTime::now_utc();
        Ok(Self {
            began: began.format(&Rfc3339)?,
            machine: Machine::here()?,
            command: std::env::args().skip(1).collect(),
            rounds,
            quantiles: QUANTILES,
            targets,
            summary: Vec::new(),
            runs: Vec::new(),
            failures: Vec::new(),
        })
    }

    /// Puts the rounds together.
    pub(crate) fn summarise(&mut self) {
        let mut summaries: Vec<Summary> = Vec::new();
        for run in &self.runs {
            let is_known = summaries.iter().any(|summary| summary.is_of(run));
            if !is_known {
                let of_it = |other: &&Run| run.is_like(other);
                let outcomes = self.runs.iter().filter(of_it).map(|run| &run.outcome);
                summaries.push(Summary::of(run, &outcomes.collect::<Vec<_>>()));
            }
        }
        let limits: Vec<(Scenario, f64)> = summaries
            .iter()
            .filter(|summary| summary.name == "limit" && summary.pace == "1 a write")
            .map(|summary| (summary.scenario, summary.frames_per_cpu_second.median))
            .collect();
        for summary in &mut summaries {
            let limit = limits
                .iter()
                .find(|(scenario, _)| *scenario == summary.scenario);
            summary.of_limit = limit.map(|(_, limit)| summary.frames_per_cpu_second.median / limit);
        }
        self.summary = summaries;
    }

    /// The medians as a table of Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from(
            "| scenario | pace | server | deliveries/s | per CPU s (range) | frames per CPU s \
             (range) | of the limit | p50 ms | p99 ms | receipts/s | CPUs: server, backends, load | \
             lost, doubled, reordered, unreceipted, refused |\n| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: \
             | ---: | --- | --- |\n",
        );
        for row in &self.summary {
            let of_limit = row
                .of_limit
                .map_or("–".into(), |ratio| format!("{:.0} %", ratio * 100.0));
            let Faults {
                lost,
                doubled,
                reordered,
                unreceipted,
                refused,
            } = row.faults;
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.0} | {} | {} | {of_limit} | {:.2} | {:.2} | {:.0} | {:.2}, {:.2}, {:.2} | {lost}, {doubled}, {reordered}, {unreceipted}, {refused} |",
                row.scenario,
                row.pace,
                row.name,
                row.deliveries_per_second.median,
                row.deliveries_per_cpu_second,
                row.frames_per_cpu_second,
                row.latency_at(0.5),
                row.latency_at(0.99),
                row.receipts_per_second.median,
                row.server_processors.median,
                row.backend_processors.median,
                row.load_processors.median,
            );
        }
        for failure in &self.failures {
            let _ = writeln!(text, "\n{failure}");
        }
        text
    }

    /// The page with the plots, which needs nothing beside it.
    pub(crate) fn html(&self) -> String {
        page::render(self)
    }
}

impl Run {
    fn is_like(&self, other: &Run) -> bool {
        self.scenario == other.scenario && self.pace == other.pace && self.name == other.name
    }
}

impl Summary {
    fn is_of(&self, run: &Run) -> bool {
        self.scenario == run.scenario && self.pace == run.pace && self.name == run.name
    }

    fn of(run: &Run, outcomes: &[&Outcome]) -> Self {
        let spread = |figure: &dyn Fn(&Outcome) -> f64| {
            Spread::of(outcomes.iter().map(|outcome| figure(outcome)).collect())
        };
        let latency_at = |index: usize| spread(&|outcome| outcome.latency_ms[index]).median;
        let mut faults = Faults::default();
        for outcome in outcomes {
            faults.lost += outcome.faults.lost;
            faults.doubled += outcome.faults.doubled;
            faults.reordered += outcome.faults.reordered;
            faults.unreceipted += outcome.faults.unreceipted;
            faults.refused += outcome.faults.refused;
        }
        Self {
            scenario: run.scenario,
            pace: run.pace.clone(),
            name: run.name.clone(),
            rounds: outcomes.len(),
            deliveries_per_second: spread(&|outcome| outcome.deliveries as f64 / outcome.seconds),
            deliveries_per_cpu_second: spread(&Outcome::deliveries_per_cpu_second),
            frames_per_cpu_second: spread(&Outcome::frames_per_cpu_second),
            of_limit: None,
            receipts_per_second: spread(&|outcome| outcome.receipts as f64 / outcome.seconds),
            latency_ms: (0..QUANTILES.len()).map(latency_at).collect(),
            faults,
            server_processors: spread(&|outcome| outcome.server_cpu_seconds / outcome.seconds),
            backend_processors: spread(&|outcome| outcome.backend_cpu_seconds / outcome.seconds),
            load_processors: spread(&|outcome| outcome.load_cpu_seconds / outcome.seconds),
            connects_per_second: spread(&|outcome| outcome.connects_per_second),
            connect_cpu_us: spread(&|outcome| outcome.connect_cpu_us),
            resident_bytes_per_connection: spread(&|outcome| outcome.resident_bytes_per_connection),
        }
    }

    fn latency_at(&self, quantile: f64) -> f64 {
        let index = QUANTILES.iter().position(|known| *known == quantile);
        index.map_or(f64::NAN, |index| self.latency_ms[index])
    }
}

impl Machine {
    fn here() -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path);
        let value = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            let (_, value) = line
                .and_then(|line| line.split_once(':'))
                .unwrap_or_default();
            value.trim().to_owned()
        };
        Ok(Self {
            processor: value(&read("/proc/cpuinfo")?, "model name"),
            processors: std::thread::available_parallelism()?.get(),
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            memory: value(&read("/proc/meminfo")?, "MemTotal"),
            load: read("/proc/loadavg")?.trim().to_owned(),
        })
    }
}
