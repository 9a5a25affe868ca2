//! The embedded Postgres as the rest of `maru` sees it: a URL.

use std::path::Path;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cache;
use super::error::EmbeddedError;
use super::folder::Folder;
use super::maintenance;
use super::server;
use super::session::Session;
use super::socket::Socket;

/// A running PostgreSQL in this process.
///
/// What it acknowledged as committed survives `kill -9` and the loss of power. Dropped without
/// [`stop`](Self::stop) it ends like a killed one: nothing is lost, and the next start recovers.
pub struct EmbeddedPostgres {
    url: String,
    session: Session,
    tasks: TaskTracker,
    stop: CancellationToken,
    // In this order: nobody else may have the folder before the socket in it is gone.
    _socket: Socket,
    _folder: Folder,
}

impl EmbeddedPostgres {
    /// Starts PostgreSQL on `<data_dir>/postgres`, which is made at the first start (three to four
    /// seconds; later starts take one), and serves it on a private socket.
    ///
    /// `progress` is told, in a line for people, what is about to take a while.
    ///
    /// # Errors
    /// [`EmbeddedError`]: the folder is in use or not usable, or the engine does not start.
    pub async fn start(data_dir: &Path, progress: impl Fn(&str)) -> Result<Self, EmbeddedError> {
        let folder = Folder::claim(data_dir)?;
        cache::check_cache()?;
        progress(if folder.is_new() {
            "preparing the embedded Postgres (first start only)…"
        } else {
            "starting the embedded Postgres…"
        });
        drop(progress);

        let session = Session::open(folder.database()).await?;
        let (socket, listener) = Socket::listen(folder.root())?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(maintenance::maintain(session.clone(), stop.clone()));
        tasks.spawn(server::serve(
            listener,
            session.clone(),
            tasks.clone(),
            stop.clone(),
        ));
        Ok(Self {
            url: socket.url(),
            session,
            tasks,
            stop,
            _socket: socket,
            _folder: folder,
        })
    }

    /// Where clients connect: `postgres:///postgres?host=/absolute/folder&…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts off the clients (the answer to what is running now still goes out; open transactions
    /// are rolled back), makes a checkpoint and ends PostgreSQL.
    ///
    /// # Errors
    /// [`EmbeddedError::Engine`] where it did not end cleanly. What was committed is safe all the
    /// same, and the next start recovers.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.session.clone().close().await
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts the embedded Postgres alone, `announce`s its URL and serves until `shutdown`.
///
/// # Errors
/// As [`EmbeddedPostgres::start`] and [`EmbeddedPostgres::stop`].
pub async fn serve_until(
    data_dir: &Path,
    progress: impl Fn(&str),
    announce: impl FnOnce(&str),
    shutdown: impl Future<Output = ()>,
) -> Result<(), EmbeddedError> {
    let postgres = EmbeddedPostgres::start(data_dir, progress).await?;
    announce(postgres.url());
    shutdown.await;
    postgres.stop().await
}
