//! What a task says: headings, times, the table at the end.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Measures how long something takes.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of the tasks that reads the clock"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// How one step went.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The step's name.
    pub(crate) step: &'static str,
    /// How long it took.
    pub(crate) took: Duration,
    /// What went wrong, in one line.
    pub(crate) fault: Option<String>,
}

/// Says that a new part begins.
pub(crate) fn heading(text: impl Display) {
    println!("\n== {text}");
}

/// Says that something is used.
pub(crate) fn uses(what: &str, detail: impl Display) {
    println!("   {what:<16} {detail}");
}

/// Says how all the steps went and, alone on the last line, how many of them passed.
pub(crate) fn summary(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for Outcome { step, took, fault } in outcomes {
        let verdict = match fault {
            None => "passed".to_owned(),
            Some(fault) => format!("FAILED: {fault}"),
        };
        let seconds = took.as_secs_f64();
        text += &format!("   {step:<16} {seconds:>7.1} s  {verdict}\n");
    }
    let failed = outcomes.iter().filter(|o| o.fault.is_some()).count();
    text + &format!("\n{} passed, {failed} failed", outcomes.len() - failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_ends_with_the_two_numbers_alone_on_a_line() {
        let outcome = |step, fault| Outcome {
            step,
            took: Duration::from_millis(1_250),
            fault,
        };
        let text = summary(&[
            outcome("rust", None),
            outcome("end-to-end", Some("exit status: 1".to_owned())),
        ]);
        assert_eq!(
            text,
            "   rust                 1.2 s  passed\n   \
                end-to-end           1.2 s  FAILED: exit status: 1\n\
                \n1 passed, 1 failed"
        );
    }
}
