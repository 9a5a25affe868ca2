//! Who may hear a room.

use chat::{Access, RoomId, UserId};
use message_log::Rules;

/// The rules of a room as this instance knows them.
///
/// An open room has none: whoever is in may hear it. Of a private room nothing is told before its
/// rules are known, and nothing that was committed under newer rules before those are known.
#[derive(Debug, Default)]
pub(super) enum Gate {
    /// Everybody may hear it.
    #[default]
    Open,
    /// Nobody knows yet who may.
    Unknown,
    /// There is no such room.
    Missing,
    /// Its members may.
    Members(Rules),
}

impl Gate {
    /// The gate of a room that is new here.
    pub(super) fn of(room: &RoomId) -> Self {
        if room.is_private() {
            Self::Unknown
        } else {
            Self::Open
        }
    }

    /// Whether messages are told only after their commit: what is shown before has no rules that
    /// it was allowed by.
    pub(super) fn is_private(&self) -> bool {
        !matches!(self, Self::Open)
    }

    /// Whether the rules that are known are not older than these.
    pub(super) fn has(&self, access: Access) -> bool {
        match self {
            Self::Open => true,
            Self::Unknown => false,
            Self::Missing => access == Access::default(),
            Self::Members(rules) => rules.access >= access,
        }
    }

    /// Whether this user, or a guest without a name, may hear the room.
    pub(super) fn admits(&self, user: Option<UserId>) -> bool {
        match self {
            Self::Open => true,
            Self::Unknown | Self::Missing => false,
            Self::Members(rules) => user.is_some_and(|user| rules.members.contains_key(&user)),
        }
    }

    /// Takes the rules as they were read, unless newer ones are known: readings overtake each other.
    pub(super) fn learn(&mut self, rules: Option<Rules>) {
        let read = rules.as_ref().map(|rules| rules.access).unwrap_or_default();
        let is_newer = match self {
            Self::Open => false,
            Self::Unknown | Self::Missing => true,
            Self::Members(known) => read > known.access,
        };
        if is_newer {
            *self = rules.map_or(Self::Missing, Self::Members);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use chat::{RoomRole, Visibility};
    use uuid::Uuid;

    use super::*;

    const ADA: Option<UserId> = Some(UserId(Uuid::from_u128(1)));
    const EVE: Option<UserId> = Some(UserId(Uuid::from_u128(2)));

    fn rules(access: i64) -> Option<Rules> {
        Some(Rules {
            access: Access(access),
            members: HashMap::from_iter(ADA.map(|ada| (ada, RoomRole::Member))),
        })
    }

    fn private() -> Gate {
        Gate::of(&RoomId::minted(Visibility::Private, Uuid::nil()))
    }

    #[test]
    fn an_open_room_admits_everybody_under_any_rules() {
        let mut gate = Gate::of(&RoomId::parse("lobby").expect("a room"));
        gate.learn(rules(3));
        assert!(gate.admits(None) && gate.admits(EVE) && gate.has(Access(9)));
        assert!(!gate.is_private());
    }

    #[test]
    fn a_private_room_admits_nobody_before_its_rules_are_known_and_members_then() {
        let mut gate = private();
        assert!(!gate.admits(ADA) && !gate.has(Access(0)));
        gate.learn(rules(3));
        assert!(gate.admits(ADA) && !gate.admits(EVE) && !gate.admits(None));
        assert!(gate.has(Access(3)) && !gate.has(Access(4)));
    }

    #[test]
    fn a_reading_that_was_overtaken_changes_nothing() {
        let mut gate = private();
        gate.learn(rules(3));
        gate.learn(Some(Rules {
            access: Access(2),
            members: HashMap::new(),
        }));
        gate.learn(None);
        assert!(gate.admits(ADA) && gate.has(Access(3)));
    }

    #[test]
    fn a_room_that_is_not_there_admits_nobody() {
        let mut gate = private();
        gate.learn(None);
        assert!(!gate.admits(ADA) && gate.has(Access(0)) && !gate.has(Access(1)));
    }
}
