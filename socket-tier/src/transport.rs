//! What carries a session: texts out, texts or bytes in, and an end with a reason.

mod tally;
mod web_socket;

use std::future::{self, Future};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

pub use web_socket::WebSocket;

/// Carries one session with a client.
pub trait Transport: Send {
    /// Waits for what the peer sends. Safe to cancel.
    fn receive(&mut self) -> impl Future<Output = Received> + Send;

    /// Puts one text behind those that wait to be written.
    ///
    /// # Errors
    /// The peer takes nothing any more.
    fn feed(&mut self, text: Utf8Bytes) -> impl Future<Output = Result<(), PeerGone>> + Send;

    /// Writes all that waits.
    ///
    /// # Errors
    /// The peer takes nothing any more.
    fn flush(&mut self) -> impl Future<Output = Result<(), PeerGone>> + Send;

    /// Gives back memory that an idle connection does not need. Called now and then.
    fn rest(&mut self) -> impl Future<Output = ()> + Send {
        future::ready(())
    }

    /// Ends the connection, telling the peer why; takes a bounded time.
    fn close(self, close: Close) -> impl Future<Output = ()> + Send;
}

/// What came from the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message. Only WebSockets carry these.
    Binary(Bytes),
    /// The peer is gone, with or without a closing handshake.
    Gone,
    /// The peer broke the rules of the transport.
    Broken(Close),
}

/// Why a connection ends: the WebSocket close code and a reason of at most 123 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code (RFC 6455, section 7.4, and this system's own from 4000 on).
    pub code: u16,
    /// The reason, for people and for the advised delay.
    pub reason: String,
}

impl Close {
    /// What fits beside the code into a close frame, in bytes (RFC 6455, section 5.5).
    pub const REASON_BYTES_MAX: usize = 123;

    /// An end with this code and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// The peer no longer takes anything.
#[derive(Debug, thiserror::Error)]
#[error("the peer takes nothing any more")]
pub struct PeerGone;
