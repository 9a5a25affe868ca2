//! Where the engine unpacks its code (some 50 MB, once per user and version of the engine).
//!
//! The engine takes the user's cache folder, and only the environment can name another one.

use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use super::error::EmbeddedError;

/// The variable that decides where the cache folder is.
const VARIABLE: &str = if cfg!(target_os = "macos") {
    "HOME"
} else {
    "XDG_CACHE_HOME"
};

/// Makes sure that the engine has a writable folder to unpack itself in.
///
/// Where the user's cache folder is not writable (a read-only home, a user without one), this
/// process replaces itself by the same command with `<data_dir>/cache` named in the environment:
/// an environment cannot be changed safely from within. Call it first in `main`, before any thread
/// is started. It then does not return.
///
/// # Errors
/// [`EmbeddedError::Cache`] where neither folder is writable.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine reads this variable, so it is no setting of the configuration"
)]
pub fn relocate_cache(data_dir: &Path) -> Result<(), EmbeddedError> {
    let Err(source) = probe() else {
        return Ok(());
    };
    let private = data_dir.join("cache");
    if env::var_os(VARIABLE).is_some_and(|named| Path::new(&named) == absolute(&private)) {
        return Err(unwritable(source));
    }
    match restart_with(&private) {
        Ok(never) => match never {},
        Err(source) => Err(unwritable(source)),
    }
}

/// Checks that the engine's cache folder, as the environment stands, can be written to.
///
/// # Errors
/// [`EmbeddedError::Cache`] where it cannot.
pub(super) fn check_cache() -> Result<(), EmbeddedError> {
    probe().map_err(unwritable)
}

fn probe() -> io::Result<()> {
    let folder = cache_folder()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the user has no home folder"))?;
    fs::create_dir_all(&folder)?;
    tempfile::tempfile_in(&folder).map(drop)
}

/// The folder that the engine will choose, found in the way in which it finds it.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine reads this variable, so it is no setting of the configuration"
)]
fn cache_folder() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        let folder = "Library/Caches/dev.oliphaunt-wasix.oliphaunt-wasix";
        return env::home_dir().map(|home| home.join(folder));
    }
    env::var_os(VARIABLE)
        .map(PathBuf::from)
        .filter(|named| named.is_absolute())
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .map(|caches| caches.join("oliphaunt-wasix"))
}

fn restart_with(folder: &Path) -> io::Result<Infallible> {
    fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder)?;
    let mut arguments = env::args_os();
    let name = arguments.next();
    let mut command = Command::new(env::current_exe()?);
    if let Some(name) = name {
        command.arg0(name);
    }
    Err(command
        .args(arguments)
        .env(VARIABLE, absolute(folder))
        .exec())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn unwritable(source: io::Error) -> EmbeddedError {
    EmbeddedError::Cache {
        variable: VARIABLE,
        source,
    }
}
