//! Ctrl-C and its relatives: stop what runs, tidy up, leave.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::process::Event;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static WAITING: Mutex<Option<Sender<Event>>> = Mutex::new(None);

/// Turns the signals into a flag and a wake-up, so that everything that must be tidied up is
/// dropped in the ordinary way.
///
/// # Errors
/// Fails where the signals cannot be taken over.
pub(crate) fn listen() -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for Ctrl-C and SIGTERM")?;
    thread::spawn(move || {
        for _signal in signals.forever() {
            INTERRUPTED.store(true, Ordering::SeqCst);
            if let Some(waiting) = &*WAITING.lock().unwrap_or_else(PoisonError::into_inner) {
                // Nobody listens any more where the wait is just over.
                let _ = waiting.send(Event::Interrupted);
            }
        }
    });
    Ok(())
}

/// Leaves where a signal has come.
///
/// # Errors
/// Fails exactly then.
pub(crate) fn check() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        bail!("interrupted");
    }
    Ok(())
}

/// From now on a signal also wakes whoever receives from `waiting`.
pub(crate) fn wake(waiting: Sender<Event>) {
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiting);
}
