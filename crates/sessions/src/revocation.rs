//! The feed of what was revoked, which every instance reads along.

use std::collections::BTreeSet;
use std::time::Duration;

use chat::UserId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::SessionId;
use crate::micros::Micros;
use crate::person::Ended;

/// For how long a revocation is kept: longer than an access token can live (15 minutes) with every
/// clock's leeway, after which there is nothing left to revoke.
pub const REVOCATION_LIFETIME: Duration = Duration::from_secs(20 * 60);

/// How far back of the newest known revocation is read again, since one that was written by a slow
/// clock, or late, sorts before those that are known already.
pub const REVOCATION_OVERLAP: Duration = Duration::from_secs(60);

/// Says that access tokens count no more before their time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Whose.
    pub user: UserId,
    /// Those of this session; `None`: those without a session. When all of a user's is ended, each
    /// of the sessions is named, and `None` with them.
    pub session: Option<SessionId>,
    /// When it was said.
    pub at: OffsetDateTime,
}

impl Revocation {
    /// Whether it means an access token with this subject, session and time of issue (in whole
    /// seconds, as `iat` of RFC 7519 commonly is).
    pub fn covers(
        &self,
        user: UserId,
        session: Option<SessionId>,
        issued_at: OffsetDateTime,
    ) -> bool {
        self.user == user && self.session == session && (session.is_some() || issued_at <= self.at)
    }
}

/// How far an instance has read the feed. The default stands before everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationCursor {
    newest: Option<Micros>,
    /// What was brought already of the part that is read again.
    brought: BTreeSet<EntryId>,
}

/// Sorts the feed by time; the UUID tells those of one microsecond apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId {
    pub(crate) at: Micros,
    pub(crate) unique: Uuid,
}

/// One change's revocations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) user: UserId,
    pub(crate) ended: Ended,
}

impl Entry {
    pub(crate) fn new(user: UserId, ended: Ended, now: Micros, unique: Uuid) -> Self {
        let id = EntryId { at: now, unique };
        Self { id, user, ended }
    }

    pub(crate) fn expires_at(&self) -> Micros {
        self.id.at.plus(REVOCATION_LIFETIME)
    }

    fn revocations(&self) -> impl Iterator<Item = Revocation> {
        let sessions = self.ended.sessions.iter().copied().map(Some);
        let sessionless = self.ended.sessionless.then_some(None);
        sessions.chain(sessionless).map(|session| Revocation {
            user: self.user,
            session,
            at: self.id.at.into(),
        })
    }
}

impl RevocationCursor {
    /// What was entered before this need not be read: it was brought, or has ended.
    ///
    /// The place goes by what was read and not by this instance's clock, which may be ahead of the
    /// others': its own bound is only the end of what still matters. Nor does it go ahead of
    /// `now`, to where another's fast clock wrote.
    pub(crate) fn reads_from(&self, now: Micros) -> Micros {
        let oldest = now.minus(REVOCATION_LIFETIME).next();
        match self.newest {
            Some(newest) => newest.min(now).minus(REVOCATION_OVERLAP).max(oldest),
            None => oldest,
        }
    }

