//! One watched room: its listeners, and what they have been told.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use chat::{Access, ChatRead, ChatReject, ChatTyping, Epoch, Problem, RoomId, Seq, UserId};
use message_log::{Present, Rules};
use stomp::{Ticket, Version};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::broadcast::Broadcast;
use super::gate::Gate;
use super::order::{Change, Offer, Order};
use super::pace::Pace;
use super::presence::{Comings, People};
use super::resume::{Progress, Reading, Resuming};
use super::shown::{Showing, Shown};
use super::telling::Telling;
use super::wakes::Wakes;
use super::{ConnectionId, Joining, Listening};
use crate::destination::not_let_in;
use crate::failpoints;
use crate::limits::{LISTENERS_PER_ROOM_MAX, TRACED_HELD_BACK_MAX};
use crate::outbox::{Delivery, Outbox};

/// Listeners that take the same bytes: one version of STOMP, one subscription id, one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Group {
    version: Version,
    mode: Mode,
    /// Whether the subscription acknowledges, so that its frames are its own.
    tracked: bool,
    subscription: Arc<str>,
}

/// Which events a subscription asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    /// Each message twice: at once, and its time after the commit.
    Optimistic,
    /// Each message once, complete, after the commit.
    Committed,
    /// Who is there, and no message.
    Presence,
    /// Who writes, and no message.
    Typing,
    /// Who has read up to where, and no message.
    Readers,
}

impl Mode {
    /// Whether whoever listens so is in the room.
    pub(crate) fn is_in_room(self) -> bool {
        matches!(self, Self::Optimistic | Self::Committed)
    }
}

struct Member {
    connection: ConnectionId,
    user: Option<UserId>,
    outbox: Arc<Outbox>,
    /// What it knows already: numbers up to here are not told to it.
    knows: Seq,
    /// The place of the first message that could be shown to it.
    shown_from: Showing,
}

/// A room with at least one listener on this instance.
#[derive(Default)]
pub(crate) struct Room {
    gate: Gate,
    /// Whoever may not hear it as far as is known, until the rules have been read again.
    strangers: Vec<Joining>,
    /// Whether something was committed under rules that were not known, and so not taken in.
    pub(super) withheld: bool,
    /// Whether the rules are being read, and were wanted again since that began.
    pub(super) rules_reading: bool,
    pub(super) rules_wanted: bool,
    groups: HashMap<Group, Vec<Member>>,
    people: People,
    /// How many listen for that.
    people_watchers: usize,
    /// Listeners that are still told what they missed.
    resuming: Vec<Resuming>,
    listeners: usize,
    joining: Vec<(Arc<Outbox>, Ticket)>,
    order: Order,
    /// Whose numbers these are; known as soon as it is known where the room stands.
    epoch: Option<Epoch>,
    /// How often it has gone back since somebody listens.
    times_gone_back: u32,
    shown: Shown,
    /// What was heard of in a trace and waits for its turn.
    heard: VecDeque<(Seq, Telling)>,
    /// The room's last number when all rooms were looked at the last time.
    last_look: Seq,
    /// What was known to be stored when the look that is under way began.
    before_look: Option<Seq>,
    /// The last number that somebody who resumed was told ahead of the others.
    told_ahead: Seq,
    /// Whether a look at a hole, or its repair, is under way.
    pub(super) repairing: bool,
    pace: Pace,
    /// Whom the hub has to wake.
    wakes: Arc<Wakes>,
}

impl Room {
    /// A room that nobody here listened to before. Who is told something is woken by `wakes`.
    pub(super) fn new(name: &RoomId, wakes: Arc<Wakes>) -> Self {
        Self {
            gate: Gate::of(name),
            wakes,
            ..Self::default()
        }
    }

    /// Adds a listener. Its SUBSCRIBE is answered at once, or where the room is new, by
    /// [`position`](Self::position). True where the rules have to be read first, as whoever joins
    /// may not hear it as far as is known.
    pub(super) fn join(
        &mut self,
        name: &RoomId,
        joining: Joining,
        comings: &mut Comings,
    ) -> Result<bool, Joining> {
        if self.listeners >= LISTENERS_PER_ROOM_MAX {
            return Err(joining);
        }
        self.listeners += 1;
        if self.gate.admits(joining.listening.user) {
            self.enter(name, joining, comings);
            Ok(false)
        } else {
            self.strangers.push(joining);
            Ok(!self.gate.awaits_look())
        }
    }

