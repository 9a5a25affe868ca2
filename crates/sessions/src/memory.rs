//! The adapter inside one process. It is a product: the whole chat in one process is served by it.
//! With the process its state is gone, and everybody logs in again.

mod limits;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use chat::UserId;
use uuid::Uuid;

use crate::micros::Micros;
use crate::person::{Ended, Person};
use crate::random::random;
use crate::revocation::{Entry, EntryId};
use crate::store::Store;
use crate::throttle::Throttle;
use crate::{ThrottleKey, Unavailable};

pub use limits::MemoryLimits;

/// How often what is past its end is removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Sessions, revocations and throttles in the memory of this process, bounded by
/// [`MemoryLimits`].
#[derive(Debug)]
pub struct MemorySessions {
    limits: MemoryLimits,
    kept: Mutex<Kept>,
}

impl MemorySessions {
    /// Keeps nothing yet, and later as much as the default limits allow.
    pub fn new() -> Self {
        Self::with_limits(MemoryLimits::default())
    }

    /// Keeps nothing yet, and later as much as these limits allow.
    pub fn with_limits(limits: MemoryLimits) -> Self {
        Self {
            limits,
            kept: Mutex::default(),
        }
    }

    /// Locks what is kept, without what is past its end.
    fn kept(&self, now: Micros) -> MutexGuard<'_, Kept> {
        let mut kept = self.lock();
        if now >= kept.sweep_at {
            kept.sweep(now);
        }
        kept
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .expect("nothing panics while it holds the lock")
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemorySessions {
    async fn person(&self, user: UserId, now: Micros) -> Result<Person, Unavailable> {
        Ok(self.kept(now).person(user, now))
    }

    async fn change_person<T: Send>(
        &self,
        user: UserId,
        now: Micros,
        mut change: impl FnMut(&mut Person) -> (T, Ended) + Send,
    ) -> Result<T, Unavailable> {
        let mut kept = self.kept(now);
        let mut person = kept.person(user, now);
        let had = person.sessions.len();
        let (answer, ended) = change(&mut person);
        if person.sessions.len() > had && kept.sessions >= self.limits.sessions_max {
            kept.sweep(now);
            if kept.sessions >= self.limits.sessions_max {
                tracing::warn!(sessions = kept.sessions, "no more sessions fit into memory");
                return Err(Unavailable);
            }
        }
        kept.keep_person(user, person);
        if !ended.is_nothing() {
            let entry = Entry::new(user, ended, now, Uuid::from_bytes(random()));
            kept.feed.insert(entry.id, entry);
            while kept.feed.len() > self.limits.revocations_max {
                kept.feed.pop_first();
            }
        }
        Ok(answer)
    }

    async fn feed(&self, from: Micros) -> Result<Vec<Entry>, Unavailable> {
        let from = EntryId {
            at: from,
            unique: Uuid::nil(),
        };
        let feed = &self.lock().feed;
        Ok(feed.range(from..).map(|(_, entry)| entry.clone()).collect())
    }

    async fn change_throttle<T: Send>(
        &self,
        key: &ThrottleKey,
        now: Micros,
        mut change: impl FnMut(&mut Throttle) -> T + Send,
    ) -> Result<Option<T>, Unavailable> {
        let mut kept = self.kept(now);
        let mut throttle = kept.throttles.remove(key.id()).unwrap_or_default();
        throttle.forget_the_dead(now);
        let answer = change(&mut throttle);
        if now < throttle.expires_at() {
            if kept.throttles.len() >= self.limits.throttles_max {
                kept.sweep(now);
                kept.forget_light_throttles(self.limits.throttles_max);
            }
            kept.throttles.insert(key.id().to_owned(), throttle);
        }
        Ok(Some(answer))
    }
}

#[derive(Default)]
struct Kept {
    people: HashMap<UserId, Person>,
    /// How many sessions all people have together.
    sessions: usize,
    feed: BTreeMap<EntryId, Entry>,
    throttles: HashMap<String, Throttle>,
    sweep_at: Micros,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("people", &self.people.len())
            .field("sessions", &self.sessions)
            .field("feed", &self.feed.len())
            .field("throttles", &self.throttles.len())
            .finish_non_exhaustive()
    }
}

impl Kept {
    fn person(&self, user: UserId, now: Micros) -> Person {
        let mut person = self.people.get(&user).cloned().unwrap_or_default();
        person.forget_the_dead(now);
        person
    }

    fn keep_person(&mut self, user: UserId, person: Person) {
        self.sessions += person.sessions.len();
        let before = match person.expires_at() {
            Some(_) => self.people.insert(user, person),
            None => self.people.remove(&user),
        };
        self.sessions -= before.map_or(0, |before| before.sessions.len());
    }

    fn sweep(&mut self, now: Micros) {
        self.people.retain(|_, person| {
            person.forget_the_dead(now);
            person.expires_at().is_some()
        });
        self.sessions = self
            .people
            .values()
            .map(|person| person.sessions.len())
            .sum();
        self.feed.retain(|_, entry| now < entry.expires_at());
        self.throttles.retain(|_, throttle| {
            throttle.forget_the_dead(now);
            now < throttle.expires_at()
        });
        self.sweep_at = now.plus(SWEEP_EVERY);
    }

    /// Makes room for new keys, of which a stranger has any number: forgets half of them, those
    /// first that would have been forgotten first.
    fn forget_light_throttles(&mut self, max: usize) {
        if self.throttles.len() < max {
            return;
        }
        let mut ends: Vec<Micros> = self.throttles.values().map(Throttle::expires_at).collect();
        let middle = ends.len() / 2;
        let (_, end, _) = ends.select_nth_unstable(middle);
        let end = *end;
        self.throttles
            .retain(|_, throttle| throttle.expires_at() > end);
        tracing::warn!(
            left = self.throttles.len(),
            "throttles were forgotten early: too many for the memory"
        );
    }
}
