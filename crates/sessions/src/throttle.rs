//! How fast passwords may be tried: per account and per address, with growing waits.

mod gauge;
mod key;

pub(crate) use gauge::{Curve, Gauge};
pub use key::ThrottleKey;
pub(crate) use key::{KeyKind, PlaceId};

use std::time::Duration;

use crate::micros::Micros;

/// How many attempts on an account cost no wait.
pub const ACCOUNT_FREE_ATTEMPTS: u32 = 5;

/// The longest wait between two attempts on an account: somebody who guesses at it cannot keep its
/// owner out for longer, even at a place where the owner never was.
pub const ACCOUNT_WAIT_MAX: Duration = Duration::from_secs(30);

/// How many attempts from an address cost no wait: many people share one.
pub const ADDRESS_FREE_ATTEMPTS: u32 = 50;

/// The longest wait between two attempts from an address.
pub const ADDRESS_WAIT_MAX: Duration = Duration::from_secs(30);

/// From how many places an account's owner is known.
pub const FAMILIAR_PLACES_MAX: usize = 4;

/// For how long a place is known after the last good log-in from it.
pub const FAMILIAR_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A quarter of an hour of quiet forgives what was free.
const ACCOUNT: Curve = Curve {
    free_attempts: ACCOUNT_FREE_ATTEMPTS,
    leak: Duration::from_secs(180),
    wait_max: ACCOUNT_WAIT_MAX,
};

/// Ten bad attempts a minute, sustained, are an office on a Monday.
const ADDRESS: Curve = Curve {
    free_attempts: ADDRESS_FREE_ATTEMPTS,
    leak: Duration::from_secs(6),
    wait_max: ADDRESS_WAIT_MAX,
};

/// What [`attempt`](crate::Sessions::attempt) answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The attempt may be made; it is counted.
    Go,
    /// Not before this time has passed; nothing is counted.
    Wait(Duration),
}

/// What is kept for one [`ThrottleKey`].
///
/// Whoever guesses at an account from elsewhere and without end would compete with its owner for
/// every free moment. So each place that the owner logged in from counts for itself: strangers'
/// attempts do not slow the owner there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Throttle {
    pub(crate) gauge: Gauge,
    pub(crate) familiar: Vec<Place>,
}

/// A place that an account's owner logged in from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) id: PlaceId,
    pub(crate) gauge: Gauge,
    pub(crate) expires_at: Micros,
}

impl Throttle {
    /// The wait of one who came together with too many others to be counted.
    pub(crate) const CROWD_WAIT: Duration = Duration::from_secs(1);

    pub(crate) fn forget_the_dead(&mut self, now: Micros) {
        self.familiar.retain(|place| now < place.expires_at);
    }

    /// The end of the last thing to remember.
    pub(crate) fn expires_at(&self) -> Micros {
        let places = self.familiar.iter().map(|place| place.expires_at);
        places.fold(self.gauge.expires_at(), Ord::max)
    }

    pub(crate) fn attempt(&mut self, key: &ThrottleKey, now: Micros) -> Verdict {
        match key.kind() {
            KeyKind::Account { place } => self.gauge_at(place).attempt(&ACCOUNT, now),
            KeyKind::Address => self.gauge.attempt(&ADDRESS, now),
        }
    }

    pub(crate) fn succeeded(&mut self, key: &ThrottleKey, now: Micros) {
        match key.kind() {
            KeyKind::Account { place } => {
                *self.gauge_at(place) = Gauge::default();
                if let Some(place) = place {
                    self.welcome(place, now);
                }
            }
            // One good account does not wash away what else was tried from there.
            KeyKind::Address => self.gauge.refund(&ADDRESS, now),
        }
    }

    /// The gauge that counts for a place: its own where the owner is known there.
    fn gauge_at(&mut self, place: Option<PlaceId>) -> &mut Gauge {
        let familiar = self
            .familiar
            .iter_mut()
            .find(|familiar| Some(familiar.id) == place);
        match familiar {
            Some(familiar) => &mut familiar.gauge,
            None => &mut self.gauge,
        }
    }

