//! Who may hear a room.

use std::collections::HashMap;

use chat::{Access, RoomId, Sanction, UserId};
use message_log::Rules;
use time::OffsetDateTime;
use tokio::time::Instant;

/// The rules of a room as this instance knows them.
///
/// Nothing is told of a room before its rules are known, and nothing that was committed under newer
/// rules before those are known. Those of an open room say whom it keeps out, and most have none.
#[derive(Debug, Default)]
pub(super) struct Gate {
    is_private: bool,
    known: Known,
    /// When the mutes and bans end that end by themselves.
    ends: HashMap<UserId, Instant>,
}

#[derive(Debug, Default)]
enum Known {
    /// Nobody knows yet.
    #[default]
    Nothing,
    /// There is no such room, or no rules of it.
    NoRules,
    /// What was read last.
    Rules(Rules),
}

impl Gate {
    /// The gate of a room that is new here.
    pub(super) fn of(room: &RoomId) -> Self {
        Self {
            is_private: room.is_private(),
            known: Known::Nothing,
            ends: HashMap::new(),
        }
    }

    /// Whether messages are told only after their commit: what is shown before has no rules that
    /// it was allowed by.
    pub(super) fn is_private(&self) -> bool {
        self.is_private
    }

    /// Whether it is an open room's of which nothing is known yet; the first look tells.
    pub(super) fn awaits_look(&self) -> bool {
        !self.is_private && matches!(self.known, Known::Nothing)
    }

    /// Whether the rules that are known are not older than these.
    pub(super) fn has(&self, access: Access) -> bool {
        match &self.known {
            Known::Nothing => false,
            Known::NoRules => access == Access::default(),
            Known::Rules(rules) => rules.access >= access,
        }
    }

    /// Whether somebody is kept out, or from speaking, so that others have to be asked about.
    pub(super) fn is_selective(&self) -> bool {
        match &self.known {
            Known::Rules(rules) => self.is_private || !rules.sanctions.is_empty(),
            Known::Nothing | Known::NoRules => self.is_private,
        }
    }

    /// Whether this user, or a guest without a name, may hear the room.
    pub(super) fn admits(&self, user: Option<UserId>) -> bool {
        match &self.known {
            Known::Nothing => false,
            Known::NoRules => !self.is_private,
            Known::Rules(rules) => {
                let is_in = user.is_some_and(|user| rules.members.contains_key(&user));
                let sanction = user.and_then(|user| rules.sanctions.get(&user));
                let is_banned = sanction.is_some_and(|known| known.sanction == Sanction::Ban);
                (is_in || !self.is_private) && !is_banned
            }
        }
    }

    /// When the ban of whoever is not admitted ends by itself; nothing where it does not, or where
    /// there is none.
    pub(super) fn ban_until(&self, user: Option<UserId>) -> Option<OffsetDateTime> {
        match (&self.known, user) {
            (Known::Rules(rules), Some(user)) => rules.sanctions.get(&user)?.until,
            _ => None,
        }
    }

    /// Whether he may also speak in it.
    pub(super) fn lets_speak(&self, user: Option<UserId>) -> bool {
        let is_muted = match (&self.known, user) {
            (Known::Rules(rules), Some(user)) => rules.sanctions.contains_key(&user),
            _ => false,
        };
        self.admits(user) && !is_muted
    }

    /// Takes the rules as they were read, unless newer ones are known: readings overtake each other.
    pub(super) fn learn(&mut self, rules: Option<Rules>, now: Instant) {
        let read = rules.as_ref().map(|rules| rules.access).unwrap_or_default();
        let is_newer = match &self.known {
            Known::Nothing | Known::NoRules => true,
            Known::Rules(known) => read > known.access,
        };
        if is_newer {
            let sanctions = rules.iter().flat_map(|rules| &rules.sanctions);
            self.ends = sanctions
                .filter_map(|(user, known)| Some((*user, now.checked_add(known.remaining?)?)))
                .collect();
            self.known = rules.map_or(Known::NoRules, Known::Rules);
        }
    }

