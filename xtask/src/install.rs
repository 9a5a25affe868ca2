//! What to do about a program that this machine lacks.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{self, Process};
use crate::program;
use crate::report;

/// How long the system's package manager may take.
const INSTALL_MAX: Duration = Duration::from_secs(15 * 60);
/// Debian asks this script before it starts a service that was just installed.
const SERVICE_POLICY: &str = "/usr/sbin/policy-rc.d";

/// A program that the tests need.
pub(crate) struct Requirement {
    /// What people call it.
    pub(crate) name: &'static str,
    /// The Debian packages that bring it.
    pub(crate) packages: &'static [&'static str],
    /// What to do where we may not install it, as a sentence.
    pub(crate) advice: &'static str,
}

/// Installs what is missing, where that is allowed: as root on Debian and its children.
pub(crate) struct Installer {
    apt_get: Option<PathBuf>,
    package_lists_are_fresh: bool,
}

impl Installer {
    /// Looks at what this machine allows.
    pub(crate) fn new(search_path: &[PathBuf]) -> Self {
        let debian = Path::new("/etc/debian_version").exists() && program::is_root();
        Self {
            apt_get: program::find("apt-get", search_path).filter(|_| debian),
            package_lists_are_fresh: false,
        }
    }

    /// What `look` finds: as the machine is, or after the installation of what is missing.
    ///
    /// # Errors
    /// Says what to install where that is not allowed or has not helped.
    pub(crate) fn find_or_install<T>(
        &mut self,
        requirement: &Requirement,
        look: impl Fn() -> Option<T>,
    ) -> Result<T> {
        if let Some(found) = look() {
            return Ok(found);
        }
        let Requirement { name, advice, .. } = requirement;
        let Some(apt_get) = self.apt_get.clone() else {
            bail!("{name} is missing. {advice}");
        };
        self.install(&apt_get, requirement.packages)
            .with_context(|| format!("{name} is missing and cannot be installed. {advice}"))?;
        look().with_context(|| {
            let packages = requirement.packages.join(" ");
            format!("{name} is still missing after apt-get install {packages}. {advice}")
        })
    }

    fn install(&mut self, apt_get: &Path, packages: &[&str]) -> Result<()> {
        report::uses("installing", packages.join(" "));
        let _quiet = ServicesStayOff::begin()?;
        if !self.package_lists_are_fresh {
            run_apt_get(apt_get, &["update"])?;
            self.package_lists_are_fresh = true;
        }
        let install = ["install", "-y", "--no-install-recommends"];
        run_apt_get(apt_get, &[&install, packages].concat())
    }
}

fn run_apt_get(apt_get: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = process::command(apt_get, None);
    command.arg("-q").args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Process::step("apt-get", &mut command)?.success(INSTALL_MAX)
}

/// While this lives, an installed server is not started as a service of the machine: the tests
/// start private ones.
struct ServicesStayOff {
    written: bool,
}

impl ServicesStayOff {
    fn begin() -> Result<Self> {
        let policy = Path::new(SERVICE_POLICY);
        if policy.exists() {
            return Ok(Self { written: false });
        }
        // 101 says "not allowed" (invoke-rc.d).
        fs::write(policy, "#!/bin/sh\nexit 101\n")
            .with_context(|| format!("cannot write {SERVICE_POLICY}"))?;
        let off = Self { written: true };
        fs::set_permissions(policy, Permissions::from_mode(0o755))?;
        Ok(off)
    }
}

impl Drop for ServicesStayOff {
    fn drop(&mut self) {
        if self.written && fs::remove_file(SERVICE_POLICY).is_err() {
            eprintln!("{SERVICE_POLICY} could not be removed: please remove it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIREMENT: Requirement = Requirement {
        name: "Maru's teapot",
        packages: &["no-such-package"],
        advice: "Install a teapot.",
    };

    #[test]
    fn what_is_there_is_not_installed() {
        let mut installer = Installer {
            apt_get: Some("/nowhere/apt-get".into()),
            package_lists_are_fresh: false,
        };
        let found = installer.find_or_install(&REQUIREMENT, || Some(7));
        assert_eq!(found.expect("found"), 7);
    }

    #[test]
    fn who_may_not_install_is_told_what_to_install() {
        let mut installer = Installer {
            apt_get: None,
            package_lists_are_fresh: false,
        };
        let error = installer
            .find_or_install(&REQUIREMENT, || None::<()>)
            .expect_err("missing");
        assert_eq!(
            error.to_string(),
            "Maru's teapot is missing. Install a teapot."
        );
    }
}
