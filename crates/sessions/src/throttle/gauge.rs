//! A count of attempts that drains with time, and the waits that follow from it.

use std::time::Duration;

use crate::Verdict;
use crate::micros::Micros;

/// How waits grow: none for the first attempts, then one second, doubled each time.
pub(crate) struct Curve {
    /// How many attempts cost no wait.
    pub(crate) free_attempts: u32,
    /// In what time one attempt is forgotten.
    pub(crate) leak: Duration,
    pub(crate) wait_max: Duration,
}

impl Curve {
    /// How long to wait after an attempt that raised the count to `level`.
    fn wait(&self, level: u32) -> Duration {
        match level.saturating_sub(self.free_attempts) {
            0 => Duration::ZERO,
            costly => {
                let seconds = 1_u64.checked_shl(costly - 1).unwrap_or(u64::MAX);
                Duration::from_secs(seconds).min(self.wait_max)
            }
        }
    }

    /// The count at which the wait stops to grow; it stops there too, so that what comes after a
    /// long attack is forgiven as soon as after a short one.
    fn level_max(&self) -> u32 {
        let doublings = self.wait_max.as_secs().max(1).next_power_of_two().ilog2();
        self.free_attempts + 1 + doublings
    }
}

/// A count that drains: it is told by the time at which it will be empty. The default is empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gauge {
    pub(crate) empty_at: Micros,
    /// Until then no attempt is let through.
    pub(crate) open_at: Micros,
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            empty_at: Micros(0),
            open_at: Micros(0),
        }
    }
}

impl Gauge {
    pub(crate) fn attempt(&mut self, curve: &Curve, now: Micros) -> Verdict {
        let wait = self.open_at.since(now);
        // Far more than the longest wait is only what a clock has written that ran ahead.
        let possible = wait <= 2 * curve.wait_max;
        if possible && !wait.is_zero() {
            return Verdict::Wait(wait.min(curve.wait_max));
        }
        let fullest = now.plus(curve.leak * curve.level_max());
        self.empty_at = self.empty_at.max(now).plus(curve.leak).min(fullest);
        self.open_at = now.plus(curve.wait(self.level(curve, now)));
        Verdict::Go
    }

    /// Takes one attempt back.
    pub(crate) fn refund(&mut self, curve: &Curve, now: Micros) {
        self.empty_at = self.empty_at.minus(curve.leak);
        self.open_at = self.open_at.min(now);
    }

    /// When there is nothing left to remember.
    pub(crate) fn expires_at(&self) -> Micros {
        self.empty_at.max(self.open_at)
    }

    fn level(&self, curve: &Curve, now: Micros) -> u32 {
        let left = self.empty_at.since(now).as_micros();
        u32::try_from(left.div_ceil(curve.leak.as_micros())).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Micros = Micros(1_800_000_000_000_000);
    const CURVE: Curve = Curve {
        free_attempts: 3,
        leak: Duration::from_secs(60),
        wait_max: Duration::from_secs(30),
    };

    #[test]
    fn waits_double_from_one_second_to_the_longest() {
        let mut gauge = Gauge::default();
        let mut now = NOW;
        let waits: Vec<u64> = (0..12)
            .map(|_| {
                assert_eq!(gauge.attempt(&CURVE, now), Verdict::Go);
                let wait = gauge.open_at.since(now);
                now = gauge.open_at;
                wait.as_secs()
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
    }

    #[test]
    fn a_wait_is_told_to_the_microsecond() {
        let mut gauge = Gauge::default();
        for _ in 0..4 {
            assert_eq!(gauge.attempt(&CURVE, NOW), Verdict::Go);
        }
        let later = NOW.plus(Duration::from_millis(400));
        let wait = Duration::from_millis(600);
        assert_eq!(gauge.attempt(&CURVE, later), Verdict::Wait(wait));
    }

    #[test]
    fn what_a_fast_clock_wrote_holds_nobody_up_for_longer_than_the_longest_wait() {
        for ahead in [30, 86_400] {
            let mut fast = NOW.plus(Duration::from_secs(ahead));
            let mut gauge = Gauge::default();
            for _ in 0..20 {
                let _ = gauge.attempt(&CURVE, fast);
                fast = gauge.open_at;
            }
            if let Verdict::Wait(wait) = gauge.attempt(&CURVE, NOW) {
                assert_eq!(wait, CURVE.wait_max);
            }
            assert!(gauge.open_at <= NOW.plus(CURVE.wait_max));
        }
    }

    #[test]
    fn quiet_forgives_everything() {
        let mut gauge = Gauge::default();
        for _ in 0..4 {
            let _ = gauge.attempt(&CURVE, NOW);
        }
        let later = gauge.expires_at();
        assert_eq!(gauge.level(&CURVE, later), 0);
    }

    proptest! {
        #[test]
        fn the_curve_never_falls_and_never_exceeds_its_longest_wait(
            free_attempts in 0_u32..100, wait_max in 1_u64..1_000, level in 0_u32..5_000,
        ) {
            let curve = Curve { free_attempts, leak: CURVE.leak, wait_max: Duration::from_secs(wait_max) };
            prop_assert!(curve.wait(level) <= curve.wait(level + 1));
            prop_assert!(curve.wait(level) <= curve.wait_max);
            prop_assert_eq!(curve.wait(level).is_zero(), level <= free_attempts);
            prop_assert_eq!(curve.wait(curve.level_max()), curve.wait_max);
        }

        /// Whatever the rhythm, an attacker gets no more attempts than the free ones, those that
        /// drained, and those of the waits.
        #[test]
        fn no_rhythm_gets_more_attempts_than_the_curve_grants(
            pauses in prop::collection::vec(0_u64..90_000, 1..400),
        ) {
            let mut gauge = Gauge::default();
            let (mut now, mut went) = (NOW, 0_u64);
            for pause in pauses {
                now = now.plus(Duration::from_millis(pause));
                match gauge.attempt(&CURVE, now) {
                    Verdict::Go => went += 1,
                    Verdict::Wait(wait) => {
                        prop_assert!(wait <= CURVE.wait_max && !wait.is_zero());
                    }
                }
                prop_assert!(gauge.level(&CURVE, now) <= CURVE.level_max());
                prop_assert!(gauge.expires_at() <= now.plus(CURVE.leak * CURVE.level_max()));
            }
            let drained = now.since(NOW).as_secs() / CURVE.leak.as_secs();
            let waited = now.since(NOW).as_secs() / CURVE.wait_max.as_secs();
            let granted = u64::from(CURVE.level_max()) + drained + waited + 1;
            prop_assert!(went <= granted, "{went} of {granted}");
        }

        #[test]
        fn a_refund_gives_back_one_attempt_and_no_more(before in 0_u32..20) {
            let mut gauge = Gauge::default();
            let mut now = NOW;
            for _ in 0..before {
                now = now.max(gauge.open_at);
                let _ = gauge.attempt(&CURVE, now);
            }
            now = now.max(gauge.open_at);
            let level = gauge.level(&CURVE, now);
            let _ = gauge.attempt(&CURVE, now);
            gauge.refund(&CURVE, now);
            prop_assert!(gauge.level(&CURVE, now) <= level);
            prop_assert!(gauge.level(&CURVE, now) + 1 >= level);
        }
    }
}
