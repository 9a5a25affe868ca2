//! A point in time as the stores keep it.

use std::time::Duration;

use time::{OffsetDateTime, UtcDateTime};

/// Whole microseconds since 1970. Every time is cut to it on its way in, so that what was kept
/// and what is read again are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Micros(pub(crate) i64);

impl Micros {
    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How long after `earlier` this is; zero where it is not after it.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The first whole second that is not before this.
    pub(crate) fn seconds_up(self) -> i64 {
        let seconds = self.0.div_euclid(1_000_000);
        seconds + i64::from(self.0.rem_euclid(1_000_000) != 0)
    }

    /// The last whole second that is not after this.
    pub(crate) fn seconds_down(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// A whole second, cut to the years that a calendar date can tell.
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl From<OffsetDateTime> for Micros {
    fn from(at: OffsetDateTime) -> Self {
        let micros = at.unix_timestamp_nanos().div_euclid(1_000);
        Self(i64::try_from(micros).expect("the calendar's years fit into 64 bits of microseconds"))
    }
}

impl From<Micros> for OffsetDateTime {
    fn from(at: Micros) -> Self {
        let nanos = i128::from(at.0) * 1_000;
        // Beyond the calendar is only what nobody wrote; it stays beyond every real time.
        let far = if nanos < 0 {
            UtcDateTime::MIN
        } else {
            UtcDateTime::MAX
        };
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(far.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_store_to_the_microsecond() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_234_567_890_123_456_789)
            .expect("a time of the calendar");
        let kept = OffsetDateTime::from(Micros::from(at));
        assert_eq!(kept.unix_timestamp_nanos(), 1_234_567_890_123_456_000);
    }

    #[test]
    fn seconds_are_cut_to_either_side() {
        assert_eq!(Micros(1_500_000).seconds_up(), 2);
        assert_eq!(Micros(1_500_000).seconds_down(), 1);
        assert_eq!(Micros(2_000_000).seconds_up(), 2);
        assert_eq!(Micros(-1).seconds_up(), 0);
        assert_eq!(Micros(-1).seconds_down(), -1);
    }

    #[test]
    fn what_no_calendar_tells_does_not_panic() {
        for wild in [i64::MIN, i64::MAX] {
            let at = OffsetDateTime::from(Micros(wild));
            assert_eq!(at.year().signum(), if wild < 0 { -1 } else { 1 });
        }
        assert_eq!(Micros(i64::MAX).plus(Duration::MAX), Micros(i64::MAX));
        assert_eq!(Micros(i64::MIN).minus(Duration::MAX), Micros(i64::MIN));
    }
}