    /// Forgets the mutes and bans that have ended by themselves.
    ///
    /// An instance counts from when it read them, so it forgets none before Postgres does.
    pub(super) fn lapse(&mut self, now: Instant) {
        let over = self.ends.extract_if(|_, end| *end <= now);
        if let Known::Rules(rules) = &mut self.known {
            for (user, _) in over {
                rules.sanctions.remove(&user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chat::{RoomRole, Visibility};
    use message_log::InForce;
    use uuid::Uuid;

    use super::*;

    const ADA: Option<UserId> = Some(UserId(Uuid::from_u128(1)));
    const EVE: Option<UserId> = Some(UserId(Uuid::from_u128(2)));

    fn rules(access: i64) -> Option<Rules> {
        Some(Rules {
            access: Access(access),
            members: HashMap::from_iter(ADA.map(|ada| (ada, RoomRole::Member))),
            sanctions: HashMap::new(),
        })
    }

    /// Ada is muted and Eve banned, for so long.
    fn sanctions(remaining: [Option<Duration>; 2]) -> Option<Rules> {
        let [ada, eve] = [(ADA, Sanction::Mute), (EVE, Sanction::Ban)];
        let sanctions = [(ada, remaining[0]), (eve, remaining[1])];
        let sanctions = sanctions.map(|((user, sanction), remaining)| {
            let in_force = InForce {
                sanction,
                remaining,
                until: remaining.and(Some(OffsetDateTime::UNIX_EPOCH)),
            };
            (user.expect("known"), in_force)
        });
        Some(Rules {
            access: Access(3),
            members: HashMap::new(),
            sanctions: sanctions.into(),
        })
    }

    fn now() -> Instant {
        Instant::now()
    }

    fn private() -> Gate {
        Gate::of(&RoomId::minted(Visibility::Private, Uuid::nil()))
    }

    fn open() -> Gate {
        Gate::of(&RoomId::parse("lobby").expect("a room"))
    }

    #[test]
    fn an_open_room_without_rules_admits_everybody_once_that_is_known() {
        let mut gate = open();
        assert!(gate.awaits_look() && !gate.admits(EVE));
        gate.learn(None, now());
        assert!(gate.admits(None) && gate.lets_speak(EVE) && gate.has(Access(0)));
        assert!(!gate.has(Access(1)) && !gate.is_private() && !gate.is_selective());
    }

    #[test]
    fn an_open_room_keeps_out_who_is_banned_and_silent_who_is_muted() {
        let mut gate = open();
        gate.learn(sanctions([None, None]), now());
        assert!(gate.admits(ADA) && !gate.lets_speak(ADA));
        assert!(!gate.admits(EVE) && !gate.lets_speak(EVE));
        assert!(gate.admits(None) && gate.is_selective());
    }

    #[test]
    fn what_ends_by_itself_ends_and_nothing_else_does() {
        let mut gate = open();
        let (began, second) = (now(), Duration::from_secs(1));
        gate.learn(sanctions([Some(second), Some(2 * second)]), began);
        gate.lapse(began);
        assert!(!gate.lets_speak(ADA) && !gate.admits(EVE));
        assert_eq!(gate.ban_until(EVE), Some(OffsetDateTime::UNIX_EPOCH));
        gate.lapse(began + second);
        assert!(gate.lets_speak(ADA) && !gate.admits(EVE) && gate.is_selective());
        gate.lapse(began + 2 * second);
        assert!(gate.lets_speak(EVE) && !gate.is_selective() && gate.has(Access(3)));
        assert_eq!(gate.ban_until(EVE), None);

        let mut gate = open();
        gate.learn(sanctions([None, Some(Duration::MAX)]), began);
        gate.lapse(began + 1_000_000 * second);
        assert!(!gate.lets_speak(ADA) && !gate.admits(EVE));
    }

    #[test]
    fn a_private_room_admits_nobody_before_its_rules_are_known_and_members_then() {
        let mut gate = private();
        assert!(!gate.admits(ADA) && !gate.has(Access(0)));
        gate.learn(rules(3), now());
        assert!(gate.admits(ADA) && !gate.admits(EVE) && !gate.admits(None));
        assert!(gate.has(Access(3)) && !gate.has(Access(4)));
    }

    #[test]
    fn a_reading_that_was_overtaken_changes_nothing() {
        let mut gate = private();
        gate.learn(rules(3), now());
        let older = Rules {
            access: Access(2),
            members: HashMap::new(),
            sanctions: HashMap::new(),
        };
        gate.learn(Some(older), now());
        gate.learn(None, now());
        assert!(gate.admits(ADA) && gate.has(Access(3)));
    }

    #[test]
    fn a_room_that_is_not_there_admits_nobody() {
        let mut gate = private();
        gate.learn(None, now());
        assert!(!gate.admits(ADA) && gate.has(Access(0)) && !gate.has(Access(1)));
    }
}
