//! Who is in a room, and what whoever listens for that was told.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use chat::{ChatPerson, ChatPresence, Nickname, RoomId, UserId};
use fanout::Event;
use message_log::{ChangeError, PRESENCE_LIST_MAX, Presence, Present, ReadError};
use tokio::time::{self, Instant};
use uuid::Uuid;

use super::room::Room;
use super::{Hub, Listening, Work};
use crate::limits::{
    LOOK_INTERVAL, PRESENCE_CHANGES_MAX, PRESENCE_LINGER, PRESENCE_LOOKS, PRESENCE_RENEWALS,
};
use crate::outbox::Outbox;

impl Hub {
    /// Renews the lease of this instance, and wants to know who is in the rooms, each in its time.
    pub(super) fn look_at_people(&mut self) {
        let nth = self.looks;
        self.looks = nth.wrapping_add(1);
        if self.lease.is_due(nth) {
            self.lease.renewing = true;
            let (
                log,
                Lease {
                    instance, lasts, ..
                },
            ) = (self.log.clone(), self.lease);
            self.work
                .spawn(async move { Work::Renewed(log.renew_presence(instance, lasts).await) });
        }
        if nth.is_multiple_of(PRESENCE_LOOKS) {
            for (name, room) in &self.rooms {
                if room.watches_people() {
                    self.comings.want(name);
                }
            }
        }
    }

    /// Says all anew where the lease had run out, or may have.
    pub(super) fn renewed(&mut self, renewed: Result<bool, ChangeError>) {
        self.lease.renewing = false;
        match renewed {
            Ok(is_new) => {
                if mem::take(&mut self.lease.is_in_doubt) || is_new {
                    for (name, room) in &self.rooms {
                        room.say_anew(name, &mut self.comings);
                    }
                }
            }
            Err(error) => {
                self.lease.is_in_doubt = true;
                tracing::warn!(%error, "who is here cannot be said");
            }
        }
    }

    /// Notes who came and who left, and reads who is there, each once at a time.
    pub(super) fn mind_people(&mut self) {
        if !self.noting {
            let changes = self.comings.take(Instant::now());
            if !changes.is_empty() {
                self.noting = true;
                let (log, instance) = (self.log.clone(), self.lease.instance);
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
            let mut rooms = self.comings.take_wanted();
            rooms.retain(|name| {
                let room = self.rooms.get_mut(name);
                room.is_some_and(Room::begin_reading_people)
            });
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
                    if let Some(room) = self.rooms.get_mut(name)
                        && room.tell_present(name, present)
                    {
                        self.comings.want(name);
                    }
                }
            }
            // One of the next looks wants to know it too.
            Err(error) => tracing::warn!(%error, "who is in the rooms cannot be read"),
        }
    }
}

/// Under which an instance says who is there, and for how long that holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    instance: Uuid,
    lasts: Duration,
    renewing: bool,
    /// Whether it could not be renewed the last time, as far as is known.
    is_in_doubt: bool,
}

impl Lease {
    /// The lease of an instance, not held yet.
    pub(crate) fn new(instance: Uuid, lasts: Duration) -> Self {
        Self {
            instance,
            lasts,
            renewing: false,
            is_in_doubt: false,
        }
    }

    /// Whether it is to be renewed with the nth look.
    fn is_due(&self, nth: u32) -> bool {
        let looks = self.lasts.as_secs() / LOOK_INTERVAL.as_secs() / PRESENCE_RENEWALS;
        !self.renewing && (self.is_in_doubt || u64::from(nth).is_multiple_of(looks))
    }
}

/// Who came and who left on this instance and is not noted yet, and of which rooms it is to be read
/// who is there.
#[derive(Debug, Default)]
pub(super) struct Comings {
    /// What is to be noted of each.
    pending: HashMap<Place, (Nickname, bool)>,
    /// Who left, and is taken for gone from then on.
    lingering: HashMap<Place, (Nickname, Instant)>,
    /// When each of them did, in that order; also those who have come back since.
    departures: VecDeque<(Instant, Place)>,
    wanted: HashSet<RoomId>,
}

