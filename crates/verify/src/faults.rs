//! Breaks things on purpose, by the commands that the options name.

use std::process::Stdio;

use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use crate::journal::{Event, Journal};
use crate::options::Fault;
use crate::progress::Progress;

/// Runs every fault at its time; the caller sees to their end.
pub(crate) fn inject(
    faults: &[Fault],
    start: Instant,
    journal: &Journal,
    progress: &Progress,
) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for fault in faults.iter().cloned() {
        let (journal, progress) = (journal.clone(), progress.clone());
        running.spawn(async move {
            time::sleep_until(start + fault.at).await;
            progress.line(format_args!("fault at {:?}: {}", fault.at, fault.command));
            let outcome = run(&fault.command).await;
            journal
                .note(Event::Fault {
                    command: fault.command,
                    outcome,
                })
                .await;
        });
    }
    running
}

async fn run(command: &str) -> String {
    let status = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await;
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}