    /// Whether it is an open room of which no rules are known, nor that there are none.
    pub(super) fn awaits_look(&self) -> bool {
        self.gate.awaits_look()
    }

    fn enter(&mut self, name: &RoomId, joining: Joining, comings: &mut Comings) {
        let Joining {
            listening,
            since,
            outbox,
            ticket,
        } = joining;
        self.joining.push((Arc::clone(&outbox), ticket));
        if let (Some(user), Some(nickname)) = (listening.user, &listening.nickname)
            && listening.mode.is_in_room()
            && self.people.enter(user, nickname)
        {
            comings.enter(name, user, nickname.clone());
        }
        if listening.mode == Mode::Presence {
            self.people_watchers += 1;
            self.people.await_state(listening, outbox);
            comings.want(name);
        } else if let Some(since) = since {
            self.resuming.push(Resuming::new(listening, outbox, since));
        } else {
            self.listen(listening, outbox, Seq::ZERO);
        }
        if self.order.delivered().is_some() {
            self.admit();
        }
    }

    /// Whether the rules that are known are not older than these.
    pub(super) fn has_rules(&self, access: Access) -> bool {
        self.gate.has(access)
    }

    /// Takes the rules as they were read: ends the subscriptions of whoever is no member any more,
    /// and lets in who is one now.
    pub(super) fn learn(&mut self, name: &RoomId, rules: Option<Rules>, comings: &mut Comings) {
        self.gate.learn(rules, Instant::now());
        let gate = &self.gate;
        let mut ended = Vec::new();
        let mut people_watchers = self.people_watchers;
        self.groups.retain(|group, members| {
            let gone = members.extract_if(.., |member| !gate.admits(member.user));
            let is_in_room = group.mode.is_in_room();
            let before = ended.len();
            ended.extend(gone.map(|member| {
                let user = member.user.filter(|_| is_in_room);
                let until = gate.ban_until(member.user);
                (member.outbox, Arc::clone(&group.subscription), user, until)
            }));
            if group.mode == Mode::Presence {
                people_watchers -= ended.len() - before;
            }
            !members.is_empty()
        });
        let gone = self
            .resuming
            .extract_if(.., |resuming| !gate.admits(resuming.listening.user));
        ended.extend(gone.map(|resuming| {
            let Listening {
                subscription, user, ..
            } = resuming.listening;
            (resuming.outbox, subscription, user, gate.ban_until(user))
        }));
        let gone = self.people.extract_waiting(|user| gate.admits(user));
        people_watchers -= gone.len();
        ended.extend(gone.into_iter().map(|(waiting, outbox)| {
            let until = gate.ban_until(waiting.user);
            (outbox, waiting.subscription, None, until)
        }));
        self.people_watchers = people_watchers;
        self.listeners -= ended.len();
        for (outbox, subscription, user, until) in ended {
            self.leaves(name, user, comings);
            outbox.push(Delivery::Ended {
                room: name.clone(),
                subscription,
                until,
            });
        }
        let gate = &self.gate;
        let (members, strangers) = mem::take(&mut self.strangers)
            .into_iter()
            .partition(|joining: &Joining| gate.admits(joining.listening.user));
        self.strangers = strangers;
        for member in members {
            self.enter(name, member, comings);
        }
    }

    /// Forgets the mutes and bans that have ended by themselves.
    pub(super) fn lapse(&mut self, now: Instant) {
        self.gate.lapse(now);
    }

    /// Takes a place of somebody in the room away.
    fn leaves(&mut self, name: &RoomId, user: Option<UserId>, comings: &mut Comings) {
        if let Some(user) = user
            && let Some(nickname) = self.people.leave(user)
        {
            comings.leave(name, user, nickname, Instant::now());
        }
    }

    /// Says anew who is in the room on this instance.
    pub(super) fn say_anew(&self, name: &RoomId, comings: &mut Comings) {
        for (user, nickname) in self.people.own() {
            comings.enter(name, user, nickname.clone());
        }
    }

    /// Whether somebody listens for who is there.
    pub(super) fn watches_people(&self) -> bool {
        self.people_watchers > 0
    }

    /// Tells that somebody came in on some instance, or has left one. True where it has to be read
    /// who is there.
    pub(super) fn hint_presence(
        &mut self,
        name: &RoomId,
        user: UserId,
        nickname: &str,
        is_here: bool,
    ) -> bool {
        if !self.watches_people() {
            return false;
        }
        let has_to_be_read = self.people.hint(user, is_here);
        if is_here && let Some(event) = self.people.came(name, user, nickname) {
            self.tell(Mode::Presence, || Some(Broadcast::presence(name, &event)));
        }
        has_to_be_read
    }

