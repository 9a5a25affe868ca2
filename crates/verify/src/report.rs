//! The result of a run, for people and for machines.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;

use crate::check::{Findings, Kind, Tally, Violation};
use crate::journal::Client;
use crate::latency::Spread;
use crate::plan::Plan;

/// How many violations are told one by one.
const VIOLATIONS_TOLD_MAX: usize = 10;

/// The result of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether every promise was kept.
    pub kept: bool,
    /// From which the run's choices follow.
    pub seed: u64,
    /// What the rooms' names begin with.
    pub room_prefix: String,
    /// How many rooms there were.
    pub rooms: u32,
    /// How many clients listened.
    pub listeners: u32,
    /// How many clients sent.
    pub senders: u32,
    /// When the first message was due, in milliseconds of Unix time.
    pub began_unix_ms: u64,
    /// How long after the last answer every listener was complete, in milliseconds.
    pub quiet_after_ms: u64,
    /// Whether the rows were read from Postgres too.
    pub rows_from_sql: bool,
    /// What was counted and measured.
    #[serde(flatten)]
    pub tally: Tally,
    /// How many breaches there were of each kind.
    pub breaches: BTreeMap<Kind, u64>,
    /// The first of them.
    pub violations: Vec<Violation>,
    /// Where everything is written down.
    pub journal: PathBuf,
}

/// What a report says beside what the check found.
pub(crate) struct Circumstances {
    pub(crate) began: SystemTime,
    pub(crate) quiet_after_ms: u64,
    pub(crate) journal: PathBuf,
}

impl Report {
    pub(crate) fn new(plan: &Plan, findings: Findings, circumstances: Circumstances) -> Self {
        let Findings {
            mut violations,
            tally,
        } = findings;
        let mut breaches = BTreeMap::new();
        for violation in &violations {
            *breaches.entry(violation.kind).or_default() += 1;
        }
        violations.truncate(VIOLATIONS_TOLD_MAX);
        let began = circumstances.began.duration_since(SystemTime::UNIX_EPOCH);
        let began = began.unwrap_or_default().as_millis();
        Self {
            kept: violations.is_empty(),
            seed: plan.seed,
            room_prefix: plan.prefix.clone(),
            rooms: plan.options.rooms,
            listeners: plan.options.listeners,
            senders: plan.options.senders,
            began_unix_ms: u64::try_from(began).unwrap_or(u64::MAX),
            quiet_after_ms: circumstances.quiet_after_ms,
            rows_from_sql: plan.options.database_url.is_some(),
            tally,
            breaches,
            violations,
            journal: circumstances.journal,
        }
    }

    fn room(&self, index: u32) -> String {
        format!("{}-{index}", self.room_prefix)
    }
}

/// The verdict, as it is read.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        writeln!(
            f,
            "{} messages: {} receipted, {} refused, {} unknown, {} unsent; {} rows in {} rooms{}",
            tally.intended,
            tally.receipted,
            tally.refused,
            tally.unknown,
            tally.unsent,
            tally.rows,
            self.rooms,
            if self.rows_from_sql {
                ", the same from Postgres"
            } else {
                ""
            },
        )?;
        writeln!(
            f,
            "{} were unknown for a while, {} receipts told a duplicate; {} listeners heard {}",
            tally.unknown_for_a_while, tally.duplicates, self.listeners, tally.heard,
        )?;
        writeln!(f, "receipt   {}", spread(&tally.receipt_ms))?;
        writeln!(f, "delivery  {}", spread(&tally.delivery_ms))?;
        if !tally.closes.is_empty() || !tally.refusals.is_empty() {
            let (closes, refusals) = (list(&tally.closes), list(&tally.refusals));
            writeln!(f, "connections lost: {closes}; refusals: {refusals}")?;
            writeln!(
                f,
                "longest without a room: {} ms; last late answer {} ms after the start",
                tally.away_ms_max, tally.last_late_ms,
            )?;
        }
        writeln!(f, "seed {}, journal {}", self.seed, self.journal.display())?;
        if self.kept {
            return write!(f, "KEPT: nothing lost, nothing doubled, one order, no gap");
        }
        writeln!(f, "BROKEN:")?;
        for (kind, count) in &self.breaches {
            writeln!(f, "  {kind}: {count} times")?;
        }
        for violation in &self.violations {
            writeln!(f, "  room {}, {violation}", self.room(violation.room))?;
        }
        let untold = self.breaches.values().sum::<u64>() - self.violations.len() as u64;
        write!(f, "  and {untold} more in the journal")
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "seq {seq}")?,
            None => write!(f, "no seq")?,
        }
        match self.who {
            Some(Client::Listener(n)) => write!(f, ", listener {n}")?,
            Some(Client::Sender(n)) => write!(f, ", sender {n}")?,
            None => {}
        }
        write!(
            f,
            ": {}\n    expected {}\n    found    {}",
            self.kind, self.expected, self.found
        )
    }
}

fn spread(spread: &Spread) -> String {
    let Spread {
        count,
        p50,
        p90,
        p99,
        p999,
        max,
    } = spread;
    format!("p50 {p50} ms, p90 {p90} ms, p99 {p99} ms, p99.9 {p999} ms, max {max} ms, of {count}")
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let each = counts
        .iter()
        .map(|(name, count)| format!("{count}× {name}"));
    each.collect::<Vec<_>>().join(", ")
}
