//! The one session that all clients share, and whose turn it is.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::engine::{self, Engine};
use super::error::EmbeddedError;
use super::{translation, wire};

/// After how many failed statements the engine is replaced by a new one.
///
/// A failed statement leaves some 1 KB behind on the engine's stack. Measured, the engine then
/// refuses everything after 1 800 to 2 700 of them, or dies after 1 490. A new one takes half a second
/// and comes between two transactions.
const ERRORS_PER_ENGINE_MAX: u32 = 500;

/// Gives out the session, first come, first served.
#[derive(Clone)]
pub(super) struct Session {
    seat: Arc<tokio::sync::Mutex<Seat>>,
    /// The statements of clients that have left, if any have.
    left_behind: Arc<Mutex<Option<Vec<String>>>>,
    parameters: Arc<[(String, String)]>,
}

/// The turn of one client: from its first statement until the session is idle again. Dropping it
/// passes the turn on; whatever it left open is rolled back before anyone else sees the session.
pub(super) type Lease = OwnedMutexGuard<Seat>;

/// Why there is no lease.
#[derive(Debug)]
pub(super) enum LeaseError {
    /// Another client's turn took longer than was waited for.
    Busy,
    /// There is no engine, and none could be opened.
    Gone(EmbeddedError),
}

/// Where a client sits during its turn.
pub(super) struct Seat {
    folder: PathBuf,
    engine: Option<Engine>,
    generation: u64,
    is_idle: bool,
    errors: u32,
    is_exhausted: bool,
}

impl Session {
    /// Opens the database in `folder`.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub(super) async fn open(folder: PathBuf) -> Result<Self, EmbeddedError> {
        let mut seat = Seat::empty(folder);
        let parameters = seat.engine().await?.parameters().await?;
        Ok(Self {
            seat: Arc::new(tokio::sync::Mutex::new(seat)),
            left_behind: Arc::default(),
            parameters: parameters.into(),
        })
    }

    /// What every client is told of the session.
    pub(super) fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// Waits for the session, at most for `wait`, and gives it idle and clean.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub(super) async fn lease(&self, wait: Duration) -> Result<Lease, LeaseError> {
        let turn = timeout(wait, Arc::clone(&self.seat).lock_owned()).await;
        let mut lease = turn.map_err(|_| LeaseError::Busy)?;
        let left_behind = self.left_behind().take();
        match lease.tidy(left_behind).await {
            Ok(()) => Ok(lease),
            Err(error) => Err(LeaseError::Gone(error)),
        }
    }

    /// Leaves a gone client's statements, and whatever it set for the session, to be cleared away at
    /// the beginning of the next turn.
    pub(super) fn leave_behind(&self, statements: Vec<String>) {
        self.left_behind()
            .get_or_insert_default()
            .extend(statements);
    }

    /// Ends the session with a checkpoint, so that the next start has nothing to recover.
    ///
    /// # Errors
    /// [`EmbeddedError::Engine`]. What was committed is safe all the same.
    pub(super) async fn close(self) -> Result<(), EmbeddedError> {
        let mut seat = self.seat.lock().await;
        seat.tidy(None).await?;
        seat.retire().await
    }

    fn left_behind(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        self.left_behind
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn empty(folder: PathBuf) -> Self {
        Self {
            folder,
            engine: None,
            generation: 0,
            is_idle: true,
            errors: 0,
            is_exhausted: false,
        }
    }

    /// Which engine this is, counted from 1: a later one knows no prepared statement of an earlier.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the session is outside of any transaction and exchange.
    pub(super) fn is_idle(&self) -> bool {
        self.is_idle
    }

    /// The engine, opened if need be.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub(super) async fn engine(&mut self) -> Result<&Engine, EmbeddedError> {
        let engine = match self.engine.take() {
            Some(engine) => engine,
            None => {
                let engine = Engine::open(&self.folder).await?;
                self.generation += 1;
                self.is_idle = true;
                self.is_exhausted = false;
                self.errors = 0;
                engine
            }
        };
        Ok(self.engine.insert(engine))
    }

    /// Does what an exchange asks for.
    ///
    /// # Errors
    /// Where the engine failed. It is closed then, and the next turn begins with a new one, after
    /// the same recovery as after a crash.
    pub(super) async fn exec(&mut self, request: Bytes) -> Result<Bytes, EmbeddedError> {
        // Should this future be dropped, nobody may take the session for idle.
        self.is_idle = false;
        match self.engine().await?.exec(&request).await {
            Ok((answer, outcome)) => {
                self.is_idle = outcome.is_idle;
                self.errors += outcome.errors;
                self.is_exhausted |= outcome.is_exhausted;
                Ok(answer)
            }
            Err(error) => {
                if let Some(broken) = self.engine.take()
                    && let Err(error) = broken.close().await
                {
                    tracing::warn!(%error, "the failed embedded Postgres could not be closed");
                }
                Err(error)
            }
        }
    }

    /// Makes the session fit for its next client.
    async fn tidy(&mut self, left_behind: Option<Vec<String>>) -> Result<(), EmbeddedError> {
        if !self.is_idle {
            self.exec(rollback()).await?;
        }
        if self.is_exhausted || self.errors >= ERRORS_PER_ENGINE_MAX {
            tracing::info!(errors = self.errors, "renewing the embedded Postgres");
            self.retire().await?;
        }
        if let Some(statements) = left_behind {
            self.exec(clearing(&statements)).await?;
        }
        self.engine().await.map(drop)
    }

    async fn retire(&mut self) -> Result<(), EmbeddedError> {
        let Some(engine) = self.engine.take() else {
            return Ok(());
        };
        // With its stack used up it may not be able to; the next one then recovers instead.
        let checkpoint = engine.exec(&engine::simple_query("CHECKPOINT")).await;
        if let Err(error) = checkpoint {
            tracing::warn!(%error, "the embedded Postgres closes without a checkpoint");
        }
        engine.close().await
    }
}

/// Ends whatever a client was in the middle of: an exchange first, then the transaction.
fn rollback() -> Bytes {
    let mut out = BytesMut::new();
    wire::put(&mut out, b'S', &[]);
    wire::put(&mut out, b'Q', &[b"ROLLBACK\0"]);
    out.freeze()
}

/// Forgets statements, and what `set_config` set for the session.
fn clearing(statements: &[String]) -> Bytes {
    let mut out = BytesMut::new();
    for name in statements {
        translation::put_close(&mut out, name);
    }
    wire::put(&mut out, b'S', &[]);
    wire::put(&mut out, b'Q', &[b"RESET ALL\0"]);
    out.freeze()
}