    /// Notes that it begins to be read who is there. False where nobody listens for that.
    pub(super) fn begin_reading_people(&mut self) -> bool {
        if self.watches_people() {
            self.people.begin_reading();
        }
        self.watches_people()
    }

    /// Tells who is there as it was read: what changed to those who know the rest, and all of it to
    /// whoever waits for it. True where it has to be read once more.
    pub(super) fn tell_present(&mut self, name: &RoomId, present: Present) -> bool {
        let Some((events, is_overtaken)) = self.people.read(name, present) else {
            return false;
        };
        for event in events {
            self.tell(Mode::Presence, || Some(Broadcast::presence(name, &event)));
        }
        let waiting = self.people.take_waiting();
        if !waiting.is_empty() {
            let state = self.people.state(name);
            for (listening, outbox) in waiting {
                outbox.push(listening.delivery(Broadcast::presence(name, &state)));
                self.listen(listening, outbox, Seq::ZERO);
            }
        }
        is_overtaken
    }

    /// Tells that somebody writes.
    pub(super) fn tell_typing(&mut self, typing: &ChatTyping) {
        if self.gate.lets_speak(Some(typing.user_id)) {
            self.tell(Mode::Typing, || Some(Broadcast::typing(typing)));
        }
    }

    /// Tells the others up to where somebody has read.
    pub(super) fn tell_read(&mut self, read: &ChatRead) {
        self.tell(Mode::Readers, || Some(Broadcast::read(read)));
    }

    /// Refuses whoever is still not let in, with the problem of one whose ban ends then.
    pub(super) fn refuse_strangers(
        &mut self,
        name: &RoomId,
        problem: impl Fn(Option<OffsetDateTime>) -> Problem,
    ) {
        for stranger in mem::take(&mut self.strangers) {
            self.listeners -= 1;
            let until = self.gate.ban_until(stranger.listening.user);
            stranger.refuse(name, problem(until));
        }
    }

    pub(super) fn listen(&mut self, listening: Listening, outbox: Arc<Outbox>, knows: Seq) {
        let member = Member {
            connection: listening.connection,
            user: listening.user,
            outbox,
            knows,
            shown_from: self.shown.next(),
        };
        self.groups
            .entry(Group::of(listening))
            .or_default()
            .push(member);
    }

    /// Removes a listener.
    pub(super) fn leave(&mut self, name: &RoomId, listening: Listening, comings: &mut Comings) {
        if let Some(index) = self.strangers.iter().position(|stranger| {
            stranger.listening.connection == listening.connection
                && stranger.listening.subscription == listening.subscription
        }) {
            self.listeners -= 1;
            let stranger = self.strangers.swap_remove(index);
            if self.gate.awaits_look() {
                self.joining.push((stranger.outbox, stranger.ticket));
                self.admit();
            } else {
                let until = self.gate.ban_until(stranger.listening.user);
                stranger.refuse(name, not_let_in(name, until));
            }
            return;
        }
        if let Some(index) = self.resuming_index(&listening) {
            self.resuming.swap_remove(index);
            self.listeners -= 1;
            self.leaves(name, listening.user, comings);
            return;
        }
        if self.people.forget(&listening) {
            self.listeners -= 1;
            self.people_watchers -= 1;
            return;
        }
        let (connection, user) = (listening.connection, listening.user);
        let group = Group::of(listening);
        let Some(members) = self.groups.get_mut(&group) else {
            return;
        };
        let before = members.len();
        members.retain(|member| member.connection != connection);
        let left = before - members.len();
        self.listeners -= left;
        if group.mode == Mode::Presence {
            self.people_watchers -= left;
        }
        if members.is_empty() {
            self.groups.remove(&group);
        }
        if group.mode.is_in_room() && left > 0 {
            self.leaves(name, user, comings);
        }
    }

    /// The readings that listeners on their way wait for. None before it is known where the room
    /// stands: what came in between would be neither read nor let through.
    pub(super) fn readings(&mut self, name: &RoomId) -> Vec<Reading> {
        let Some(epoch) = self.epoch else {
            return Vec::new();
        };
        let is_selective = self.gate.is_selective();
        self.resuming
            .iter_mut()
            .filter_map(|resuming| resuming.begin(name.clone(), epoch, is_selective))
            .collect()
    }

