//! Why a session ends.

use std::borrow::Cow;

/// Why a session ends: the code and the reason of a close frame.
///
/// Codes are those of a WebSocket's close (RFC 6455, section 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    code: u16,
    reason: Cow<'static, str>,
}

impl Close {
    /// The application is done with the client.
    pub const GO_AWAY: Self = Self::fixed(3000, "Go away!");
    /// The session has a receiver already; the first one stays.
    pub const ANOTHER_CONNECTION: Self = Self::fixed(2010, "Another connection still open");
    /// The receiver was cut off, so that messages may be lost.
    pub const INTERRUPTED: Self = Self::fixed(1002, "Connection interrupted");
    /// More waits for the client than [`Settings::outbox_bytes_max`](crate::Settings).
    pub const SLOW_CONSUMER: Self = Self::fixed(4009, "Slow consumer");

    /// The longest reason, in bytes: what a WebSocket's close frame holds (RFC 6455, 5.5).
    pub const REASON_BYTES_MAX: usize = 123;

    /// A code and a reason; of a reason over [`REASON_BYTES_MAX`](Self::REASON_BYTES_MAX) the
    /// beginning is kept, up to the last whole character.
    pub fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        let mut reason = reason.into();
        if reason.len() > Self::REASON_BYTES_MAX {
            let end = reason.floor_char_boundary(Self::REASON_BYTES_MAX);
            reason = reason[..end].to_owned().into();
        }
        Self { code, reason }
    }

    const fn fixed(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
        }
    }

    /// The code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The reason, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let close = Close::new(4000, "가".repeat(50));
        assert_eq!(close.reason(), "가".repeat(41));
        assert_eq!(Close::new(4000, "short").reason(), "short");
    }
}
