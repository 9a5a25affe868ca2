//! Who is in a room, and what whoever listens for that was told.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use chat::{ChatPerson, ChatPresence, Nickname, RoomId, UserId};
use fanout::Event;
use message_log::{ChangeError, PRESENCE_LIST_MAX, Presence, Present, ReadError};
use tokio::time;

use super::{Hub, Listening, Work};
use crate::limits::{LOOK_INTERVAL, PRESENCE_CHANGES_MAX, PRESENCE_LOOKS, PRESENCE_RENEWAL_LOOKS};
use crate::outbox::Outbox;

impl Hub {
    /// Renews the lease of this instance, and wants to know who is in the rooms, each in its time.
    pub(super) fn look_at_people(&mut self) {
        let nth = self.looks;
        self.looks = nth.wrapping_add(1);
        if nth.is_multiple_of(PRESENCE_RENEWAL_LOOKS) {
            let (log, instance) = (self.log.clone(), self.instance);
            self.work
                .spawn(async move { Work::Renewed(log.renew_presence(instance).await) });
        }
        if nth.is_multiple_of(PRESENCE_LOOKS) {
            for (name, room) in &self.rooms {
                if room.watches_people() {
                    self.comings.want(name);
                }
            }
        }
    }

    /// Says all anew where the lease had run out.
    pub(super) fn renewed(&mut self, renewed: Result<bool, ChangeError>) {
        match renewed {
            Ok(false) => {}
            Ok(true) => {
                for (name, room) in &self.rooms {
                    room.say_anew(name, &mut self.comings);
                }
            }
            Err(error) => tracing::warn!(%error, "who is here cannot be said"),
        }
    }

    /// Notes who came and who left, and reads who is there, each once at a time.
    pub(super) fn mind_people(&mut self) {
        if !self.noting {
            let changes = self.comings.take();
            if !changes.is_empty() {
                self.noting = true;
                let (log, instance) = (self.log.clone(), self.instance);
                self.work.spawn(async move {
                    let noted = log.note_presence(instance, &changes).await;
                    if let Err(error) = &noted {
                        tracing::warn!(%error, "who came and who left cannot be noted");
                        time::sleep(LOOK_INTERVAL).await;
                    }
                    let is_done = noted.is_ok();
                    Work::Noted { changes, is_done }
                });
            }
        }
        if !self.reading_present {
            let rooms = self.comings.take_wanted();
            if !rooms.is_empty() {
                self.reading_present = true;
                let log = self.log.clone();
                self.work.spawn(async move {
                    let present = log.present(&rooms).await;
                    Work::Present { rooms, present }
                });
            }
        }
    }

    /// Tells the other instances what was noted, or keeps what could not be.
    pub(super) fn noted(&mut self, changes: Vec<Presence>, is_done: bool) {
        self.noting = false;
        if !is_done {
            return self.comings.put_back(changes);
        }
        for change in changes {
            self.fanout.publish(Arc::new(Event::Presence {
                room: change.room,
                user: change.user,
                nickname: change.nickname.as_str().to_owned(),
                is_here: change.is_here,
            }));
        }
    }

    /// Tells who is there as it was read.
    pub(super) fn read_present(
        &mut self,
        rooms: &[RoomId],
        present: Result<Vec<Present>, ReadError>,
    ) {
        self.reading_present = false;
        match present {
            Ok(present) => {
                for (name, present) in rooms.iter().zip(present) {
                    // Something happened meanwhile: it is read once more, and that is told.
                    if self.comings.wants(name) {
                        continue;
                    }
                    if let Some(room) = self.rooms.get_mut(name) {
                        room.tell_present(name, present);
                    }
                }
            }
            // One of the next looks wants to know it too.
            Err(error) => tracing::warn!(%error, "who is in the rooms cannot be read"),
        }
    }
}

/// Who came and who left on this instance and is not noted yet, and of which rooms it is to be read
/// who is there.
#[derive(Debug, Default)]
pub(super) struct Comings {
    /// The last that is true of each.
    pending: HashMap<(RoomId, UserId), (Nickname, bool)>,
    wanted: HashSet<RoomId>,
}

impl Comings {
    /// Notes that somebody came or left.
    pub(super) fn note(&mut self, room: &RoomId, user: UserId, nickname: Nickname, is_here: bool) {
        self.pending
            .insert((room.clone(), user), (nickname, is_here));
    }

    /// Takes back what could not be noted, unless something newer is true.
    pub(super) fn put_back(&mut self, changes: Vec<Presence>) {
        for change in changes {
            self.pending
                .entry((change.room, change.user))
                .or_insert((change.nickname, change.is_here));
        }
    }

