//! What a run says while it runs.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::journal::Event;

/// Tells the person who started it how far the run is. On a terminal the counts stay on one line.
#[derive(Clone)]
pub(crate) struct Progress {
    is_terminal: bool,
    counts: Arc<Counts>,
}

/// What has been counted so far.
#[derive(Default)]
pub(crate) struct Counts {
    sent: AtomicU64,
    receipted: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    heard: AtomicU64,
    ended: AtomicU64,
}

impl Progress {
    /// Talks to the standard error, so that the output is the verdict alone.
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
            counts: Arc::default(),
        }
    }

    /// The counts, for whoever adds to them.
    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Says a line.
    pub(crate) fn line(&self, text: impl Display) {
        let before = if self.is_terminal { "\r\x1b[K" } else { "" };
        self.write(format_args!("{before}{text}\n"));
    }

    /// Says the counts, after so many seconds.
    pub(crate) fn counts_at(&self, seconds: u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts {
            sent,
            receipted,
            refused,
            unanswered,
            heard,
            ended,
        } = &*self.counts;
        let (before, after) = if self.is_terminal {
            ("\r\x1b[K", "")
        } else {
            ("", "\n")
        };
        self.write(format_args!(
            "{before}{seconds:>4} s  sent {}  receipts {}  refusals {}  unanswered {}  heard {}  \
             connections ended {}{after}",
            read(sent),
            read(receipted),
            read(refused),
            read(unanswered),
            read(heard),
            read(ended),
        ));
    }

    /// How often the counts are worth saying, in seconds.
    pub(crate) fn interval_seconds(&self) -> u64 {
        if self.is_terminal { 1 } else { 5 }
    }

    fn write(&self, text: impl Display) {
        // Nobody is left to be told where this fails.
        let _ = write!(io::stderr(), "{text}");
    }
}

impl Counts {
    /// Counts what the journal takes.
    pub(crate) fn count(&self, event: &Event) {
        let count = match event {
            Event::Sent { .. } => &self.sent,
            Event::Receipt { .. } => &self.receipted,
            Event::Refusal { .. } => &self.refused,
            Event::Unanswered { .. } => &self.unanswered,
            Event::Stored { .. } | Event::Timed { .. } => &self.heard,
            Event::Closed { .. } => &self.ended,
            _ => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