/// Somebody in a room.
type Place = (RoomId, UserId);

impl Comings {
    /// Notes that somebody came.
    pub(super) fn enter(&mut self, room: &RoomId, user: UserId, nickname: Nickname) {
        let place = (room.clone(), user);
        self.lingering.remove(&place);
        self.pending.insert(place, (nickname, true));
    }

    /// Notes that somebody left. He is still there for [`PRESENCE_LINGER`]: who loads a page anew, or goes
    /// on elsewhere, has not left.
    pub(super) fn leave(&mut self, room: &RoomId, user: UserId, nickname: Nickname, now: Instant) {
        let (place, gone) = ((room.clone(), user), now + PRESENCE_LINGER);
        self.departures.push_back((gone, place.clone()));
        self.lingering.insert(place, (nickname, gone));
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
    pub(super) fn take(&mut self, now: Instant) -> Vec<Presence> {
        self.depart(now);
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

    /// Whoever left long enough ago is gone.
    fn depart(&mut self, now: Instant) {
        while let Some((gone, place)) = self.departures.pop_front_if(|(gone, _)| *gone <= now) {
            // He may have come back, and left once more.
            if self
                .lingering
                .get(&place)
                .is_some_and(|(_, last)| *last == gone)
                && let Some((nickname, _)) = self.lingering.remove(&place)
            {
                self.pending.insert(place, (nickname, false));
            }
        }
    }

    /// Notes that it is to be read who is in a room.
    pub(super) fn want(&mut self, room: &RoomId) {
        self.wanted.insert(room.clone());
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
    /// While it is being read who is there: of whom something newer may have been told since.
    overtaken: Option<HashSet<UserId>>,
    /// Whoever has to be told first who is there, and then what changes.
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

    /// Forgets somebody who waits. False where he does not.
    pub(super) fn forget(&mut self, listening: &Listening) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(waiting, _)| {
            waiting.connection != listening.connection
                || waiting.subscription != listening.subscription
        });
        self.waiting.len() < before
    }

    /// Takes out whoever waits and may not hear the room any more.
    pub(super) fn extract_waiting(
        &mut self,
        may_hear: impl Fn(Option<UserId>) -> bool,
    ) -> Vec<(Listening, Arc<Outbox>)> {
        let gone = self
            .waiting
            .extract_if(.., |(waiting, _)| !may_hear(waiting.user));
        gone.collect()
    }

    /// Takes whoever waits.
    pub(super) fn take_waiting(&mut self) -> Vec<(Listening, Arc<Outbox>)> {
        mem::take(&mut self.waiting)
    }

    /// Who is there as far as was told.
    pub(super) fn state(&self, room: &RoomId) -> ChatPresence {
        let told = self.told.iter();
        ChatPresence::State {
            room_id: room.clone(),
            count: self.count,
            members: told
                .map(|(user, nickname)| person(*user, nickname))
                .collect(),
            listed: self.is_listed,
        }
    }

    /// Notes that it begins to be read who is there.
    pub(super) fn begin_reading(&mut self) {
        self.overtaken = Some(HashSet::new());
    }

    /// Takes a hint that somebody came in on some instance, or left one. True where it has to be read
    /// who is there: who left may be on another instance still, and who came may make a crowd of them.
    pub(super) fn hint(&mut self, user: UserId, is_here: bool) -> bool {
        // What is being read may be older than the hint.
        if let Some(overtaken) = &mut self.overtaken {
            overtaken.insert(user);
        }
        self.is_listed && (!is_here || self.is_full())
    }

    fn is_full(&self) -> bool {
        self.told.len() >= PRESENCE_LIST_MAX as usize
    }

    /// Takes that somebody came in on some instance. An event where that is new and people are listed.
    pub(super) fn came(
        &mut self,
        room: &RoomId,
        user: UserId,
        nickname: &str,
    ) -> Option<ChatPresence> {
        if !self.is_listed || self.is_full() || self.told.contains_key(&user) {
            return None;
        }
        self.told.insert(user, nickname.to_owned());
        self.count += 1;
        Some(ChatPresence::Join {
            room_id: room.clone(),
            person: person(user, nickname),
            count: self.count,
        })
    }

    /// Takes who is there as it was read: the events that lead there from what was told, and whether
    /// it has to be read once more. Nothing where that reading began before somebody listened.
    pub(super) fn read(
        &mut self,
        room: &RoomId,
        present: Present,
    ) -> Option<(Vec<ChatPresence>, bool)> {
        let overtaken = self.overtaken.take()?;
        let events = self.lead(room, present, &overtaken);
        // A crowd is counted again with one of the next looks: somebody always comes or goes in one.
        Some((events, self.is_listed && !overtaken.is_empty()))
    }

    /// The events that lead from what was told to what was read, but for the leaving of whoever
    /// something newer may have been told of.
    fn lead(
        &mut self,
        room: &RoomId,
        present: Present,
        overtaken: &HashSet<UserId>,
    ) -> Vec<ChatPresence> {
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
        let mut now: HashMap<_, _> = present.people.into_iter().collect();
        // Nobody leaves, or is left out, by what may be older than a hint.
        for user in overtaken {
            if let Some(nickname) = self.told.get(user) {
                now.insert(*user, nickname.clone());
            }
        }
        self.count = i64::try_from(now.len()).unwrap_or(i64::MAX);
        let then = mem::replace(&mut self.told, now);
        if !was_listed {
            return vec![self.state(room)];
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
    use crate::limits::{PRESENCE_LEASE, PRESENCE_LEASE_MIN};

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BEN: UserId = UserId(Uuid::from_u128(2));
    const CID: UserId = UserId(Uuid::from_u128(3));

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

    /// What is told of what was read, while nothing was told besides.
    fn reads(people: &mut People, present: Present) -> Vec<(&'static str, i64)> {
        people.begin_reading();
        let (events, is_overtaken) = people.read(&room(), present).expect("was begun");
        assert!(!is_overtaken);
        kinds(&events)
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
        assert_eq!(reads(&mut people, present(&[ADA])), [("state", 1)]);
        let changed = [("leave", 0), ("join", 1)];
        assert_eq!(reads(&mut people, present(&[BEN])), changed);
        assert!(people.came(&room(), BEN, "Ben").is_none());
        let came = people.came(&room(), ADA, "Ada").expect("is new");
        assert_eq!(kinds(&[came]), [("join", 2)]);
        assert_eq!(reads(&mut people, present(&[ADA, BEN])), []);
    }

    #[test]
    fn a_crowd_is_counted() {
        let mut people = People::default();
        reads(&mut people, present(&[ADA]));
        let crowd = |count| Present {
            count,
            people: present(&[ADA, BEN]).people,
        };
        assert_eq!(reads(&mut people, crowd(10_000)), [("count", 10_000)]);
        assert_eq!(kinds(&[people.state(&room())]), [("state", 10_000)]);
        assert_eq!(reads(&mut people, crowd(10_000)), []);
        assert!(people.came(&room(), BEN, "Ben").is_none());
        assert_eq!(reads(&mut people, crowd(9_999)), [("count", 9_999)]);
        assert_eq!(reads(&mut people, present(&[BEN])), [("state", 1)]);
    }

    #[test]
    fn whoever_makes_a_crowd_of_them_has_it_read_and_is_not_listed() {
        let mut people = People::default();
        let users: Vec<_> = (1..=u128::from(PRESENCE_LIST_MAX))
            .map(|n| UserId(Uuid::from_u128(n)))
            .collect();
        let (last, others) = users.split_last().expect("some");
        reads(&mut people, present(others));
        assert!(!people.hint(*last, true));
        assert!(people.came(&room(), *last, "Ada").is_some());
        let one_more = UserId(Uuid::nil());
        assert!(people.hint(one_more, true));
        assert!(people.came(&room(), one_more, "Ada").is_none());
    }

    #[test]
    fn what_was_told_while_it_was_read_is_newer_and_the_rest_is_told_all_the_same() {
        let mut people = People::default();
        reads(&mut people, present(&[ADA, BEN]));
        people.begin_reading();
        assert!(people.hint(BEN, false), "he may be elsewhere still");
        people.hint(CID, true);
        people.came(&room(), CID, "Cid").expect("is new");
        let (events, is_overtaken) = people.read(&room(), present(&[])).expect("was begun");
        assert_eq!(kinds(&events), [("leave", 2)], "it is Ada who left");
        assert!(is_overtaken);
        let changed = [("leave", 1)];
        assert_eq!(reads(&mut people, present(&[CID])), changed);
    }

    #[test]
    fn who_closes_one_of_his_tabs_while_a_first_list_is_read_is_on_it() {
        let mut people = People::default();
        people.begin_reading();
        people.hint(ADA, false);
        let (events, is_overtaken) = people
            .read(&room(), present(&[ADA, BEN]))
            .expect("was begun");
        assert_eq!(kinds(&events), [("state", 2)]);
        assert!(is_overtaken);
    }

    #[test]
    fn a_crowd_that_comes_and_goes_is_counted_at_its_time() {
        let mut people = People::default();
        people.begin_reading();
        people.hint(ADA, true);
        let crowd = Present {
            count: 10_000,
            people: present(&[BEN]).people,
        };
        let (events, is_overtaken) = people.read(&room(), crowd).expect("was begun");
        assert_eq!(kinds(&events), [("count", 10_000)]);
        assert!(!is_overtaken);
    }

    #[test]
    fn what_began_to_be_read_before_somebody_listened_is_nothing() {
        let mut people = People::default();
        assert_eq!(people.read(&room(), present(&[ADA])), None);
    }

    #[test]
    fn a_lease_is_renewed_three_times_while_it_lasts_and_at_once_where_that_failed() {
        let mut lease = Lease::new(Uuid::nil(), PRESENCE_LEASE);
        let due = |lease: &Lease| (0..30).filter(|nth| lease.is_due(*nth)).count();
        assert_eq!(due(&lease), 3);
        lease.is_in_doubt = true;
        assert_eq!(due(&lease), 30);
        lease.renewing = true;
        assert_eq!(due(&lease), 0);
        assert_eq!(due(&Lease::new(Uuid::nil(), PRESENCE_LEASE_MIN)), 30);
    }

    #[test]
    fn of_what_is_not_noted_yet_the_last_is_true() {
        let (mut comings, now) = (Comings::default(), Instant::now());
        comings.enter(&room(), ADA, name());
        let taken = comings.take(now);
        comings.leave(&room(), ADA, name(), now);
        let gone = now + PRESENCE_LINGER;
        assert_eq!(are_here(&mut comings, gone), [false]);
        comings.put_back(taken);
        comings.leave(&room(), ADA, name(), now);
        assert_eq!(are_here(&mut comings, gone), [false]);
    }

    #[test]
    fn who_comes_back_before_he_is_missed_has_not_left() {
        let (mut comings, now) = (Comings::default(), Instant::now());
        comings.leave(&room(), ADA, name(), now);
        assert!(are_here(&mut comings, now).is_empty());
        comings.enter(&room(), ADA, name());
        let later = now + PRESENCE_LINGER / 2;
        comings.leave(&room(), ADA, name(), later);
        // That he came is noted, whoever believes that he was there all the time.
        assert_eq!(are_here(&mut comings, now + PRESENCE_LINGER), [true]);
        assert_eq!(are_here(&mut comings, later + PRESENCE_LINGER), [false]);
        assert!(are_here(&mut comings, later + 2 * PRESENCE_LINGER).is_empty());
    }

    fn are_here(comings: &mut Comings, now: Instant) -> Vec<bool> {
        let next = comings.take(now).into_iter();
        next.map(|presence| presence.is_here).collect()
    }
}
