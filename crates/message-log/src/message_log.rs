//! The handle to the log, and how it reaches Postgres.

use std::str::FromStr;
use std::sync::Arc;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::append::RepeatsState;
use crate::epoch::EpochState;
use crate::error::{Cause, ConnectError, ReadError};
use crate::pool::{Lease, Pool};

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
    pool: Arc<Pool>,
    pub(crate) epoch: Arc<EpochState>,
    pub(crate) repeats: Arc<RepeatsState>,
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

    /// Prepares the log at a `postgres://` URL and dials when it is first used.
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
        Ok(Self {
            pool: Arc::new(Pool::new(options, connections_max)),
            epoch: Arc::default(),
            repeats: Arc::default(),
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
        self.pool.connections()
    }

    /// Ends all connections, once what runs on them is done; the log is of no more use then.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Takes a connection of the pool.
    pub(crate) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        self.pool.lease().await
    }
}
