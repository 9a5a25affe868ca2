//! PostgreSQL itself: opened on a folder, spoken to in whole exchanges.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use oliphaunt_wasix::{
    AsyncOliphaunt, DatabaseStorage, ErrorKind, Extension, FromSql, StorageErrorCode,
};

use super::error::EmbeddedError;
use super::wire;

/// The one database of the cluster.
pub(super) const DATABASE: &str = "postgres";

/// The one role of the cluster.
pub(super) const USER: &str = "postgres";

/// The cluster's settings that are not its defaults, and those that must never change.
const SETTINGS: &[(&str, &str)] = &[
    // An acknowledged commit survives the loss of power.
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    // A chat's working set is small, and this is memory of the chat's own process.
    ("shared_buffers", "16MB"),
    // Statements hold what people say.
    ("log_statement", "none"),
    ("log_min_error_statement", "panic"),
    ("log_min_messages", "panic"),
];

/// The parameters that PostgreSQL reports to every client.
const REPORTED: &str = "SELECT name, setting FROM pg_settings WHERE name IN \
    ('server_version', 'server_encoding', 'client_encoding', 'is_superuser', \
     'session_authorization', 'DateStyle', 'IntervalStyle', 'TimeZone', 'integer_datetimes', \
     'standard_conforming_strings', 'in_hot_standby', 'default_transaction_read_only', \
     'search_path', 'scram_iterations')";

/// One PostgreSQL session, running on a thread of its own.
pub(super) struct Engine(AsyncOliphaunt);

/// What an answer of the engine says about its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Whether it ended outside of any transaction.
    pub(super) is_idle: bool,
    /// How many statements failed.
    pub(super) errors: u32,
    /// Whether the engine's stack was used up.
    pub(super) is_exhausted: bool,
}

impl Engine {
    /// Opens the database in `folder`, after making it or recovering it from a crash where needed.
    ///
    /// # Errors
    /// [`EmbeddedError::InUse`] and [`EmbeddedError::Engine`].
    pub(super) async fn open(folder: &Path) -> Result<Self, EmbeddedError> {
        AsyncOliphaunt::builder()
            .storage(DatabaseStorage::Directory(folder.to_path_buf()))
            .startup_gucs(SETTINGS.iter().copied())
            .extension(Extension::PG_TRGM)
            .open()
            .await
            .map(Self)
            .map_err(|error| refused_opening(folder, error))
    }

    /// Does what a whole exchange asks for.
    ///
    /// # Errors
    /// Where the engine failed, not where a statement did: it can only be closed then.
    pub(super) async fn exec(&self, request: &[u8]) -> Result<(Bytes, Outcome), EmbeddedError> {
        let answer = self
            .0
            .exec_protocol_raw(request)
            .await
            .map_err(|error| failed("go on", error))?;
        let answer = Bytes::from(answer);
        let outcome = Outcome::of(&answer);
        Ok((answer, outcome))
    }

    /// The first column of what a query finds, outside of any transaction.
    ///
    /// # Errors
    /// [`EmbeddedError::Engine`], also where the statement failed.
    pub(super) async fn column<T>(&self, sql: &str) -> Result<Vec<T>, EmbeddedError>
    where
        T: for<'a> FromSql<'a>,
    {
        let attempted = "look at itself";
        let result = self
            .0
            .query(sql)
            .await
            .map_err(|error| failed(attempted, error))?;
        let rows = result.rows().iter();
        rows.map(|row| row.try_get(0))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(attempted, error))
    }

    /// What a client is told of the session when it connects.
    ///
    /// # Errors
    /// [`EmbeddedError::Engine`].
    pub(super) async fn parameters(&self) -> Result<Vec<(String, String)>, EmbeddedError> {
        let attempted = "describe itself";
        let result = self
            .0
            .query(REPORTED)
            .await
            .map_err(|error| failed(attempted, error))?;
        let rows = result.rows().iter();
        rows.map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, oliphaunt_wasix::DecodeError>>()
            .map_err(|error| failed(attempted, error))
    }

    /// Ends the session. A clean one has done a CHECKPOINT before.
    ///
    /// # Errors
    /// [`EmbeddedError::Engine`]; the folder may not be opened again by this process then.
    pub(super) async fn close(self) -> Result<(), EmbeddedError> {
        self.0.close().await.map_err(|error| failed("close", error))
    }
}

impl Outcome {
    fn of(answer: &Bytes) -> Self {
        let mut outcome = Self::default();
        for message in wire::messages(answer.clone()) {
            match message[0] {
                b'Z' => outcome.is_idle = wire::body(&message) == b"I",
                b'E' => {
                    outcome.errors += 1;
                    outcome.is_exhausted |= has_sqlstate(&message, b"C54001");
                }
                _ => {}
            }
        }
        outcome
    }
}

/// A simple query as the engine takes it.
pub(super) fn simple_query(sql: &str) -> Bytes {
    let mut out = BytesMut::new();
    wire::put(&mut out, b'Q', &[sql.as_bytes(), b"\0"]);
    out.freeze()
}

fn has_sqlstate(error: &[u8], field: &[u8]) -> bool {
    wire::body(error)
        .split(|&byte| byte == 0)
        .any(|found| found == field)
}

fn refused_opening(folder: &Path, error: oliphaunt_wasix::Error) -> EmbeddedError {
    let is_busy = error.kind() == ErrorKind::Storage
        && error
            .storage_error()
            .is_some_and(|details| details.code() == StorageErrorCode::Busy);
    if is_busy {
        return EmbeddedError::InUse {
            folder: folder.to_path_buf(),
        };
    }
    failed("open its database", error)
}

fn failed(
    attempted: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> EmbeddedError {
    EmbeddedError::Engine {
        attempted,
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_where_it_left_the_session() {
        let outcome = |messages: &[(u8, &[u8])]| {
            let mut answer = BytesMut::new();
            for (tag, body) in messages {
                wire::put(&mut answer, *tag, &[body]);
            }
            Outcome::of(&answer.freeze())
        };

        assert!(outcome(&[(b'C', b"SELECT 1\0"), (b'Z', b"I")]).is_idle);
        assert!(!outcome(&[(b'C', b"BEGIN\0"), (b'Z', b"T")]).is_idle);
        assert!(!outcome(&[(b'1', b"")]).is_idle, "the exchange goes on");
        assert_eq!(
            outcome(&[(b'E', b"SERROR\0C54001\0\0"), (b'Z', b"I")]),
            Outcome {
                is_idle: true,
                errors: 1,
                is_exhausted: true
            }
        );
    }
}
