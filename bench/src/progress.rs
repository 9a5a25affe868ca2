//! What a measurement shows while it runs.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::time::Instant;

/// How often it is shown.
const INTERVAL: Duration = Duration::from_millis(250);

/// How long the bar is, in characters.
const BAR: usize = 24;

/// A bar on the standard error: on a terminal it moves, elsewhere each run has a line when it ends.
pub(crate) struct Progress {
    label: String,
    expected: Duration,
    began: Instant,
    shown: Cell<Instant>,
    is_terminal: bool,
}

impl Progress {
    /// A bar that is full when the expected time has passed.
    pub(crate) fn new(label: String, expected: Duration) -> Self {
        let now = Instant::now();
        Self {
            label,
            expected,
            began: now,
            shown: Cell::new(now),
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Whether it is time to show something again.
    pub(crate) fn is_tick(&self, now: Instant) -> bool {
        let is_tick = now - self.shown.get() >= INTERVAL;
        if is_tick {
            self.shown.set(now);
        }
        is_tick
    }

    /// Shows how much has been counted.
    pub(crate) fn show(&self, counted: u64) {
        if self.is_terminal {
            let share = self.began.elapsed().as_secs_f64() / self.expected.as_secs_f64();
            let full = ((share * BAR as f64) as usize).min(BAR);
            let bar = ["=".repeat(full), " ".repeat(BAR - full)].concat();
            say(&format!("\r\x1b[K{} [{bar}] {counted}", self.label));
        }
    }

    /// Says what came of it.
    pub(crate) fn finish(&self, text: &str) {
        let before = if self.is_terminal { "\r\x1b[K" } else { "" };
        say(&format!("{before}{}: {text}\n", self.label));
    }
}

fn say(text: &str) {
    // Nobody is left to be told where this fails.
    let _ = io::stderr().write_all(text.as_bytes());
}
