//! `cargo xtask chaos`: every fault under load, and every load that is to be held, with the
//! promises checked.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo;
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

/// How long all faults together may take, and all loads.
const CHAOS_MAX: Duration = Duration::from_secs(60 * 60);

/// What `cargo xtask chaos` can be told.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs only these faults (F…) and loads (L…), such as F18,L1
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = id)]
    only: Vec<String>,
    /// Puts the socket tier of an earlier version beside this one, and updates it under load
    #[arg(long, value_name = "PROGRAM")]
    earlier: Option<PathBuf>,
}

impl Options {
    /// Tells a command which program is of an earlier version.
    fn tell_earlier(&self, command: &mut Command) -> Result<()> {
        if let Some(earlier) = &self.earlier {
            let earlier = fs::canonicalize(earlier)
                .with_context(|| format!("there is no program {}", earlier.display()))?;
            command.env("EARLIER_SOCKET_TIER_BIN", earlier);
        }
        Ok(())
    }

    fn includes(&self, kind: char) -> bool {
        self.only.is_empty() || self.only.iter().any(|id| id.starts_with(kind))
    }
}

/// Injects one fault after the other, shows that the checker can fail, and brings the loads.
///
/// # Errors
/// Fails where something cannot be set up, and where a promise was broken.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let config = Config::from_env()?;
    interrupt::listen()?;
    report::heading("Set-up");
    let faketime = Installer::new(&config.search_path)
        .find_or_install(&FAKETIME, || program::find("faketime", &config.search_path))?;
    report::uses("faketime", faketime.display());
    let ground = Ground::prepare(&config, &[Step::Chaos])?;
    if options.includes('F') {
        report::heading("chaos: every fault under load");
        let mut faults = ground.faults(&options.only)?;
        faults.env("FAKETIME_PROGRAM", &faketime);
        options.tell_earlier(&mut faults)?;
        Process::step("chaos", &mut faults)?.success(CHAOS_MAX)?;
    }
    if options.includes('L') {
        report::heading("chaos: every load that is to be held");
        let programs = cargo::build_release(&config)?;
        let mut loads = ground.loads(&options.only)?;
        options.tell_earlier(&mut loads)?;
        loads.env("MARU_BIN", programs.join("maru"));
        loads.env("SOCKET_TIER_BIN", programs.join("socket-tier"));
        Process::step("chaos", &mut loads)?.success(CHAOS_MAX)?;
    }
    ground.search_logs(Step::Chaos)?;
    Ok(ExitCode::SUCCESS)
}

/// The number of a fault or a load; it becomes a part of a pattern.
fn id(text: &str) -> Result<String, String> {
    let number = text.strip_prefix(['F', 'L']);
    let is_id = number.is_some_and(|number| {
        number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_alphanumeric())
    });
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| "is neither a fault such as F18 nor a load such as L1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_loads_have_numbers() {
        for good in ["F1", "F14b", "L5"] {
            assert_eq!(id(good), Ok(good.to_owned()));
        }
        for wrong in ["", "F", "L", "X1", "F1|L1", "f1", "Fb"] {
            assert!(id(wrong).is_err(), "{wrong}");
        }
    }
}
