//! The numbers of a session.

use std::time::Duration;

/// How long a session waits and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A receiver that heard nothing for so long hears `h`.
    pub heartbeat_delay: Duration,
    /// A session without a receiver for so long is gone, and so is one that was closed so long
    /// ago.
    pub disconnect_delay: Duration,
    /// A streaming response ends after the frame with which it reaches so many bytes (wrapping
    /// counted, prelude not): browsers keep all of a response in memory.
    pub response_bytes_max: usize,
    /// A frame of messages takes no further message once it has so many bytes.
    pub frame_bytes_max: usize,
    /// The most that waits for the client, in bytes. Beyond it the session is closed with
    /// [`Close::SLOW_CONSUMER`](crate::Close::SLOW_CONSUMER).
    pub outbox_bytes_max: usize,
    /// The most that waits for the application, in bytes. Beyond it
    /// [`Session::receive`](crate::Session::receive) takes nothing.
    pub inbox_bytes_max: usize,
}

impl Default for Settings {
    /// 25 s, 5 s and 128 KiB as the protocol recommends; frames of 64 KiB; 256 KiB either way.
    fn default() -> Self {
        Self {
            heartbeat_delay: Duration::from_secs(25),
            disconnect_delay: Duration::from_secs(5),
            response_bytes_max: 128 * 1024,
            frame_bytes_max: 64 * 1024,
            outbox_bytes_max: 256 * 1024,
            inbox_bytes_max: 256 * 1024,
        }
    }
}
