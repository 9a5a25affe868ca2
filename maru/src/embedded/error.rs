//! What can keep the embedded Postgres from running.

use std::io;
use std::path::PathBuf;

/// Why the embedded Postgres does not run. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Another process, or another part of this one, has the data folder.
    #[error(
        "the data folder {} is in use by another process: stop that one, or name another folder with DATA_DIR",
        folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The data folder, or something in it, cannot be made, opened or locked.
    #[error("{} cannot be used: make it writable, or name another folder with DATA_DIR", path.display())]
    Folder {
        /// What could not be used.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The engine has nowhere to unpack itself.
    #[error("the embedded Postgres cannot unpack itself: name a writable folder with {variable}")]
    Cache {
        /// The environment variable that names the folder.
        variable: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The private socket cannot be opened.
    #[error("the embedded Postgres cannot listen on {}", path.display())]
    Socket {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// PostgreSQL itself failed.
    #[error("the embedded Postgres could not {attempted}")]
    Engine {
        /// What was attempted.
        attempted: &'static str,
        /// What the engine said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