    /// Tells whoever is on his way from a number that is not of this history to read it anew; he
    /// listens live from then on. Tells how many that were.
    pub(super) fn send_back(&mut self, name: &RoomId) -> u64 {
        let (Some(epoch), Some(head)) = (self.epoch, self.order.delivered()) else {
            return 0;
        };
        let astray = self
            .resuming
            .extract_if(.., |resuming| resuming.is_astray(epoch));
        let astray: Vec<_> = astray.collect();
        let count = astray.len() as u64;
        for Resuming {
            listening, outbox, ..
        } in astray
        {
            outbox.push(listening.delivery(Broadcast::snapshot(name, head, epoch)));
            self.listen(listening, outbox, head);
        }
        count
    }

    /// Takes how far a reading brought a listener. At the room's present it listens live.
    pub(super) fn advance(&mut self, name: &RoomId, listening: &Listening, progress: Progress) {
        let Some(index) = self.resuming_index(listening) else {
            return;
        };
        let is_complete = matches!(progress, Progress::UpToDate(_));
        let has_caught_up = self.resuming[index].advance(progress);
        if !has_caught_up {
            return;
        }
        let resuming = self.resuming.swap_remove(index);
        let (listening, outbox) = (resuming.listening.clone(), Arc::clone(&resuming.outbox));
        let (at, rest) = resuming.finish();
        if is_complete && let Some(epoch) = self.epoch {
            outbox.push(listening.delivery(Broadcast::resumed(name, at, epoch)));
        }
        for broadcast in rest
            .iter()
            .filter_map(|change| Broadcast::committed(change))
        {
            outbox.push(listening.delivery(broadcast));
        }
        let knows = rest.iter().filter_map(|change| change.rev).max();
        let knows = knows.unwrap_or(at);
        self.told_ahead = self.told_ahead.max(knows);
        self.listen(listening, outbox, knows);
    }

    fn resuming_index(&self, listening: &Listening) -> Option<usize> {
        self.resuming.iter().position(|resuming| {
            resuming.listening.connection == listening.connection
                && resuming.listening.subscription == listening.subscription
        })
    }

    /// How many listen.
    pub(super) fn listeners(&self) -> usize {
        self.listeners
    }

    /// Whether nobody listens any more.
    pub(super) fn is_empty(&self) -> bool {
        self.listeners == 0
    }

    /// Answers the SUBSCRIBEs that waited for the room to be watched.
    pub(super) fn admit(&mut self) {
        for (outbox, ticket) in mem::take(&mut self.joining) {
            outbox.push(Delivery::Joined {
                ticket,
                result: Ok(()),
            });
        }
    }

    /// Says where the room stands, when it is looked at for the first time.
    pub(super) fn position(&mut self, head: Seq, epoch: Epoch) {
        self.order.position(head);
        self.epoch = Some(epoch);
        self.last_look = head;
        self.let_through();
        self.admit();
    }

    /// The last number told, or `None` before somebody has said where the room stands.
    pub(super) fn delivered(&self) -> Option<Seq> {
        self.order.delivered()
    }

    /// Shows a message that is not stored yet; one of a private room is shown when it is stored,
    /// since only then is it certain that its sender and its hearers were members.
    pub(super) fn show(&mut self, message: &chat::ChatMessageReceive, mut telling: Telling) {
        // While new rules are being read it is not known whom they keep out; it is then shown when
        // it is stored, as whatever was not heard before its commit.
        let may_be_shown = !self.gate.is_private()
            && !self.rules_reading
            && self.gate.lets_speak(message.sender_id);
        if may_be_shown && self.shown.show(message.temp_id) {
            self.tell_all(Mode::Optimistic, &mut telling, || {
                Some(Broadcast::shown(message))
            });
        }
    }

    /// Takes a stored message, or a change of one.
    pub(super) fn offer(&mut self, change: Change, mut telling: Telling) {
        match self.order.offer(Arc::clone(&change)) {
            Offer::Held => {
                self.hold(&change, telling);
                self.let_through();
            }
            Offer::Old => {
                // A message sent again long after its commit was shown again: settle it.
                if let Some(showing) = self.shown.settle(change.temp_id) {
                    let saw_it = |member: &Member| member.saw(showing);
                    self.tell_whom(Mode::Optimistic, saw_it, &mut telling, || {
                        Broadcast::timestamp(&change)
                    });
                }
            }
        }
    }

