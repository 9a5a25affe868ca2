//! A connection on loan from the pool.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::time::timeout;

/// How long a connection may take to answer on its way back to the pool; then it is closed. A
/// process that is frozen just then, and thaws when the server is gone, would wait for TCP to give
/// up, and hold the connection's place meanwhile.
const RETURN_TIME_MAX: Duration = Duration::from_millis(500);

/// A connection that goes back to the pool only when it is [given back](Self::give_back).
///
/// One that is dropped on the way (an error, a time-out, a caller that lost interest) is closed:
/// it may be in the middle of a transaction or of an answer. The server then rolls back, for it
/// sees the end of the stream where the COMMIT should be.
pub(crate) struct Lease(Option<PoolConnection<Postgres>>);

const HELD: &str = "a lease holds its connection until it is given back or dropped";

impl Lease {
    pub(crate) fn new(connection: PoolConnection<Postgres>) -> Self {
        Self(Some(connection))
    }

    /// Returns the connection, which is between two transactions, to the pool.
    pub(crate) fn give_back(mut self) {
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

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.0.as_deref().expect(HELD)
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.0.as_deref_mut().expect(HELD)
    }
}
