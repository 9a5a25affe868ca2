//! Why a client is cut off.

use super::exchange::EXCHANGE_BYTES_MAX;
use super::server::CLIENTS_MAX;
use super::statements::{STATEMENTS_BYTES_MAX, STATEMENTS_MAX};
use super::wire::FRAME_BYTES_MAX;

/// A reason to end a client's connection, told as a FATAL error first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("more than {CLIENTS_MAX} connections to the embedded Postgres")]
    TooManyClients,
    #[error("the connection was not opened in time")]
    StartupTooSlow,
    #[error("protocol version {major}.{minor} is not supported: use 3.0")]
    Version { major: u16, minor: u16 },
    #[error("the embedded Postgres has one database and one user: use the URL that it names")]
    WrongDatabase,
    #[error("startup parameter \"{0}\" would change the one session that all connections share")]
    SessionParameter(&'static str),
    #[error("malformed message")]
    Malformed,
    #[error("message type {0} is not supported")]
    UnknownMessage(u8),
    #[error(
        "more than {FRAME_BYTES_MAX} bytes in a message or {EXCHANGE_BYTES_MAX} between two answers"
    )]
    TooBig,
    #[error(
        "more than {STATEMENTS_MAX} prepared statements or {STATEMENTS_BYTES_MAX} bytes of them"
    )]
    TooManyStatements,
    #[error(
        "{0} needs a session of its own, and all connections to the embedded Postgres share one"
    )]
    NeedsOwnSession(&'static str),
    #[error("the transaction was idle for too long while others waited for their turn")]
    IdleInTransaction,
    #[error("the embedded Postgres failed and is being opened again")]
    EngineFailed,
    #[error("the embedded Postgres cannot be opened")]
    EngineGone,
    #[error("the embedded Postgres is stopping")]
    Stopping,
}

impl Refusal {
    /// The error's code.
    ///
    /// <https://www.postgresql.org/docs/18/errcodes-appendix.html>
    pub(super) fn sqlstate(self) -> &'static str {
        match self {
            Self::TooManyClients => "53300",
            Self::StartupTooSlow | Self::Malformed | Self::UnknownMessage(_) => "08P01",
            Self::Version { .. } | Self::SessionParameter(_) | Self::NeedsOwnSession(_) => "0A000",
            Self::WrongDatabase => "3D000",
            Self::TooBig | Self::TooManyStatements => "54000",
            Self::IdleInTransaction => "25P03",
            Self::EngineFailed => "57P02",
            Self::EngineGone => "57P03",
            Self::Stopping => "57P01",
        }
    }
}
