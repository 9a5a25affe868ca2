//! What the environment says: the only reader of it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What a task takes from its environment.
pub(crate) struct Config {
    /// A Postgres to use instead of a private one.
    pub(crate) database_url: Option<String>,
    /// A Redis to use instead of a private one.
    pub(crate) redis_url: Option<String>,
    /// Where programs are looked for, in this order.
    pub(crate) search_path: Vec<PathBuf>,
    /// The cargo that runs this task.
    pub(crate) cargo: PathBuf,
    /// The root of the workspace.
    pub(crate) workspace: PathBuf,
    /// Where cargo puts the programs it builds: the folder of this very program.
    pub(crate) programs: PathBuf,
    /// The command `maru` that is tested.
    pub(crate) maru: PathBuf,
    /// The instance of the socket tier that is tested.
    pub(crate) socket_tier: PathBuf,
    /// The page that is tested, where it is not the one that the tests build.
    pub(crate) page: Option<PathBuf>,
    /// What `cargo run` told this program about the package xtask.
    pub(crate) told_by_cargo: Vec<OsString>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Fails where the path of this program is not known.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub(crate) fn from_env() -> Result<Self> {
        let text = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let own = env::current_exe().context("the path of this program is not known")?;
        let programs = own
            .parent()
            .context("this program does not lie in a folder")?;
        Ok(Self {
            database_url: text("DATABASE_URL"),
            redis_url: text("REDIS_URL"),
            search_path: env::var_os("PATH")
                .map(|path| env::split_paths(&path).collect())
                .unwrap_or_default(),
            cargo: env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            workspace: Path::new(env!("CARGO_MANIFEST_DIR"))
                .parent()
                .context("xtask does not lie in the workspace")?
                .to_owned(),
            programs: programs.to_owned(),
            maru: programs.join("maru"),
            socket_tier: programs.join("socket-tier"),
            page: None,
            told_by_cargo: env::vars_os()
                .map(|(name, _)| name)
                .filter(|name| is_about_a_package(&name.to_string_lossy()))
                .collect(),
        })
    }
}

impl Config {
    /// Cargo's target folder.
    ///
    /// # Errors
    /// Fails where this program lies somewhere else.
    pub(crate) fn target(&self) -> Result<&Path> {
        self.programs.parent().context("the programs lie nowhere")
    }
}

/// A nested cargo that inherits these builds some packages anew, since their build scripts watch
/// them.
fn is_about_a_package(variable: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ]
    .iter()
    .any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_cargo_keeps_the_settings_of_its_caller_and_not_the_package() {
        assert!(is_about_a_package("CARGO_PKG_NAME"));
        assert!(is_about_a_package("CARGO_MANIFEST_DIR"));
        assert!(!is_about_a_package("CARGO_HOME"));
        assert!(!is_about_a_package("CARGO_TARGET_DIR"));
    }
}