    /// Takes what was read from [`reads_from`](Self::reads_from) on, all of it, and keeps what is
    /// new.
    pub(crate) fn advance(&self, read: &[Entry], now: Micros) -> (Vec<Revocation>, Self) {
        let new = read
            .iter()
            .filter(|entry| !self.brought.contains(&entry.id))
            .flat_map(Entry::revocations)
            .collect();
        let newest = read.iter().map(|entry| entry.id.at).max().max(self.newest);
        let mut next = Self {
            newest,
            brought: BTreeSet::new(),
        };
        let again = next.reads_from(now);
        next.brought = read
            .iter()
            .map(|entry| entry.id)
            .filter(|id| id.at >= again)
            .collect();
        (new, next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Micros = Micros(1_800_000_000_000_000);

    fn entry(at: Micros, unique: u128) -> Entry {
        let ended = Ended {
            sessions: vec![SessionId(Uuid::from_u128(unique))],
            sessionless: false,
        };
        Entry::new(
            UserId(Uuid::from_u128(1)),
            ended,
            at,
            Uuid::from_u128(unique),
        )
    }

    /// Reads like a store: what is there from the cursor's place on.
    fn poll(
        cursor: &RevocationCursor,
        feed: &[Entry],
        now: Micros,
    ) -> (Vec<Revocation>, RevocationCursor) {
        let from = cursor.reads_from(now);
        let read: Vec<Entry> = feed
            .iter()
            .filter(|entry| entry.id.at >= from)
            .cloned()
            .collect();
        cursor.advance(&read, now)
    }

    #[test]
    fn a_session_is_meant_by_name_and_nothing_else_is() {
        let (user, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let (session, at) = (SessionId::random(), OffsetDateTime::from(NOW));
        let of_session = Revocation {
            user,
            session: Some(session),
            at,
        };
        assert!(of_session.covers(user, Some(session), at + Duration::from_secs(9)));
        assert!(!of_session.covers(user, Some(SessionId::random()), at));
        assert!(!of_session.covers(user, None, at));
        assert!(!of_session.covers(other, Some(session), at));
    }

    #[test]
    fn what_has_no_session_is_meant_up_to_the_moment() {
        let user = UserId(Uuid::from_u128(1));
        let at = OffsetDateTime::from(NOW);
        let sessionless = Revocation {
            user,
            session: None,
            at,
        };
        assert!(sessionless.covers(user, None, at));
        assert!(!sessionless.covers(user, None, at + Duration::from_secs(1)));
        assert!(!sessionless.covers(user, Some(SessionId::random()), at));
    }

    #[test]
    fn an_instance_with_a_fast_clock_misses_nothing() {
        let ten_minutes = Duration::from_secs(600);
        let fast = NOW.plus(ten_minutes);
        let mut feed = vec![entry(NOW, 1)];
        let (_, cursor) = poll(&RevocationCursor::default(), &feed, fast);
        feed.push(entry(NOW.plus(Duration::from_secs(1)), 2));
        let (new, _) = poll(&cursor, &feed, fast.plus(Duration::from_secs(2)));
        assert_eq!(new.len(), 1);
    }

    #[test]
    fn a_revocation_from_a_fast_clock_hides_no_later_one() {
        let mut feed = vec![entry(NOW.plus(Duration::from_secs(600)), 1)];
        let (new, cursor) = poll(&RevocationCursor::default(), &feed, NOW);
        assert_eq!(new.len(), 1);
        feed.push(entry(NOW.plus(Duration::from_secs(1)), 2));
        let (new, _) = poll(&cursor, &feed, NOW.plus(Duration::from_secs(2)));
        assert_eq!(new.len(), 1);
    }

    #[test]
    fn a_quiet_feed_leaves_nothing_to_read_again() {
        let feed = [entry(NOW, 1)];
        let (_, cursor) = poll(&RevocationCursor::default(), &feed, NOW);
        let later = NOW.plus(REVOCATION_LIFETIME).plus(Duration::from_secs(1));
        let (new, cursor) = poll(&cursor, &feed, later);
        assert!(new.is_empty());
        assert!(cursor.brought.is_empty());
    }

    proptest! {
        /// Entries become visible up to half the overlap late, by clocks that are wrong by up to
        /// the other half.
        #[test]
        fn every_revocation_is_brought_exactly_once(
            happenings in prop::collection::vec((0_u64..300, 0_u64..30, -30_i64..30), 0..60),
        ) {
            let second = |count| Duration::from_secs(count);
            let entries: Vec<(Micros, Entry)> = happenings.iter().enumerate().map(|(n, (at, late, wrong))| {
                let happened = NOW.plus(second(*at));
                let written = Micros(happened.0 + wrong * 1_000_000);
                (happened.plus(second(*late)), entry(written, n as u128))
            }).collect();
            let mut cursor = RevocationCursor::default();
            let mut brought = Vec::new();
            for tick in 0..400 {
                let now = NOW.plus(second(tick));
                let visible: Vec<Entry> = entries.iter().filter(|(from, _)| *from <= now).map(|(_, entry)| entry.clone()).collect();
                let (new, next) = poll(&cursor, &visible, now);
                brought.extend(new.into_iter().map(|revocation| revocation.session));
                cursor = next;
            }
            prop_assert_eq!(brought.len(), entries.len());
            let distinct: BTreeSet<_> = brought.into_iter().collect();
            prop_assert_eq!(distinct.len(), entries.len());
        }
    }
}
