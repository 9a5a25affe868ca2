//! `cargo xtask chaos`: every fault, under load, with the promises checked.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::config::Config;
use crate::ground::Ground;
use crate::install::{Installer, Requirement};
use crate::interrupt;
use crate::process::Process;
use crate::program;
use crate::report;
use crate::step::Step;

/// Lets a program believe in another time.
const FAKETIME: Requirement = Requirement {
    name: "faketime",
    packages: &["faketime"],
    advice: "Install faketime (libfaketime), for example: sudo apt-get install faketime.",
};

/// How long all faults together may take.
const CHAOS_MAX: Duration = Duration::from_secs(60 * 60);

/// Injects one fault after the other, and shows that the checker can fail.
///
/// # Errors
/// Fails where something cannot be set up, and where a promise was broken.
pub(crate) fn run() -> Result<ExitCode> {
    let config = Config::from_env()?;
    interrupt::listen()?;
    report::heading("Set-up");
    let faketime = Installer::new(&config.search_path)
        .find_or_install(&FAKETIME, || program::find("faketime", &config.search_path))?;
    report::uses("faketime", faketime.display());
    let ground = Ground::prepare(&config, &[Step::Chaos])?;
    report::heading("chaos: every fault under load");
    let mut every_fault = ground.every_fault()?;
    every_fault.env("FAKETIME_PROGRAM", &faketime);
    Process::step("chaos", &mut every_fault)?.success(CHAOS_MAX)?;
    ground.search_logs(Step::Chaos)?;
    Ok(ExitCode::SUCCESS)
}
