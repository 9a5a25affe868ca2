//! The browser in which the page is tested.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::config::Config;
use crate::install::{Installer, Requirement};
use crate::program;
use crate::report;

const CHROMIUM: Requirement = Requirement {
    name: "Chromium with a Korean font",
    packages: &["chromium", "fonts-nanum"],
    advice: "Install Chromium and, on Debian, fonts-nanum.",
};

/// What Chromium is called.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Where Debian puts the font; other systems bring one of their own.
const DEBIAN_FONTS: &str = "/usr/share/fonts/truetype/nanum";
/// Where the tests put pictures of the page, in the workspace.
const PICTURES: &str = "artefacts/browser";

/// A browser, and where its pictures go.
pub(crate) struct Browser {
    pub(crate) program: PathBuf,
    pub(crate) pictures: PathBuf,
}

impl Browser {
    /// Finds Chromium, or installs it.
    ///
    /// # Errors
    /// Says what to install where it is missing.
    pub(crate) fn prepare(config: &Config, installer: &mut Installer) -> Result<Self> {
        let has_font =
            || !Path::new("/etc/debian_version").exists() || Path::new(DEBIAN_FONTS).exists();
        let program = installer.find_or_install(&CHROMIUM, || {
            let find = |name: &&str| program::find(name, &config.search_path);
            NAMES.iter().find_map(find).filter(|_| has_font())
        })?;
        let number = program::dotted(&program::version(&program)?);
        report::uses("Chromium", format!("{number} ({})", program.display()));
        let pictures = config.workspace.join(PICTURES);
        report::uses("pictures", pictures.display());
        Ok(Self { program, pictures })
    }
}
