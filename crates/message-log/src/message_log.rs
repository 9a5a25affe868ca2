//! The handle to the log, and how it reaches Postgres.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use crate::epoch::EpochState;
use crate::error::{Cause, ConnectError, ReadError};
use crate::lease::Lease;

/// How long a caller waits for a connection, dialling included.
pub(crate) const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(1);

/// A connection that idled longer is tried before it is used: its server may be gone, or this
/// process may have been frozen for minutes.
const IDLE_TRUSTED_MAX: Duration = Duration::from_secs(1);

/// How long such a trial may take before the connection is given up.
const TRIAL_TIME_MAX: Duration = Duration::from_millis(250);

/// What the URL of a database begins with; sqlx reads past it.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// How many connections a log has open to Postgres, one after the other and not at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Open, in use or kept for the next who needs one.
    pub open: u32,
    /// Of these, taken at the moment.
    pub in_use: u32,
}

/// The log of every room, in one Postgres. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct MessageLog {
    pool: PgPool,
    pub(crate) epoch: Arc<EpochState>,
}

impl MessageLog {
    /// Opens the log at a `postgres://` URL, with at most `connections_max` connections, and makes
    /// sure that it answers.
    ///
    /// # Errors
    /// Says whether the URL is wrong or the server does not answer; waits a second at most.
    pub async fn connect(url: &str, connections_max: u32) -> Result<Self, ConnectError> {
        let log = Self::connect_lazy(url, connections_max)?;
        log.ping().await.map_err(|error| match error {
            ReadError::Unavailable(cause) | ReadError::Failed(cause) => {
                ConnectError::Unreachable(cause)
            }
        })?;
        Ok(log)
    }

    /// Prepares the log at a `postgres://` URL and dials when it is first used. Is to be called
    /// inside a Tokio runtime.
    ///
    /// # Errors
    /// Says what is wrong with the URL.
    pub fn connect_lazy(url: &str, connections_max: u32) -> Result<Self, ConnectError> {
        if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            let cause = Cause::told("it does not begin with postgres://");
            return Err(ConnectError::BadUrl(cause));
        }
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| ConnectError::BadUrl(Cause::of(&error)))?
            .application_name("maru")
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(CONNECTION_WAIT_MAX)
            .test_before_acquire(false)
            .before_acquire(|connection, past| {
                Box::pin(async move {
                    if past.idle_for < IDLE_TRUSTED_MAX {
                        return Ok(true);
                    }
                    Ok(matches!(
                        timeout(TRIAL_TIME_MAX, connection.ping()).await,
                        Ok(Ok(()))
                    ))
                })
            })
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            epoch: Arc::default(),
        })
    }

    /// Makes sure that Postgres answers a query.
    ///
    /// # Errors
    /// Postgres is away or too slow.
    pub async fn ping(&self) -> Result<(), ReadError> {
        self.read(|| sqlx::query("SELECT 1")).await.map(|_| ())
    }

    /// What the connections are at now.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let open = self.pool.size();
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        Connections {
            open,
            in_use: open.saturating_sub(idle),
        }
    }

    /// Ends all connections, once what runs on them is done; the log is of no more use then.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Takes a connection of the pool.
    pub(crate) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        self.pool.acquire().await.map(Lease::new)
    }
}
