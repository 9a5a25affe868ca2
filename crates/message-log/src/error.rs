//! Why the log could not do it.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::pool::CONNECTION_WAIT_MAX;

/// What Postgres or the way to it said, as one line fit for a log.
///
/// It keeps no more than that: the details of a database error can quote a whole row, and with it
/// what somebody said.
#[derive(Clone)]
pub struct Cause {
    text: Box<str>,
    lock_wait: bool,
    denied: bool,
}

impl Cause {
    /// Whether a row stayed locked by others for too long.
    pub fn is_lock_wait(&self) -> bool {
        self.lock_wait
    }

    /// Whether Postgres has no such thing, or not for this role.
    pub(crate) fn is_denied(&self) -> bool {
        self.denied
    }

    pub(crate) fn of(error: &sqlx::Error) -> Self {
        let text = match error {
            sqlx::Error::PoolTimedOut => {
                format!("no connection within {CONNECTION_WAIT_MAX:?}").into()
            }
            other => other.to_string().into(),
        };
        // lock_not_available
        let lock_wait = sqlstate(error) == Some("55P03");
        // feature_not_supported; syntax_error_or_access_rule_violation
        let denied = matches!(error_class(error), Some("0A" | "42"));
        Self {
            text,
            lock_wait,
            denied,
        }
    }

    /// Tells what was not done within its time.
    pub(crate) fn late(what: &str, limit: Duration) -> Self {
        Self::told(format!("{what} took longer than {limit:?}"))
    }

    pub(crate) fn told(text: impl Into<Box<str>>) -> Self {
        Self {
            text: text.into(),
            lock_wait: false,
            denied: false,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Cause {}

/// Why the log could not be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL does not name a Postgres database.
    #[error("the database URL is wrong: {0}")]
    BadUrl(Cause),
    /// The server does not answer.
    #[error("Postgres does not answer: {0}")]
    Unreachable(Cause),
}

/// Why the tables could not be brought up to date.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the database could not be migrated: {0}")]
pub struct MigrateError(pub(crate) Cause);

/// Why nothing was read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// Postgres is away, overloaded or too slow: the same call may succeed later.
    #[error("Postgres is unavailable: {0}")]
    Unavailable(Cause),
    /// Postgres answered that it will not do this: a fault of the program or of the database.
    #[error("Postgres refused to read: {0}")]
    Failed(Cause),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        let cause = Cause::of(&error);
        if is_lost(&error) || error_class(&error).is_some_and(passes_by_itself) {
            Self::Unavailable(cause)
        } else {
            Self::Failed(cause)
        }
    }
}

/// Whether the connection is of no more use, or there was none.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(answer) => matches!(
            answer.downcast_ref::<PgDatabaseError>().severity(),
            PgSeverity::Fatal | PgSeverity::Panic
        ),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// The SQLSTATE of an answer of Postgres (its manual, appendix A).
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(answer) => Some(answer.downcast_ref::<PgDatabaseError>().code()),
        _ => None,
    }
}

/// The class of the SQLSTATE: its first two characters.
pub(crate) fn error_class(error: &sqlx::Error) -> Option<&str> {
    sqlstate(error).and_then(|code| code.get(..2))
}

/// Connection, rollback, resources, object in use, operator, system: none is about the request.
fn passes_by_itself(class: &str) -> bool {
    matches!(class, "08" | "40" | "53" | "55" | "57" | "58")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_unavailable_and_a_fault_of_the_program_is_not() {
        assert!(matches!(
            ReadError::from(sqlx::Error::PoolTimedOut),
            ReadError::Unavailable(_)
        ));
        assert!(matches!(
            ReadError::from(sqlx::Error::ColumnNotFound("seq".into())),
            ReadError::Failed(_)
        ));
    }
}
