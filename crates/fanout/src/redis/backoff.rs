//! How long to wait before connecting again.

use std::time::Duration;

/// The first wait at its longest; each further one may be twice as long.
const FIRST_MAX: Duration = Duration::from_millis(50);

/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Grows with each attempt that fails.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The wait before the next attempt: between half and the whole of what the number of
    /// attempts allows, as `random` decides, so that the instances do not come all at once.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let ceiling = FIRST_MAX
            .saturating_mul(1 << self.attempts.min(16))
            .min(WAIT_MAX);
        self.attempts = self.attempts.saturating_add(1);
        let half = ceiling / 2;
        half + half.mul_f64(random as f64 / u64::MAX as f64)
    }

    /// How many attempts have failed since the last success.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Starts anew after a connection that served.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_second_and_start_anew_after_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..7).map(|_| backoff.next(u64::MAX).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_000, 1_000]);

        backoff.reset();
        assert_eq!(backoff.next(u64::MAX).as_millis(), 50);
    }

    #[test]
    fn chance_takes_away_at_most_half_of_a_wait() {
        assert_eq!(Backoff::default().next(0), Duration::from_millis(25));
    }

    #[test]
    fn any_number_of_attempts_is_survived() {
        let mut backoff = Backoff { attempts: u32::MAX };
        assert_eq!(backoff.next(u64::MAX), WAIT_MAX);
    }
}
