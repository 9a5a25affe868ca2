//! Heart-beats: what is offered, what is agreed, and when they are due.

use std::fmt;
use std::time::{Duration, Instant};

/// The fastest heart-beat a server offers, in milliseconds, whatever it is configured to.
pub const HEARTBEAT_MS_MIN: u32 = 1_000;

/// After how many agreed intervals of silence a client counts as gone: the error margin that
/// STOMP 1.2, "Heart-beating", asks of a receiver.
pub const HEARTBEAT_TOLERANCE: u32 = 2;

/// A beat is sent when this share of the agreed interval has passed in silence, so that it arrives
/// within the interval although timers and networks are late.
const SEND_AFTER_PERCENT: u64 = 90;

/// What one side says in its `heart-beat` header, in milliseconds; 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The shortest interval at which this side can send.
    pub send_ms: u32,
    /// The interval at which this side would like to receive.
    pub receive_ms: u32,
}

impl Heartbeat {
    /// Neither sends nor wants to receive: the meaning of an absent header.
    pub const NONE: Self = Self {
        send_ms: 0,
        receive_ms: 0,
    };

    /// Sends and wants to receive at this interval.
    pub const fn every_ms(ms: u32) -> Self {
        Self {
            send_ms: ms,
            receive_ms: ms,
        }
    }

    /// Parses a header: two decimal numbers and a comma. Spaces around the numbers are tolerated,
    /// as clients in use send them; a number beyond `u32` stands for the greatest one.
    pub fn parse(header: &str) -> Option<Self> {
        let (send, receive) = header.split_once(',')?;
        Some(Self {
            send_ms: parse_ms(send)?,
            receive_ms: parse_ms(receive)?,
        })
    }

    /// The same offer with no interval shorter than [`HEARTBEAT_MS_MIN`].
    pub(crate) fn clamped(self) -> Self {
        let clamp = |ms: u32| if ms == 0 { 0 } else { ms.max(HEARTBEAT_MS_MIN) };
        Self {
            send_ms: clamp(self.send_ms),
            receive_ms: clamp(self.receive_ms),
        }
    }
}

/// Offers 10 seconds both ways.
impl Default for Heartbeat {
    fn default() -> Self {
        Self::every_ms(10_000)
    }
}

impl fmt::Display for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.send_ms, self.receive_ms)
    }
}

fn parse_ms(digits: &str) -> Option<u32> {
    let digits = digits.trim_matches(' ');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

/// The agreed beats of one session and when each side was last active.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// 0 where the server sends none.
    send_ms: u32,
    /// 0 where the client sends none.
    receive_ms: u32,
    sent: Instant,
    heard: Instant,
}

impl Pulse {
    /// No beats either way.
    pub(crate) fn silent(now: Instant) -> Self {
        Self {
            send_ms: 0,
            receive_ms: 0,
            sent: now,
            heard: now,
        }
    }

    /// What both sides' headers amount to: in each direction the slower wish, none if either says
    /// none (STOMP 1.2, "Heart-beating").
    pub(crate) fn agree(server: Heartbeat, client: Heartbeat, now: Instant) -> Self {
        let agreed = |can: u32, wants: u32| {
            if can == 0 || wants == 0 {
                0
            } else {
                can.max(wants)
            }
        };
        Self {
            send_ms: agreed(server.send_ms, client.receive_ms),
            receive_ms: agreed(client.send_ms, server.receive_ms),
            ..Self::silent(now)
        }
    }

    pub(crate) fn sent(&mut self, now: Instant) {
        self.sent = now;
    }

    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// Ceases to expect anything of the client.
    pub(crate) fn expect_nothing(&mut self) {
        self.receive_ms = 0;
    }

    /// When the server must beat, unless it sends something before.
    pub(crate) fn beat_at(&self) -> Option<Instant> {
        let wait_ms = u64::from(self.send_ms) * SEND_AFTER_PERCENT / 100;
        (self.send_ms > 0).then(|| self.sent + Duration::from_millis(wait_ms))
    }

    /// When the client counts as gone, unless it is heard before.
    pub(crate) fn gone_at(&self) -> Option<Instant> {
        let silence_ms = u64::from(self.receive_ms) * u64::from(HEARTBEAT_TOLERANCE);
        (self.receive_ms > 0).then(|| self.heard + Duration::from_millis(silence_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_two_numbers_and_nothing_else() {
        let parsed = |send_ms, receive_ms| {
            Some(Heartbeat {
                send_ms,
                receive_ms,
            })
        };
        assert_eq!(Heartbeat::parse("10000,5000"), parsed(10_000, 5_000));
        assert_eq!(Heartbeat::parse("0, 0"), parsed(0, 0));
        assert_eq!(
            Heartbeat::parse("99999999999,4294967296"),
            parsed(u32::MAX, u32::MAX)
        );
        for malformed in [
            "", ",", "1", "1,", ",1", "-1,1", "+1,1", "1,1,1", "a,b", "1.5,1", "1 0,1",
        ] {
            assert_eq!(Heartbeat::parse(malformed), None, "{malformed:?}");
        }
    }

    #[test]
    fn an_offer_is_never_faster_than_the_minimum_and_none_stays_none() {
        let offer = Heartbeat {
            send_ms: 1,
            receive_ms: 0,
        };
        let clamped = Heartbeat {
            send_ms: HEARTBEAT_MS_MIN,
            receive_ms: 0,
        };
        assert_eq!(offer.clamped(), clamped);
    }
}
