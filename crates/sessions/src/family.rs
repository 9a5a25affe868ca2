//! The tokens of one session: which of them is the newest, and what an older one means.

use std::time::Duration;

use crate::micros::Micros;
use crate::token::{Digest, Presented, Salt};

/// For how long a replaced refresh token still brings the same successor: two tabs of one browser,
/// or a client that never heard the answer, do not log each other out.
pub const ROTATION_GRACE: Duration = Duration::from_secs(10);

/// What is kept of a session's tokens: nothing that could be presented.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Family {
    pub(crate) mark: Digest,
    pub(crate) newest: Digest,
    pub(crate) last_turn: Option<Turn>,
}

/// How the newest token came to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turn {
    pub(crate) replaced: Digest,
    pub(crate) salt: Salt,
    pub(crate) at: Micros,
}

/// What a presented token is to its family.
pub(crate) enum Standing {
    /// The one that may be replaced.
    Newest,
    /// Replaced within the grace, by this one.
    JustReplaced(Presented),
    /// Replaced earlier: a copy is about.
    Replaced,
    /// None of the family's: somebody who knows no more than ids made it up.
    Foreign,
}

impl Family {
    pub(crate) fn of(first: &Presented) -> Self {
        Self {
            mark: first.mark_digest(),
            newest: first.secret_digest(),
            last_turn: None,
        }
    }

    pub(crate) fn standing(&self, token: &Presented, now: Micros) -> Standing {
        if token.mark_digest() != self.mark {
            return Standing::Foreign;
        }
        let digest = token.secret_digest();
        if digest == self.newest {
            return Standing::Newest;
        }
        match &self.last_turn {
            Some(turn) if turn.replaced == digest && now.since(turn.at) <= ROTATION_GRACE => {
                Standing::JustReplaced(token.successor(&turn.salt))
            }
            _ => Standing::Replaced,
        }
    }

    /// Replaces the newest token.
    pub(crate) fn turn(&mut self, newest: &Presented, salt: Salt, now: Micros) -> Presented {
        let next = newest.successor(&salt);
        self.newest = next.secret_digest();
        self.last_turn = Some(Turn {
            replaced: newest.secret_digest(),
            salt,
            at: now,
        });
        next
    }
}

#[cfg(test)]
mod tests {
    use chat::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::SessionId;

    const NOW: Micros = Micros(1_000_000_000);

    fn family() -> (Family, Presented) {
        let first = Presented::first(UserId(Uuid::from_u128(7)), SessionId::random());
        (Family::of(&first), first)
    }

    #[test]
    fn the_newest_token_is_replaced_by_a_new_newest() {
        let (mut family, first) = family();
        assert!(matches!(family.standing(&first, NOW), Standing::Newest));
        let second = family.turn(&first, Salt([1; 32]), NOW);
        assert!(matches!(family.standing(&second, NOW), Standing::Newest));
    }

    #[test]
    fn a_replaced_token_brings_its_successor_to_the_end_of_the_grace() {
        let (mut family, first) = family();
        let second = family.turn(&first, Salt([1; 32]), NOW);
        let end = NOW.plus(ROTATION_GRACE);
        for at in [NOW.minus(ROTATION_GRACE), NOW, end] {
            assert!(
                matches!(family.standing(&first, at), Standing::JustReplaced(next) if next == second)
            );
        }
        let past = end.plus(Duration::from_micros(1));
        assert!(matches!(family.standing(&first, past), Standing::Replaced));
    }

    #[test]
    fn a_token_replaced_twice_has_no_grace() {
        let (mut family, first) = family();
        let second = family.turn(&first, Salt([1; 32]), NOW);
        family.turn(&second, Salt([2; 32]), NOW);
        assert!(matches!(family.standing(&first, NOW), Standing::Replaced));
    }

    #[test]
    fn who_knows_only_the_ids_is_foreign() {
        let (family, first) = family();
        let forged = Presented::first(first.user, first.session);
        assert!(matches!(family.standing(&forged, NOW), Standing::Foreign));
    }
}