    /// Takes what is to be noted next.
    pub(super) fn take(&mut self) -> Vec<Presence> {
        let next: Vec<_> = self
            .pending
            .keys()
            .take(PRESENCE_CHANGES_MAX)
            .cloned()
            .collect();
        let taken = next.into_iter().filter_map(|key| {
            let (nickname, is_here) = self.pending.remove(&key)?;
            let (room, user) = key;
            Some(Presence {
                room,
                user,
                nickname,
                is_here,
            })
        });
        taken.collect()
    }

    /// Notes that it is to be read who is in a room.
    pub(super) fn want(&mut self, room: &RoomId) {
        self.wanted.insert(room.clone());
    }

    /// Whether it is still to be read who is in a room.
    pub(super) fn wants(&self, room: &RoomId) -> bool {
        self.wanted.contains(room)
    }

    /// Takes the rooms of which it is to be read who is there.
    pub(super) fn take_wanted(&mut self) -> Vec<RoomId> {
        mem::take(&mut self.wanted).into_iter().collect()
    }
}

/// Who is in one room.
#[derive(Default)]
pub(super) struct People {
    /// Of this instance: under which name, and in how many places.
    own: HashMap<UserId, (Nickname, usize)>,
    /// Who is there as far as was told, where they are listed.
    told: HashMap<UserId, String>,
    count: i64,
    is_listed: bool,
    /// Whoever has to be told who is there.
    waiting: Vec<(Listening, Arc<Outbox>)>,
}

impl People {
    /// Adds a place of somebody. True where it is his first.
    pub(super) fn enter(&mut self, user: UserId, nickname: &Nickname) -> bool {
        let (_, places) = self.own.entry(user).or_insert((nickname.clone(), 0));
        *places += 1;
        *places == 1
    }

    /// Takes a place of somebody away; brings his name where it was the last.
    pub(super) fn leave(&mut self, user: UserId) -> Option<Nickname> {
        let (_, places) = self.own.get_mut(&user)?;
        *places -= 1;
        if *places > 0 {
            return None;
        }
        self.own.remove(&user).map(|(nickname, _)| nickname)
    }

    /// Whether they are few enough to be listed.
    pub(super) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Everybody of this instance.
    pub(super) fn own(&self) -> impl Iterator<Item = (UserId, &Nickname)> {
        self.own
            .iter()
            .map(|(user, (nickname, _))| (*user, nickname))
    }

    /// Notes whoever has to be told who is there.
    pub(super) fn await_state(&mut self, listening: Listening, outbox: Arc<Outbox>) {
        self.waiting.push((listening, outbox));
    }

    /// Forgets whoever waits no more.
    pub(super) fn forget(&mut self, listening: &Listening) {
        self.waiting.retain(|(waiting, _)| {
            waiting.connection != listening.connection
                || waiting.subscription != listening.subscription
        });
    }

    /// Forgets whoever waits and may not hear the room any more.
    pub(super) fn retain_waiting(&mut self, may_hear: impl Fn(Option<UserId>) -> bool) {
        self.waiting.retain(|(waiting, _)| may_hear(waiting.user));
    }

    /// Takes whoever waits, and what they are to be told.
    pub(super) fn state(&mut self, room: &RoomId) -> (Vec<(Listening, Arc<Outbox>)>, ChatPresence) {
        let members = self.told.iter().map(|(user, nickname)| ChatPerson {
            user_id: *user,
            nickname: nickname.clone(),
        });
        let state = ChatPresence::State {
            room_id: room.clone(),
            count: self.count,
            members: members.collect(),
            listed: self.is_listed,
        };
        (mem::take(&mut self.waiting), state)
    }

    /// Takes that somebody came in on some instance. An event where that is new; nothing where it
    /// has to be read.
    pub(super) fn came(
        &mut self,
        room: &RoomId,
        user: UserId,
        nickname: &str,
    ) -> Option<ChatPresence> {
        if !self.is_listed || self.told.contains_key(&user) {
            return None;
        }
        self.told.insert(user, nickname.to_owned());
        self.count += 1;
        Some(ChatPresence::Join {
            room_id: room.clone(),
            person: ChatPerson {
                user_id: user,
                nickname: nickname.to_owned(),
            },
            count: self.count,
        })
    }

