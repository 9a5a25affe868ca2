//! How the accounts reach Postgres.

use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres};
use tokio::time::timeout;

use super::error::{AccountsError, Cause, OpenError, is_lost};

/// How long a caller waits for a connection, dialling included.
pub(super) const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(1);

/// How long a statement may take, waiting for its connection included.
const STATEMENT_TIME_MAX: Duration = Duration::from_secs(2);

/// A connection that idled for longer is tried before it is used: a process that the platform froze
/// finds its connections dead.
const IDLE_TRUSTED_MAX: Duration = Duration::from_secs(1);

/// How long such a trial may take.
const TRIAL_TIME_MAX: Duration = Duration::from_millis(250);

/// How long a connection may take to answer on its way back to the pool; then it is closed. A
/// process that is frozen just then, and thaws when the server is gone, would wait for TCP to give
/// up, and hold the connection's place meanwhile.
const RETURN_TIME_MAX: Duration = Duration::from_millis(500);

/// What the URL of a database begins with; sqlx reads past it.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

#[derive(Clone, Debug)]
pub(super) struct Database {
    pool: PgPool,
}

/// How often a statement is sent where its connection breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempts {
    /// Whether it was done is then unknown.
    One,
    /// To do it twice is to do it once.
    Two,
}

impl Database {
    pub(super) fn open(url: &str, connections_max: u32) -> Result<Self, OpenError> {
        if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(OpenError(Cause::told("it does not begin with postgres://")));
        }
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| OpenError(Cause::of(&error)))?
            .application_name("maru-auth")
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(CONNECTION_WAIT_MAX)
            .test_before_acquire(false)
            .before_acquire(|connection, past| {
                Box::pin(async move {
                    Ok(past.idle_for < IDLE_TRUSTED_MAX || answers(connection).await)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    /// Runs one statement, made anew for each attempt, that has one row or none.
    pub(super) async fn fetch<'q>(
        &self,
        attempts: Attempts,
        statement: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Option<PgRow>, AccountsError> {
        let sent = async {
            let first = self.send(statement()).await;
            match first {
                Err(error) if attempts == Attempts::Two && is_lost(&error) => {
                    self.send(statement()).await
                }
                answered => answered,
            }
        };
        match timeout(STATEMENT_TIME_MAX, sent).await {
            Ok(outcome) => outcome.map_err(AccountsError::from),
            Err(_) => Err(AccountsError::late(STATEMENT_TIME_MAX)),
        }
    }

    async fn send(
        &self,
        statement: Query<'_, Postgres, PgArguments>,
    ) -> Result<Option<PgRow>, sqlx::Error> {
        let mut lease = self.lease().await?;
        let answered = statement.fetch_optional(lease.connection()).await;
        if !matches!(&answered, Err(error) if is_lost(error)) {
            lease.give_back();
        }
        answered
    }

    pub(super) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        self.pool
            .acquire()
            .await
            .map(|connection| Lease(Some(connection)))
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// A connection of the pool. Unless it is given back it is closed: whoever was cut off half-way
/// leaves it in the middle of an answer or of a transaction.
pub(super) struct Lease(Option<PoolConnection<Postgres>>);

impl Lease {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.0
            .as_deref_mut()
            .expect("it is there until it is given back or dropped")
    }

    pub(super) fn give_back(mut self) {
        if let Some(mut connection) = self.0.take() {
            #[expect(clippy::disallowed_methods, reason = "it ends by itself, for nobody")]
            tokio::spawn(timeout(RETURN_TIME_MAX, connection.return_to_pool()));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

async fn answers(connection: &mut PgConnection) -> bool {
    matches!(timeout(TRIAL_TIME_MAX, connection.ping()).await, Ok(Ok(())))
}
