//! Why a connection to Redis ends.

use std::io;

/// What is wrong with a connection. None of it is for users: whatever it is, the adapter loops
/// events back and connects again.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The network or the operating system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The other side ended the connection.
    #[error("the connection was closed by the server")]
    Closed,
    /// No connection, or no greeting, in time.
    #[error("no answer in time")]
    Unanswered,
    /// A connection on which nothing arrives any more.
    #[error("the server has fallen silent")]
    Silent,
    /// A publication did not come back.
    #[error("a publication was not echoed in time")]
    NoEcho,
    /// The server does not read what is written to it.
    #[error("the server does not take what is published")]
    Clogged,
    /// The server ended a subscription on its own.
    #[error("the server ended a subscription")]
    Unsubscribed,
    /// The server answered a command with an error, of which only the code is kept: the rest of
    /// the line may quote what was sent.
    #[error("the server refused a command with {0}")]
    Refused(String),
    /// What arrives is not RESP3, or not an answer to what was asked.
    #[error("the server does not speak RESP3: {0}")]
    Malformed(&'static str),
    /// No certificate store, or none that can be read.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}
