//! The connections to Postgres that are open, and who has them.
//!
//! sqlx's own pool asks the server after each use, in a task of its own, whether the connection can
//! be used again: another round trip for every statement. Here a [`Lease`] knows, for it goes back
//! only when it is given back.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{self, Instant, timeout};

use crate::message_log::Connections;

/// How long a caller waits for a connection, dialling included.
pub(crate) const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(1);

/// A connection that idled longer is tried before it is used: its server may be gone, or this
/// process may have been frozen for minutes.
const IDLE_TRUSTED_MAX: Duration = Duration::from_secs(1);

/// How long such a trial may take before the connection is given up.
const TRIAL_TIME_MAX: Duration = Duration::from_millis(250);

/// A connection that idled longer is closed.
const IDLE_MAX: Duration = Duration::from_secs(10 * 60);

/// A connection that is older is closed: what a server process gathers over time goes with it, and
/// a name that leads to another server by now is asked for again.
const AGE_MAX: Duration = Duration::from_secs(30 * 60);

/// How long after the first and at most after any failure a server that is only just starting is
/// dialled again.
const REDIAL_PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];

/// How long a farewell to the server may take.
const FAREWELL_TIME_MAX: Duration = Duration::from_millis(500);

/// At most so many connections, which are dialled when there is need of them.
pub(crate) struct Pool {
    options: PgConnectOptions,
    connections_max: u32,
    /// One for each connection that is not on loan.
    places: Arc<Semaphore>,
    /// The one that was given back last stands last and goes first.
    idle: Mutex<Vec<Idle>>,
    is_closed: AtomicBool,
}

/// A connection that nobody uses.
struct Idle {
    open: Open,
    since: Instant,
}

/// An open connection.
struct Open {
    connection: PgConnection,
    dialled: Instant,
}

/// A connection on loan, which goes back only when it is [given back](Self::give_back).
///
/// One that is dropped on the way (an error, a time-out, a caller that lost interest) is closed:
/// it may be in the middle of a transaction or of an answer. The server then rolls back, for it
/// sees the end of the stream where the COMMIT should be.
pub(crate) struct Lease {
    open: Open,
    pool: Arc<Pool>,
    /// Dropped after the connection is idle or closed.
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(options: PgConnectOptions, connections_max: u32) -> Self {
        Self {
            options,
            connections_max,
            places: Arc::new(Semaphore::new(connections_max as usize)),
            idle: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Lends a connection: the one that was used last, or a new one.
    ///
    /// # Errors
    /// Postgres refuses, or there is none within [`CONNECTION_WAIT_MAX`].
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, sqlx::Error> {
        let leased = timeout(CONNECTION_WAIT_MAX, async {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.map_err(|_| sqlx::Error::PoolClosed)?;
            if self.is_closed.load(Ordering::Acquire) {
                return Err(sqlx::Error::PoolClosed);
            }
            let open = match self.kept().await {
                Some(open) => open,
                None => self.dial().await?,
            };
            Ok(Lease {
                open,
                pool: Arc::clone(self),
                _place: place,
            })
        });
        leased.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// What the connections are at now.
    pub(crate) fn connections(&self) -> Connections {
        let idle = u32::try_from(self.idle().len()).unwrap_or(u32::MAX);
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        let in_use = self.connections_max.saturating_sub(free);
        Connections {
            open: in_use.saturating_add(idle),
            in_use,
        }
    }

    /// Lends no more, waits for what is on loan and closes everything.
    pub(crate) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let all = self.places.acquire_many(self.connections_max).await;
        self.places.close();
        let idle = mem::take(&mut *self.idle());
        for Idle { open, .. } in idle {
            // A server that does not answer needs no farewell.
            let _ = timeout(FAREWELL_TIME_MAX, open.connection.close()).await;
        }
        drop(all);
    }

    /// A connection that is there and answers.
    async fn kept(&self) -> Option<Open> {
        loop {
            let Idle { mut open, since } = self.idle().pop()?;
            if open.dialled.elapsed() > AGE_MAX {
                continue;
            }
            if since.elapsed() < IDLE_TRUSTED_MAX {
                return Some(open);
            }
            if let Ok(Ok(())) = timeout(TRIAL_TIME_MAX, open.connection.ping()).await {
                return Some(open);
            }
        }
    }

    /// Opens a connection, however often that takes while the server is starting.
    async fn dial(&self) -> Result<Open, sqlx::Error> {
        let [mut pause, pause_max] = REDIAL_PAUSES;
        loop {
            match self.options.connect().await {
                Ok(connection) => {
                    return Ok(Open {
                        connection,
                        dialled: Instant::now(),
                    });
                }
                Err(error) if passes_by_itself(&error) => time::sleep(pause).await,
                Err(error) => return Err(error),
            }
            pause = (pause * 2).min(pause_max);
        }
    }

    fn keep(&self, open: Open) {
        let since = Instant::now();
        let mut idle = self.idle();
        let stale = idle
            .iter()
            .take_while(|kept| kept.since.elapsed() > IDLE_MAX)
            .count();
        idle.drain(..stale);
        idle.push(Idle { open, since });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server that is starting, or has no connection left, says so.
fn passes_by_itself(error: &sqlx::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            ConnectionRefused | ConnectionAborted | ConnectionReset
        ),
        sqlx::Error::Database(answer) => answer.is_transient_in_connect_phase(),
        _ => false,
    }
}

impl Lease {
    /// Returns the connection, which is between two transactions.
    pub(crate) fn give_back(self) {
        let Self { open, pool, _place } = self;
        pool.keep(open);
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.open.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.open.connection
    }
}

/// The options hold the password.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.connections()).finish()
    }
}