    /// Keeps what is known of a change's trace until it is its turn.
    fn hold(&mut self, change: &Change, telling: Telling) {
        if let Some(rev) = change.rev
            && telling.is_traced()
        {
            if self.heard.len() == TRACED_HELD_BACK_MAX {
                self.heard.pop_front();
            }
            self.heard.push_back((rev, telling));
        }
    }

    fn telling_of(&mut self, change: &Change) -> Telling {
        let mut heard = self.heard.iter();
        let index = heard.position(|(rev, _)| Some(*rev) == change.rev);
        let held = index.and_then(|index| self.heard.remove(index));
        held.map(|(_, telling)| telling).unwrap_or_default()
    }

    /// Withdraws a message that was shown.
    pub(super) fn reject(&mut self, reject: &ChatReject) {
        if let Some(showing) = self.shown.withdraw(reject.temp_id) {
            let saw_it = |member: &Member| member.saw(showing);
            self.tell_whom(Mode::Optimistic, saw_it, &mut Telling::default(), || {
                Some(Broadcast::rejected(reject))
            });
        }
    }

    /// The number behind which changes are missing, where some are held back.
    pub(super) fn hole(&self) -> Option<Seq> {
        self.order.has_hole().then(|| self.order.delivered())?
    }

    /// Notes that the room's number is about to be read.
    pub(super) fn begin_look(&mut self) {
        let latest = self.order.latest();
        self.before_look = latest.map(|latest| latest.max(self.told_ahead));
    }

    /// Whether the number that was read since says that the room has gone back: what was heard of
    /// before was stored then, and is not any more.
    pub(super) fn has_gone_back(&self, head: Seq) -> bool {
        self.before_look.is_some_and(|before| head < before)
    }

    /// Whether its numbers are those of another epoch, in which they may be other changes.
    pub(super) fn is_of_another(&self, epoch: Epoch) -> bool {
        self.epoch.is_some_and(|own| own != epoch)
    }

    /// How often it has gone back: what was read before it did is of no more use.
    pub(super) fn times_gone_back(&self) -> u32 {
        self.times_gone_back
    }

    /// Starts anew behind `head`, the last number of a room that has gone back, or whose history
    /// is another one. Every committed listener is told to read the history anew.
    pub(super) fn go_back(&mut self, name: &RoomId, head: Seq, epoch: Epoch) {
        self.order = Order::default();
        self.order.position(head);
        self.epoch = Some(epoch);
        self.times_gone_back += 1;
        (self.last_look, self.before_look) = (head, None);
        self.heard.clear();
        self.told_ahead = Seq::ZERO;
        for members in self.groups.values_mut() {
            for member in members {
                member.knows = Seq::ZERO;
            }
        }
        for resuming in &mut self.resuming {
            resuming.send_back();
        }
        self.tell(Mode::Committed, || {
            Some(Broadcast::snapshot(name, head, epoch))
        });
        self.admit();
    }

    /// Takes the periodic look's number. Returns the number behind which changes are missing, if
    /// what the look before saw has not come in the time between.
    pub(super) fn look(&mut self, head: Seq) -> Option<Seq> {
        let expected = mem::replace(&mut self.last_look, head);
        self.order
            .delivered()
            .filter(|delivered| *delivered < expected)
    }

    /// Lets through what Postgres says follows, and what was held back behind it. Tells how much of
    /// it was missing here.
    pub(super) fn repaired(&mut self, after: Seq, rows: Vec<Change>) -> u64 {
        let mut told = self.order.delivered().unwrap_or_default();
        let fresh = self.order.repaired(after, rows);
        for change in &fresh {
            self.commit(change, told);
            told = change.rev.unwrap_or(told);
        }
        self.let_through();
        fresh.len() as u64
    }

    fn let_through(&mut self) {
        let mut told = self.order.delivered().unwrap_or_default();
        while let Some(change) = self.order.next() {
            self.commit(&change, told);
            told = change.rev.unwrap_or(told);
        }
    }

    fn commit(&mut self, change: &Change, told: Seq) {
        for change in failpoints::told(change) {
            self.tell_change(&change, told);
        }
    }

