//! Why nothing came of it.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::database::CONNECTION_WAIT_MAX;

/// What Postgres or the way to it said, as one line fit for a log. It keeps no more than that: the
/// details of a database error can quote a row.
#[derive(Clone)]
pub struct Cause(Box<str>);

/// Why the accounts could not be asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AccountsError {
    /// Postgres is away, overloaded or too slow: the same call may succeed later.
    #[error("Postgres is unavailable: {0}")]
    Unavailable(Cause),
    /// Postgres answered that it will not do this: a fault of the program or of the database.
    #[error("Postgres refused: {0}")]
    Failed(Cause),
}

/// Why the URL leads to no accounts.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the database URL is wrong: {0}")]
pub struct OpenError(pub(super) Cause);

/// Why the table could not be brought up to date.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the accounts could not be migrated: {0}")]
pub struct MigrateError(pub(super) Cause);

impl AccountsError {
    pub(super) fn late(limit: Duration) -> Self {
        Self::Unavailable(Cause::told(format!(
            "a statement took longer than {limit:?}"
        )))
    }

    pub(super) fn unreadable(column: &str) -> Self {
        Self::Failed(Cause::told(format!(
            "the column {column} of a row makes no sense"
        )))
    }
}

impl From<sqlx::Error> for AccountsError {
    fn from(error: sqlx::Error) -> Self {
        let cause = Cause::of(&error);
        if is_lost(&error) || passes_by_itself(&error) {
            Self::Unavailable(cause)
        } else {
            Self::Failed(cause)
        }
    }
}

/// Whether the connection is of no more use, or there was none.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
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

/// By the class of the SQLSTATE (PostgreSQL, appendix A): connection, rollback, resources, object in
/// use, operator, system. None is about the statement.
fn passes_by_itself(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(answer) = error else {
        return false;
    };
    let code = answer.downcast_ref::<PgDatabaseError>().code();
    matches!(code.get(..2), Some("08" | "40" | "53" | "55" | "57" | "58"))
}

impl Cause {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => {
                Self::told(format!("no connection within {CONNECTION_WAIT_MAX:?}"))
            }
            other => Self::told(other.to_string()),
        }
    }

    pub(super) fn told(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_unavailable_and_a_fault_of_the_program_is_not() {
        assert!(matches!(
            AccountsError::from(sqlx::Error::PoolTimedOut),
            AccountsError::Unavailable(_)
        ));
        assert!(matches!(
            AccountsError::from(sqlx::Error::ColumnNotFound("email".into())),
            AccountsError::Failed(_)
        ));
    }
}
