//! A function built for arm64, which the template asks for, and what runs it on another processor.

use std::env::consts::ARCH;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::bootstraps;
use crate::cargo;
use crate::config::Config;
use crate::install::{Installer, Requirement};
use crate::interrupt;
use crate::process::Process;
use crate::program;
use crate::report;
use crate::serverless::Tools;

/// The one that is built: it stands for both, and is built in half the time.
const FUNCTION: &str = "history";
/// What Rust calls the processor.
const TARGET: &str = "aarch64-unknown-linux-gnu";
/// How long rustup may take to fetch the standard library for it.
const TARGET_MAX: Duration = Duration::from_secs(5 * 60);
/// Where its programs are put, in cargo's target folder.
const FOLDER: &str = "lambda-arm64";

const EMULATOR: Requirement = Requirement {
    name: "An emulator of arm64",
    packages: &[
        "qemu-user-static",
        "libc6-arm64-cross",
        "libgcc-s1-arm64-cross",
    ],
    advice: "On Debian, install qemu-user-static, libc6-arm64-cross and libgcc-s1-arm64-cross.",
};
const EMULATOR_PROGRAM: &str = "qemu-aarch64-static";
/// Where the emulated programs find their libraries.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// The function, and the program that runs it.
pub(crate) struct Arm64 {
    bootstrap: PathBuf,
    emulator: PathBuf,
}

impl Arm64 {
    /// Builds the function and finds the emulator; `Err` inside says what cannot be had here.
    ///
    /// # Errors
    /// The function does not build although everything for it is there.
    pub(crate) fn prepare(
        config: &Config,
        installer: &mut Installer,
        tools: &Tools,
    ) -> Result<Result<Self, String>> {
        if ARCH == "aarch64" {
            let why = "this machine is arm64 itself, and all tests ran on it";
            return Ok(Err(why.to_owned()));
        }
        if let Err(missing) = have_target(config) {
            interrupt::check()?;
            return Ok(Err(format!(
                "no standard library for {TARGET}: {missing:#}"
            )));
        }
        let folder = config.target()?.join(FOLDER);
        let place = folder.to_str().context("the target folder's path")?;
        let options = ["--arm64", "--lambda-dir", place];
        bootstraps::build(config, tools, FUNCTION, &options)?;
        let found = installer.find_or_install(&EMULATOR, || {
            program::find(EMULATOR_PROGRAM, &config.search_path)
                .filter(|_| Path::new(LIBRARIES).exists())
        });
        interrupt::check()?;
        Ok(found
            .map(|emulator| Self {
                bootstrap: folder.join(FUNCTION).join("bootstrap"),
                emulator,
            })
            .map_err(|missing| format!("built, and not run: {missing:#}")))
    }

    /// Tells a command how it is run.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env("ARM64_BOOTSTRAP", &self.bootstrap);
        command.env("ARM64_EMULATOR", &self.emulator);
        command.env("ARM64_LIBRARIES", LIBRARIES);
    }
}

/// Makes sure that the compiler has the standard library for arm64.
fn have_target(config: &Config) -> Result<()> {
    if is_there(config)? {
        return Ok(());
    }
    let rustup = program::find("rustup", &config.search_path).context("there is no rustup")?;
    report::uses("installing", TARGET);
    let mut command = cargo::beside_cargo(config, rustup);
    command.args(["target", "add", TARGET]);
    Process::step("rustup target add", &mut command)?.success(TARGET_MAX)?;
    if !is_there(config)? {
        bail!("rustup has put it somewhere else");
    }
    Ok(())
}

fn is_there(config: &Config) -> Result<bool> {
    let asked = Command::new(config.cargo.with_file_name("rustc"))
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("rustc does not run")?;
    let folder = String::from_utf8_lossy(&asked.stdout);
    Ok(asked.status.success() && Path::new(folder.trim()).is_dir())
}