    /// Tells a change that follows the number `told`.
    fn tell_change(&mut self, change: &Change, told: Seq) {
        let mut telling = self.telling_of(change);
        let showing = self.shown.settle(change.temp_id);
        // What was changed before it was told is new here all the same.
        let is_new = change.seq.is_some_and(|seq| seq > told);
        if is_new && !change.deleted {
            // The show was lost between instances, or a listener came behind it: it hears the
            // message before its time.
            let missed_it = |member: &Member| !showing.is_some_and(|showing| member.saw(showing));
            self.tell_whom(Mode::Optimistic, missed_it, &mut telling, || {
                Some(Broadcast::shown(&chat::ChatMessageReceive {
                    id: chat::MessageId(change.temp_id.0),
                    created_at: None,
                    seq: None,
                    rev: None,
                    ..change.as_ref().clone()
                }))
            });
        }
        self.tell_all(Mode::Optimistic, &mut telling, || {
            if change.seq == change.rev {
                Broadcast::timestamp(change)
            } else {
                // What it says now, or that it is deleted, is in the whole message alone; its
                // members are those of the timestamp and more.
                Broadcast::committed(change)
            }
        });
        for resuming in &mut self.resuming {
            resuming.keep(change);
        }
        let rev = change.rev.unwrap_or_default();
        let is_behind = |member: &Member| rev > member.knows;
        self.tell_whom(Mode::Committed, is_behind, &mut telling, || {
            Broadcast::committed(change)
        });
    }

    /// Tells an event that is in no trace.
    fn tell(&mut self, mode: Mode, event: impl FnOnce() -> Option<Broadcast>) {
        self.tell_all(mode, &mut Telling::default(), event);
    }

    /// Tells an event to every member of a mode.
    fn tell_all(
        &mut self,
        mode: Mode,
        telling: &mut Telling,
        event: impl FnOnce() -> Option<Broadcast>,
    ) {
        self.tell_whom(mode, |_| true, telling, event);
    }

    /// Encodes an event once per group and hands it to those of its members that are to be told it.
    /// Nobody to be told, no work.
    fn tell_whom(
        &mut self,
        mode: Mode,
        is_told: impl Fn(&Member) -> bool,
        telling: &mut Telling,
        event: impl FnOnce() -> Option<Broadcast>,
    ) {
        let groups = self.groups.iter().filter(|(group, _)| group.mode == mode);
        let mut groups = groups.filter(|(_, members)| members.iter().any(&is_told));
        let Some(first) = groups.next() else { return };
        let Some(broadcast) = event() else { return };
        let broadcast = Arc::new(broadcast.in_trace(telling.trace()));
        for (group, members) in std::iter::once(first).chain(groups) {
            let members = members.iter().filter(|member| is_told(member));
            let told = group.tell(&broadcast, members, telling);
            if self.pace.is_resting() {
                self.pace.gather(told.flatten());
            } else {
                self.wakes.gather(told);
            }
        }
        if let Some(sleepers) = self.pace.hand_out(broadcast.body.len()) {
            self.wakes.gather(sleepers.into_iter().map(Some));
        }
    }

    /// Notes that an event of it was heard. True where the hub has to ask at the end of its turn
    /// whether the room [`rests`](Self::rests).
    pub(super) fn hear(&mut self) -> bool {
        self.pace.hear()
    }

    /// How long it rests, now that it was told; `None` where it does not.
    pub(super) fn rests(&mut self) -> Option<Duration> {
        self.pace.rests(self.listeners)
    }

    /// Its rest is over. How long it rests again.
    pub(super) fn rested(&mut self) -> Option<Duration> {
        let sleepers = self.pace.rested();
        self.wakes.gather(sleepers.into_iter().map(Some));
        self.rests()
    }
}

impl Member {
    /// Whether it was there when a message was shown.
    fn saw(&self, showing: Showing) -> bool {
        showing >= self.shown_from
    }
}

impl Group {
    fn of(listening: Listening) -> Self {
        Self {
            version: listening.version,
            mode: listening.mode,
            tracked: listening.tracked,
            subscription: listening.subscription,
        }
    }

    /// Hands an event to these members: for each the connection, where it sleeps.
    fn tell<'a>(
        &'a self,
        broadcast: &'a Arc<Broadcast>,
        members: impl Iterator<Item = &'a Member>,
        telling: &'a mut Telling,
    ) -> impl Iterator<Item = Option<Waker>> {
        // Who acknowledges has frames of its own.
        let frame = (!self.tracked).then(|| broadcast.frame(self.version, &self.subscription));
        members.map(move |member| {
            let delivery = match &frame {
                Some(frame) => telling.delivery(frame.clone()),
                None => Delivery::Tracked {
                    subscription: Arc::clone(&self.subscription),
                    broadcast: Arc::clone(broadcast),
                },
            };
            member.outbox.put(delivery)
        })
    }
}