    /// Takes who is there as it was read: the events that lead there from what was told.
    pub(super) fn read(&mut self, room: &RoomId, present: Present) -> Vec<ChatPresence> {
        let was_listed = mem::replace(
            &mut self.is_listed,
            present.count <= i64::from(PRESENCE_LIST_MAX),
        );
        let before = mem::replace(&mut self.count, present.count);
        if !self.is_listed {
            self.told.clear();
            let is_news = was_listed || before != present.count;
            let count = ChatPresence::Count {
                room_id: room.clone(),
                count: present.count,
            };
            return is_news.then_some(count).into_iter().collect();
        }
        let now: HashMap<_, _> = present.people.into_iter().collect();
        let then = mem::replace(&mut self.told, now);
        if !was_listed {
            let (waiting, state) = self.state(room);
            self.waiting = waiting;
            return vec![state];
        }
        let mut count = i64::try_from(then.len()).unwrap_or(i64::MAX);
        let mut events = Vec::new();
        for (user, nickname) in &then {
            if !self.told.contains_key(user) {
                count -= 1;
                events.push(ChatPresence::Leave {
                    room_id: room.clone(),
                    person: person(*user, nickname),
                    count,
                });
            }
        }
        for (user, nickname) in &self.told {
            if !then.contains_key(user) {
                count += 1;
                events.push(ChatPresence::Join {
                    room_id: room.clone(),
                    person: person(*user, nickname),
                    count,
                });
            }
        }
        events
    }
}

fn person(user: UserId, nickname: &str) -> ChatPerson {
    ChatPerson {
        user_id: user,
        nickname: nickname.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BEN: UserId = UserId(Uuid::from_u128(2));

    fn room() -> RoomId {
        RoomId::parse("lobby").expect("a room")
    }

    fn name() -> Nickname {
        Nickname::parse("Ada").expect("a name")
    }

    fn present(users: &[UserId]) -> Present {
        Present {
            count: users.len() as i64,
            people: users.iter().map(|user| (*user, "Ada".into())).collect(),
        }
    }

    fn kinds(events: &[ChatPresence]) -> Vec<(&'static str, i64)> {
        let kind = |event: &ChatPresence| match event {
            ChatPresence::State { count, .. } => ("state", *count),
            ChatPresence::Join { count, .. } => ("join", *count),
            ChatPresence::Leave { count, .. } => ("leave", *count),
            ChatPresence::Count { count, .. } => ("count", *count),
        };
        events.iter().map(kind).collect()
    }

    #[test]
    fn one_with_three_tabs_comes_once_and_leaves_with_the_last() {
        let mut people = People::default();
        assert!(people.enter(ADA, &name()));
        assert!(!people.enter(ADA, &name()));
        assert!(!people.enter(ADA, &name()));
        assert_eq!(people.leave(ADA), None);
        assert_eq!(people.leave(ADA), None);
        assert_eq!(people.leave(ADA), Some(name()));
        assert_eq!(people.leave(ADA), None);
    }

    #[test]
    fn what_is_told_leads_from_what_was_told_to_what_was_read() {
        let mut people = People::default();
        assert_eq!(
            kinds(&people.read(&room(), present(&[ADA]))),
            [("state", 1)]
        );
        assert_eq!(
            kinds(&people.read(&room(), present(&[BEN]))),
            [("leave", 0), ("join", 1)]
        );
        assert!(people.came(&room(), BEN, "Ben").is_none());
        let came = people.came(&room(), ADA, "Ada").expect("is new");
        assert_eq!(kinds(&[came]), [("join", 2)]);
        assert_eq!(kinds(&people.read(&room(), present(&[ADA, BEN]))), []);
    }

    #[test]
    fn a_crowd_is_counted() {
        let mut people = People::default();
        people.read(&room(), present(&[ADA]));
        let crowd = |count| Present {
            count,
            people: present(&[ADA, BEN]).people,
        };
        assert_eq!(
            kinds(&people.read(&room(), crowd(10_000))),
            [("count", 10_000)]
        );
        assert_eq!(kinds(&people.read(&room(), crowd(10_000))), []);
        assert!(people.came(&room(), BEN, "Ben").is_none());
        assert_eq!(
            kinds(&people.read(&room(), crowd(9_999))),
            [("count", 9_999)]
        );
        assert_eq!(
            kinds(&people.read(&room(), present(&[BEN]))),
            [("state", 1)]
        );
    }

    #[test]
    fn of_what_is_not_noted_yet_the_last_is_true() {
        let mut comings = Comings::default();
        comings.note(&room(), ADA, name(), true);
        let taken = comings.take();
        comings.note(&room(), ADA, name(), false);
        comings.put_back(taken);
        let next = comings.take();
        assert_eq!(next.len(), 1);
        assert!(!next[0].is_here);
    }
}
