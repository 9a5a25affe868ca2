//! How often a room is told in which many speak at once.

use std::mem;
use std::task::Waker;
use std::time::Duration;

use crate::limits::{REST_MAX, REST_MIN, REST_PER_LISTENER, WRITE_CHUNK_BYTES};

/// Gathers what is said in a room while much is.
///
/// A write costs the same whether it holds one message or twenty, and telling a room takes one for
/// each listener. So a room that was told several messages at once rests in proportion to its
/// listeners; what is said meanwhile is handed to all of them at once, and the writes of one room
/// take a bounded share of the instance. Where one message follows another, each is told at once.
#[derive(Default)]
pub(super) struct Pace {
    /// Events that were heard since the listeners were woken.
    events: usize,
    /// What one listener was handed meanwhile, in bytes.
    bytes: usize,
    is_resting: bool,
    sleepers: Vec<Waker>,
}

impl Pace {
    /// Notes that an event was heard. True where it is the first of a room that does not rest.
    pub(super) fn hear(&mut self) -> bool {
        self.events += 1;
        self.events == 1 && !self.is_resting
    }

    /// Whether who is told something sleeps on for now.
    pub(super) fn is_resting(&self) -> bool {
        self.is_resting
    }

    /// Takes in who sleeps on.
    pub(super) fn gather(&mut self, sleepers: impl Iterator<Item = Waker>) {
        self.sleepers.extend(sleepers);
    }

    /// Notes that each was handed so many bytes. Where more would not go into one write, who is to
    /// be woken before the rest is over.
    pub(super) fn hand_out(&mut self, bytes: usize) -> Option<Vec<Waker>> {
        if !self.is_resting {
            return None;
        }
        self.bytes += bytes;
        (self.bytes >= WRITE_CHUNK_BYTES).then(|| self.rested())
    }

    /// How long a room of so many rests, now that it was told; `None` where it does not.
    pub(super) fn rests(&mut self, listeners: usize) -> Option<Duration> {
        let was_busy = mem::take(&mut self.events) > 1;
        let rest = REST_PER_LISTENER.saturating_mul(u32::try_from(listeners).unwrap_or(u32::MAX));
        self.is_resting = was_busy && rest >= REST_MIN;
        self.is_resting.then(|| rest.min(REST_MAX))
    }

    /// Who slept on: the rest is over.
    pub(super) fn rested(&mut self) -> Vec<Waker> {
        self.bytes = 0;
        mem::take(&mut self.sleepers)
    }
}

/// Nobody sleeps on for good.
impl Drop for Pace {
    fn drop(&mut self) {
        self.sleepers.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENERS: usize = 1000;

    #[test]
    fn who_hears_one_event_at_a_time_hears_it_at_once() {
        let mut pace = Pace::default();
        for _ in 0..3 {
            assert!(pace.hear());
            assert_eq!(pace.rests(LISTENERS), None);
        }
    }

    #[test]
    fn a_busy_room_rests_until_it_is_quiet_again() {
        let mut pace = Pace::default();
        assert!(pace.hear());
        assert!(!pace.hear());
        assert!(pace.rests(LISTENERS).is_some());
        for _ in 0..2 {
            assert!(!pace.hear(), "it rests");
        }
        pace.rested();
        assert!(pace.rests(LISTENERS).is_some());
        assert!(!pace.hear());
        pace.rested();
        assert_eq!(pace.rests(LISTENERS), None);
        assert!(pace.hear());
    }

    #[test]
    fn a_rest_is_bounded_and_a_small_room_takes_none() {
        for (listeners, expected) in [(10, None), (usize::MAX, Some(REST_MAX))] {
            let mut pace = Pace::default();
            pace.hear();
            pace.hear();
            assert_eq!(pace.rests(listeners), expected);
        }
    }

    #[test]
    fn what_fills_a_write_is_not_held_back() {
        let mut pace = Pace::default();
        pace.hear();
        pace.hear();
        pace.rests(LISTENERS);
        pace.gather([Waker::noop().clone()].into_iter());
        assert!(pace.hand_out(WRITE_CHUNK_BYTES - 1).is_none());
        assert_eq!(pace.hand_out(1).map(|woken| woken.len()), Some(1));
        assert!(pace.hand_out(1).is_none());
    }
}
