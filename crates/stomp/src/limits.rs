//! What a stranger can make grow, and how far.

use std::time::Duration;

/// The limits of a session. Each is named in the ERROR that ends a session for passing it.
///
/// Shared by all sessions of a server, hence usually behind an `Arc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Header entries of one frame.
    pub headers_max: usize,
    /// Bytes of one header line, without its end.
    pub header_bytes_max: usize,
    /// Bytes of all header lines of one frame, with their ends.
    pub headers_bytes_max: usize,
    /// Bytes of one frame's body.
    pub body_bytes_max: usize,
    /// Subscriptions at one time.
    pub subscriptions_max: usize,
    /// Transactions open at one time.
    pub transactions_max: usize,
    /// Frames waiting in one transaction.
    pub transaction_frames_max: usize,
    /// Bytes waiting in all open transactions together: names, headers and bodies.
    pub transactions_bytes_max: usize,
    /// Messages that a subscription with `ack:client` or `ack:client-individual` may leave
    /// unacknowledged before further ones are held back.
    pub unacknowledged_max: usize,
    /// The time from the opening of the socket within which CONNECT must have come whole.
    pub connect_timeout: Duration,
}

impl Limits {
    /// The most that may wait behind CONNECT while the client is being authenticated: as much as
    /// one frame may have, in bytes.
    pub fn pipelined_bytes_max(&self) -> usize {
        self.headers_bytes_max.saturating_add(self.body_bytes_max)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers_max: 64,
            header_bytes_max: 8 * 1024,
            headers_bytes_max: 16 * 1024,
            body_bytes_max: 64 * 1024,
            subscriptions_max: 1024,
            transactions_max: 16,
            transaction_frames_max: 64,
            transactions_bytes_max: 256 * 1024,
            unacknowledged_max: 256,
            connect_timeout: Duration::from_secs(10),
        }
    }
}