    fn welcome(&mut self, id: PlaceId, now: Micros) {
        self.familiar.retain(|place| place.id != id);
        self.familiar.insert(
            0,
            Place {
                id,
                gauge: Gauge::default(),
                expires_at: now.plus(FAMILIAR_LIFETIME),
            },
        );
        self.familiar.truncate(FAMILIAR_PLACES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros(1_800_000_000_000_000);
    const HOME: [u8; 4] = [192, 0, 2, 1];
    const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];

    fn from(place: [u8; 4]) -> ThrottleKey {
        ThrottleKey::account("ann@example.org", Some(place.into()))
    }

    fn attacked_to_the_limit(throttle: &mut Throttle) {
        for _ in 0..2 * ACCOUNT_FREE_ATTEMPTS {
            let _ = throttle.attempt(&from(ELSEWHERE), NOW);
        }
        assert!(matches!(
            throttle.attempt(&from(ELSEWHERE), NOW),
            Verdict::Wait(_)
        ));
    }

    #[test]
    fn guessing_from_elsewhere_does_not_slow_the_owner_at_home() {
        let mut throttle = Throttle::default();
        throttle.succeeded(&from(HOME), NOW);
        attacked_to_the_limit(&mut throttle);
        assert_eq!(throttle.attempt(&from(HOME), NOW), Verdict::Go);
    }

    #[test]
    fn a_familiar_place_is_throttled_by_itself() {
        let mut throttle = Throttle::default();
        throttle.succeeded(&from(HOME), NOW);
        for _ in 0..=ACCOUNT_FREE_ATTEMPTS {
            assert_eq!(throttle.attempt(&from(HOME), NOW), Verdict::Go);
        }
        assert!(matches!(
            throttle.attempt(&from(HOME), NOW),
            Verdict::Wait(_)
        ));
        assert_eq!(throttle.attempt(&from(ELSEWHERE), NOW), Verdict::Go);
    }

    #[test]
    fn a_success_from_a_new_place_starts_the_accounts_count_anew() {
        let mut throttle = Throttle::default();
        attacked_to_the_limit(&mut throttle);
        throttle.succeeded(&from(HOME), NOW);
        assert_eq!(throttle.attempt(&from(ELSEWHERE), NOW), Verdict::Go);
    }

    #[test]
    fn the_place_unused_for_longest_is_forgotten_for_a_new_one() {
        let mut throttle = Throttle::default();
        throttle.succeeded(&from(HOME), NOW);
        for last in 0..FAMILIAR_PLACES_MAX {
            let place = [10, 0, 0, u8::try_from(last).expect("few places")];
            throttle.succeeded(&from(place), NOW);
        }
        assert_eq!(throttle.familiar.len(), FAMILIAR_PLACES_MAX);
        attacked_to_the_limit(&mut throttle);
        assert!(matches!(
            throttle.attempt(&from(HOME), NOW),
            Verdict::Wait(_)
        ));
    }

    #[test]
    fn a_place_is_forgotten_after_its_lifetime() {
        let mut throttle = Throttle::default();
        throttle.succeeded(&from(HOME), NOW);
        throttle.forget_the_dead(NOW.plus(FAMILIAR_LIFETIME));
        assert_eq!(throttle, Throttle::default());
    }

    #[test]
    fn a_good_account_does_not_wash_an_address() {
        let key = ThrottleKey::address(HOME.into());
        let mut throttle = Throttle::default();
        let mut guesses = 0;
        // Each guess is followed by a good log-in with an account of one's own.
        while throttle.attempt(&key, NOW) == Verdict::Go {
            guesses += 1;
            if throttle.attempt(&key, NOW) == Verdict::Go {
                throttle.succeeded(&key, NOW);
            }
        }
        assert!(guesses <= ADDRESS_FREE_ATTEMPTS + 1, "{guesses} guesses");
    }
}
