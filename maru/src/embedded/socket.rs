//! The private Unix socket of the embedded Postgres.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::UnixListener;

use super::engine::{DATABASE, USER};
use super::error::EmbeddedError;

/// The longest path of a Unix socket on every system that has them: `sun_path` holds 108 bytes on
/// Linux and 104 on macOS, with the closing NUL.
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// Clients look for `.s.PGSQL.<port>` in the folder that they are given as the host.
const SOCKET_FILE: &str = ".s.PGSQL.5432";
const PORT: u16 = 5432;

/// A folder that only this user may enter, and the socket in it. The socket is removed on drop.
#[derive(Debug)]
pub(super) struct Socket {
    folder: PathBuf,
    /// Holds the folder where the data folder's own path was too long or not text.
    _temporary: Option<TempDir>,
}

impl Socket {
    /// Makes the folder in `root`, or under the system's temporary folder where a socket in `root`
    /// could not be named, and listens.
    ///
    /// A socket left behind by a process that was killed is replaced: the caller has claimed `root`.
    ///
    /// # Errors
    /// [`EmbeddedError::Folder`] and [`EmbeddedError::Socket`].
    pub(super) fn listen(root: &Path) -> Result<(Self, UnixListener), EmbeddedError> {
        let preferred = root.join("postgres-socket");
        let (folder, temporary) = if is_addressable(&preferred) {
            make_private(&preferred).map_err(|source| EmbeddedError::Folder {
                path: preferred.clone(),
                source,
            })?;
            (preferred, None)
        } else {
            let temporary = tempfile::Builder::new()
                .prefix("maru-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir()
                .map_err(|source| EmbeddedError::Folder {
                    path: std::env::temp_dir(),
                    source,
                })?;
            (temporary.path().to_path_buf(), Some(temporary))
        };
        let path = folder.join(SOCKET_FILE);
        let listener = bind(&path).map_err(|source| EmbeddedError::Socket { path, source })?;
        let socket = Self {
            folder,
            _temporary: temporary,
        };
        Ok((socket, listener))
    }

    /// The address for a client, as `sqlx` and libpq read it.
    pub(super) fn url(&self) -> String {
        let host = percent_encoded(self.folder.as_os_str().as_encoded_bytes());
        format!("postgres:///{DATABASE}?host={host}&port={PORT}&user={USER}&sslmode=disable")
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Best effort: what stays is replaced by the next start.
        let _ = fs::remove_file(self.folder.join(SOCKET_FILE));
    }
}

fn is_addressable(folder: &Path) -> bool {
    folder.to_str().is_some() && folder.join(SOCKET_FILE).as_os_str().len() <= SOCKET_PATH_BYTES_MAX
}

fn make_private(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::set_permissions(folder, Permissions::from_mode(0o700))
        }
        Err(error) => Err(error),
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    UnixListener::bind(path)
}

/// Encodes a path for a query parameter: everything but `/` and what RFC 3986 § 2.3 leaves alone.
fn percent_encoded(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_owner_may_enter_the_sockets_folder() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("postgres-socket");
        fs::create_dir(&folder).expect("a folder left by an earlier start");
        fs::write(folder.join(SOCKET_FILE), "left behind").expect("a stale socket");

        let (socket, _listener) = Socket::listen(root.path()).expect("it listens");

        let mode = fs::metadata(&folder)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(socket);
        assert!(!folder.join(SOCKET_FILE).exists());
    }

    #[tokio::test]
    async fn a_path_too_long_for_a_socket_moves_it_to_the_temporary_folder() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let deep = root.path().join("d".repeat(SOCKET_PATH_BYTES_MAX));
        fs::create_dir(&deep).expect("a folder with a long name");

        let (socket, _listener) = Socket::listen(&deep).expect("it listens");

        assert!(!socket.folder.starts_with(&deep));
        let mode = fs::metadata(&socket.folder)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_folder_with_any_name_survives_the_url() {
        assert_eq!(
            percent_encoded("/home/마루 & co/a+b".as_bytes()),
            "/home/%EB%A7%88%EB%A3%A8%20%26%20co/a%2Bb"
        );
    }
}
