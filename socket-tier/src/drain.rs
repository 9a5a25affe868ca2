//! Leaving an instance: when each socket goes, and what it is told.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::hub::ConnectionId;
use crate::transport::Close;

/// Over how long the sockets of a draining instance are closed, so that they do not all come back
/// in one moment.
pub const SPREAD: Duration = Duration::from_secs(1);

/// Over how long clients are advised to come back.
pub const RETURN_SPREAD: Duration = Duration::from_secs(5);

/// Resolves when the process is told to stop, by SIGTERM or Ctrl-C.
///
/// # Errors
/// Where the operating system takes no handler for these signals.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Whether the instance is being left.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<Began>);

#[derive(Debug, Default)]
struct Began {
    token: CancellationToken,
    /// The token locks to be asked, and every connection asks in every turn.
    has_begun: AtomicBool,
}

impl Draining {
    /// Says that it is.
    pub(crate) fn begin(&self) {
        self.0.has_begun.store(true, Ordering::Release);
        self.0.token.cancel();
    }

    /// Whether it is.
    pub fn has_begun(&self) -> bool {
        self.0.has_begun.load(Ordering::Acquire)
    }

    /// Waits until it is.
    pub(crate) fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.0.token.cancelled()
    }
}

/// When one socket leaves, and when its client is advised to come back.
#[derive(Debug)]
pub(crate) struct Departure {
    due: Instant,
    advised: Duration,
}

impl Departure {
    /// The slots of a connection: spread evenly over all ids.
    pub(crate) fn of(id: ConnectionId, now: Instant) -> Self {
        Self {
            due: now + slot(id.0, SPREAD),
            advised: slot(id.0.rotate_left(32), RETURN_SPREAD),
        }
    }

    /// Whether the socket's time has come.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now >= self.due
    }

    /// When its time comes, unless it has.
    pub(crate) fn due_after(&self, now: Instant) -> Option<Instant> {
        (now < self.due).then_some(self.due)
    }

    /// The end of the connection, with the advised delay in its reason.
    pub(crate) fn close(&self) -> Close {
        let advised_ms = self.advised.as_millis();
        Close::new(1012, format!("restart; retry-after-ms={advised_ms}"))
    }
}

/// A point within `spread`, scattered by the multiplier of Fibonacci hashing.
fn slot(n: u64, spread: Duration) -> Duration {
    let scattered = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    spread.mul_f64(scattered as f64 / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slots_of_a_thousand_connections_are_spread_evenly() {
        let now = tokio::time::Instant::now().into_std();
        let early = (0..1000)
            .map(|id| Departure::of(ConnectionId(id), now))
            .filter(|departure| departure.is_due(now + SPREAD / 2))
            .count();
        assert!((450..=550).contains(&early), "{early} in the first half");
    }

    #[test]
    fn everybody_is_due_after_the_spread_and_told_when_to_return() {
        let now = tokio::time::Instant::now().into_std();
        for id in 0..1000 {
            let departure = Departure::of(ConnectionId(id), now);
            assert!(departure.is_due(now + SPREAD));
            assert!(
                departure
                    .close()
                    .reason
                    .starts_with("restart; retry-after-ms=")
            );
        }
    }
}
