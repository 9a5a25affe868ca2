//! A room and everything that can happen to it, in every order: what is told is lost, doubled and
//! late; looks, repairs and resuming are overtaken by commits and by each other; listeners come and
//! go; the database goes back, and outgrows what it was before anybody looks. Time is a step: whatever waits for a clock may come next, or much
//! later.
//!
//! The room, its order, what it has shown and who resumes are the real ones. The log is a list, and
//! the hub's part is to begin and to finish the readings that the room asks for.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use chat::{ChatMessageReceive, Epoch, Message, MessageId, RoomId, Seq, TempId};
use fastrand::Rng;
use futures_util::FutureExt;
use serde::Deserialize;
use stomp::{Action, Admission, Session, Ticket, Version};
use time::OffsetDateTime;
use uuid::Uuid;

use super::presence::Comings;
use super::resume::{Page, Position, Reading};
use super::room::{Mode, Room};
use super::telling::Telling;
use super::{ConnectionId, Joining, Listening};
use crate::limits::{OUTBOX_BYTES_MAX, REPAIR_PAGE, RESUME_PAGE};
use crate::outbox::{Delivery, Outbox};

const SEEDS: u64 = 12_000;
const STEPS: usize = 70;
const LISTENERS_MAX: usize = 4;
/// How far an event may be overtaken.
const OVERTAKEN_MAX: usize = 5;
/// How many steps a world has to become quiet.
const QUIET_MAX: usize = 80;

#[test]
fn whatever_happens_in_whatever_order_every_listener_is_complete() {
    let mut tickets = Tickets::new();
    let mut told = 0;
    for seed in 0..SEEDS {
        let mut world = World::new(seed, &mut tickets);
        for _ in 0..STEPS {
            world.step();
        }
        world.becomes_quiet();
        told += world.check();
    }
    assert!(told > SEEDS * 10, "only {told} events were told");
}

/// The room on one instance, the log that it reads, and what is on its way between the two.
struct World<'a> {
    seed: u64,
    rng: Rng,
    name: RoomId,
    room: Room,
    tickets: &'a mut Tickets,
    log: Vec<Message>,
    head: Seq,
    /// What was said and is not stored.
    unstored: VecDeque<TempId>,
    /// What other instances told, in about their order.
    wire: VecDeque<Told>,
    /// The look that is under way, and what it read.
    look: Option<Option<(Seq, Epoch)>>,
    repair: Option<Repair>,
    readings: Vec<(Reading, Option<Page>)>,
    listeners: Vec<Listener>,
    connections: u64,
    /// How often the log went back.
    times_gone_back: u32,
    /// Whose numbers the log's are.
    epoch: Epoch,
    /// Numbers that clients remember from other epochs.
    remembered: Vec<Position>,
    trace: Vec<String>,
}

/// A reading of what the room missed, and what it brought.
struct Repair {
    after: Seq,
    times_gone_back: u32,
    rows: Option<Vec<Message>>,
}

/// What one instance tells another.
#[derive(Clone)]
enum Told {
    Shown(ChatMessageReceive),
    Committed(Arc<ChatMessageReceive>),
}

struct Listener {
    listening: Listening,
    outbox: Arc<Outbox>,
    /// Whether it was told that it listens.
    is_live: bool,
    /// Behind which number it must hear everything, once that is known.
    base: Option<Seq>,
    /// The numbers that it was told of, in order.
    revs: Vec<i64>,
    shown: HashSet<TempId>,
    numbered: HashMap<TempId, i64>,
    /// Whether the room has gone back since it listens.
    was_sent_back: bool,
    /// Whether it has to be told that its position is not of this history.
    is_owed_snapshot: bool,
    /// Whether it said whose number it came with.
    names_epoch: bool,
    /// Whose numbers it was told that it has.
    epoch: Option<Epoch>,
}

/// A room that is known to keep nobody out.
fn open_room(name: &RoomId) -> Room {
    let mut room = Room::new(name, Arc::default());
    room.learn(name, None, &mut Comings::default());
    room
}

impl<'a> World<'a> {
    fn new(seed: u64, tickets: &'a mut Tickets) -> Self {
        let name = RoomId::parse("lobby").expect("a room");
        let mut world = Self {
            seed,
            rng: Rng::with_seed(seed),
            room: open_room(&name),
            name,
            tickets,
            log: Vec::new(),
            head: Seq::ZERO,
            unstored: VecDeque::new(),
            wire: VecDeque::new(),
            look: None,
            repair: None,
            readings: Vec::new(),
            listeners: Vec::new(),
            connections: 0,
            times_gone_back: 0,
            epoch: Epoch::of_hash(1),
            remembered: Vec::new(),
            trace: Vec::new(),
        };
        for _ in 0..world.rng.usize(0..6) {
            world.says();
            world.stores();
        }
        world.wire.clear();
        world
    }

    /// Something happens.
    fn step(&mut self) {
        match self.rng.u32(0..100) {
            0..14 => self.says(),
            14..30 => self.stores(),
            30..35 => self.changes(),
            35..55 => self.hears(),
            55..60 => self.loses(),
            60..68 => self.looks(),
            68..76 => self.repairs(),
            76..86 => self.resumes(),
            86..91 => self.somebody_joins(),
            91..92 => self.somebody_leaves(),
            92..98 => self.drain(),
            98..99 => self.goes_back(),
            _ => self.forks(),
        }
        self.readings_begin();
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.trace.push(what());
    }

    // What other instances do.

    fn says(&mut self) {
        let temp_id = TempId(Uuid::from_u128(self.rng.u128(..)));
        self.unstored.push_back(temp_id);
        if self.rng.u8(..) < 220 {
            let shown = ChatMessageReceive {
                id: MessageId(temp_id.0),
                temp_id,
                sender: "Ada".into(),
                sender_id: None,
                content: "hi".into(),
                room_id: self.name.clone(),
                created_at: None,
                edited_at: None,
                deleted: false,
                seq: None,
                rev: None,
            };
            self.tells(Told::Shown(shown));
        }
    }

    fn stores(&mut self) {
        let Some(temp_id) = self.unstored.pop_front() else {
            return;
        };
        self.head = self.head.next();
        let message = Message {
            id: MessageId(Uuid::from_u128(self.rng.u128(..))),
            room: self.name.clone(),
            seq: self.head,
            rev: self.head,
            temp_id,
            sender: "Ada".into(),
            sender_id: None,
            content: "hi".into(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            edited_at: None,
            deleted: false,
        };
        self.tells(committed(&message));
        self.log.push(message);
    }

    fn changes(&mut self) {
        if self.log.is_empty() {
            return;
        }
        let which = self.rng.usize(..self.log.len());
        self.head = self.head.next();
        let message = &mut self.log[which];
        message.rev = self.head;
        message.edited_at = Some(OffsetDateTime::UNIX_EPOCH);
        let told = committed(message);
        self.tells(told);
    }

    /// Once, twice, or not at all.
    fn tells(&mut self, told: Told) {
        let times = match self.rng.u8(..) {
            0..25 => 0,
            25..45 => 2,
            _ => 1,
        };
        for _ in 0..times {
            self.wire.push_back(told.clone());
        }
    }

    /// As after a restore that nothing but the numbers shows: what was said since is gone, and what
    /// was told of it with it.
    fn goes_back(&mut self) {
        // Nobody restores a database that is being read.
        let reads = self.look.is_some() || self.repair.is_some() || !self.readings.is_empty();
        if reads || self.head < Seq(4) || self.times_gone_back == 2 {
            return;
        }
        let head = Seq(self.rng.i64(1..self.head.0));
        self.note(|| format!("goes back to {head}"));
        self.loses_all_behind(head);
        // Every instance looks at least once before the room has grown past what it was.
        self.drain();
        self.look_at(self.head);
        self.drain();
    }

    /// Another history goes on behind a number, perhaps the last: a backup, or a replica that was
    /// promoted. Whatever is under way meanwhile may be of either, and nobody looks at once.
    fn forks(&mut self) {
        if self.head < Seq(1) || self.times_gone_back == 2 {
            return;
        }
        let head = Seq(self.rng.i64(1..=self.head.0));
        self.note(|| format!("another history behind {head}"));
        self.remembered.push(Position {
            seq: self.head,
            epoch: Some(self.epoch),
        });
        self.loses_all_behind(head);
        self.epoch = Epoch::of_hash(i64::from(self.times_gone_back) + 1);
        // Before the first look nobody knows an epoch but those who brought one.
        let is_known = self.room.delivered().is_some() || matches!(self.look, Some(Some(_)));
        for listener in &mut self.listeners {
            let is_committed = listener.listening.mode == Mode::Committed;
            listener.is_owed_snapshot |= is_committed && (is_known || listener.names_epoch);
        }
        // What was told before is heard before, or is lost with those who told it.
        for _ in 0..self.rng.usize(0..6) {
            self.says();
            self.stores();
        }
    }

    fn loses_all_behind(&mut self, head: Seq) {
        self.log.retain(|message| message.rev <= head);
        self.head = head;
        self.times_gone_back += 1;
        self.sends_back();
        self.wire.clear();
        self.unstored.clear();
    }

    /// Nobody tells those who hear messages before they are stored that the room has gone back.
    fn sends_back(&mut self) {
        for listener in &mut self.listeners {
            listener.was_sent_back = true;
        }
    }

    // What the instance hears and does.

    fn hears(&mut self) {
        if self.wire.is_empty() || self.room.is_empty() {
            return;
        }
        let ahead = self.rng.usize(..self.wire.len().min(OVERTAKEN_MAX));
        match self.wire.remove(ahead).expect("it is there") {
            Told::Shown(message) => self.room.show(&message, Telling::default()),
            Told::Committed(change) => {
                self.note(|| format!("hears {:?}", change.rev));
                self.room.offer(change, Telling::default());
            }
        }
    }

    fn loses(&mut self) {
        if !self.wire.is_empty() {
            let which = self.rng.usize(..self.wire.len());
            self.wire.remove(which);
        }
    }

    fn looks(&mut self) {
        if self.room.is_empty() {
            self.look = None;
            return;
        }
        self.look = match self.look {
            None => {
                self.room.begin_look();
                Some(None)
            }
            Some(None) => Some(Some((self.head, self.epoch))),
            Some(Some((head, epoch))) => {
                self.compare(head, epoch);
                None
            }
        };
    }

    fn look_at(&mut self, head: Seq) {
        if !self.room.is_empty() {
            self.room.begin_look();
            self.compare(head, self.epoch);
        }
    }

    fn compare(&mut self, head: Seq, epoch: Epoch) {
        self.note(|| format!("looks and sees {head}"));
        if self.room.has_gone_back(head) || self.room.is_of_another(epoch) {
            let name = self.name.clone();
            self.room.go_back(&name, head, epoch);
            self.sends_back();
        } else if self.room.delivered().is_none() {
            self.room.position(head, epoch);
        } else if let Some(delivered) = self.room.look(head) {
            self.begin_repair(delivered);
        }
    }

    fn begin_repair(&mut self, delivered: Seq) {
        if !self.room.repairing {
            self.room.repairing = true;
            self.repair = Some(Repair {
                after: delivered,
                times_gone_back: self.room.times_gone_back(),
                rows: None,
            });
        }
    }

    fn repairs(&mut self) {
        match self.repair.take() {
            None => {
                if let Some(delivered) = self.room.hole() {
                    self.begin_repair(delivered);
                }
            }
            Some(repair @ Repair { rows: None, .. }) => {
                self.repair = Some(Repair {
                    rows: Some(self.behind(repair.after, REPAIR_PAGE)),
                    ..repair
                });
            }
            Some(Repair {
                after,
                times_gone_back,
                rows: Some(rows),
            }) => {
                self.note(|| format!("repairs {} behind {after}", rows.len()));
                self.room.repairing = false;
                if self.room.times_gone_back() == times_gone_back {
                    let rows = rows.into_iter().map(|row| Arc::new(row.into())).collect();
                    self.room.repaired(after, rows);
                }
            }
        }
    }

    fn readings_begin(&mut self) {
        self.room.send_back(&self.name);
        let readings = self.room.readings(&self.name);
        self.readings
            .extend(readings.into_iter().map(|reading| (reading, None)));
    }

    fn resumes(&mut self) {
        if self.readings.is_empty() {
            return;
        }
        let which = self.rng.usize(..self.readings.len());
        let (reading, page) = self.readings.swap_remove(which);
        let Some(page) = page else {
            let rows = self.behind(reading.at, RESUME_PAGE);
            let page = if rows.is_empty() {
                Page::Empty { head: self.head }
            } else {
                Page::Rows(rows)
            };
            self.readings.push((reading, Some(page)));
            return;
        };
        let listening = reading.listening.clone();
        let told = reading.tell(page).now_or_never();
        if let Some(Ok(progress)) = told {
            self.room.advance(&self.name, &listening, progress);
        }
    }

    fn behind(&self, after: Seq, limit: u32) -> Vec<Message> {
        let newer = self.log.iter().filter(|message| message.rev > after);
        let mut rows: Vec<_> = newer.cloned().collect();
        rows.sort_by_key(|message| message.rev);
        rows.truncate(limit as usize);
        rows
    }

    // Who listens.

    fn somebody_joins(&mut self) {
        if self.listeners.len() == LISTENERS_MAX {
            return;
        }
        self.connections += 1;
        let (mode, since) = match self.rng.u8(0..6) {
            0 | 1 => (Mode::Optimistic, None),
            2 => (Mode::Committed, None),
            3 => (Mode::Committed, Some(self.position(self.head))),
            4 if !self.remembered.is_empty() => {
                let which = self.rng.usize(..self.remembered.len());
                (Mode::Committed, Some(self.remembered[which]))
            }
            _ => {
                let seq = Seq(self.rng.i64(0..=self.head.0));
                (Mode::Committed, Some(self.position(seq)))
            }
        };
        let is_foreign = |since: Position| since.epoch.is_some_and(|epoch| epoch != self.epoch);
        let is_owed_snapshot = since.is_some_and(is_foreign);
        self.note(|| format!("somebody joins since {since:?}"));
        let listening = Listening {
            connection: ConnectionId(self.connections),
            user: None,
            nickname: None,
            subscription: "s".into(),
            version: Version::V1_2,
            mode,
            tracked: false,
        };
        let outbox = Arc::<Outbox>::default();
        let joining = Joining {
            listening: listening.clone(),
            since,
            outbox: Arc::clone(&outbox),
            ticket: self.tickets.next(),
        };
        if self.room.is_empty() {
            self.room = open_room(&self.name);
            (self.look, self.repair) = (None, None);
            self.readings.clear();
        }
        assert!(
            matches!(
                self.room.join(&self.name, joining, &mut Comings::default()),
                Ok(false)
            ),
            "an open room is open"
        );
        self.listeners.push(Listener {
            listening,
            outbox,
            is_live: false,
            base: since.map(|since| since.seq),
            revs: Vec::new(),
            shown: HashSet::new(),
            numbered: HashMap::new(),
            was_sent_back: false,
            is_owed_snapshot,
            names_epoch: since.is_some_and(|since| since.epoch.is_some()),
            epoch: None,
        });
    }

    /// A number of now, as a client has it that knows epochs, or one that does not.
    fn position(&mut self, seq: Seq) -> Position {
        let epoch = self.rng.bool().then_some(self.epoch);
        Position { seq, epoch }
    }

    fn somebody_leaves(&mut self) {
        if !self.listeners.is_empty() {
            let which = self.rng.usize(..self.listeners.len());
            let listener = self.listeners.swap_remove(which);
            self.room
                .leave(&self.name, listener.listening, &mut Comings::default());
        }
    }

    fn drain(&mut self) {
        for listener in &mut self.listeners {
            let fault = listener.take_in(self.head, self.epoch).err();
            if let Some(fault) = fault {
                panic!("seed {}: {fault}\n{}", self.seed, self.trace.join("\n"));
            }
        }
    }

    // The end.

    /// Nothing more is said; what is under way comes to its end, and the looks go on.
    fn becomes_quiet(&mut self) {
        while !self.unstored.is_empty() {
            self.stores();
        }
        for _ in 0..QUIET_MAX {
            if self.rng.bool() {
                self.hears();
            } else {
                self.loses();
            }
            self.looks();
            self.repairs();
            self.resumes();
            self.readings_begin();
            self.drain();
        }
    }

    /// Everybody has heard everything, once and in order. Tells how much that was.
    fn check(&self) -> u64 {
        for listener in &self.listeners {
            if let Err(fault) = listener.check(self) {
                panic!("seed {}: {fault}\n{}", self.seed, self.trace.join("\n"));
            }
        }
        let heard = self.listeners.iter();
        heard
            .map(|one| (one.revs.len() + one.numbered.len()) as u64)
            .sum()
    }
}

impl Listener {
    /// Takes what it is told. `head` is the room's number now, and `epoch` whose it is.
    fn take_in(&mut self, head: Seq, epoch: Epoch) -> Result<(), String> {
        let Ok(deliveries) = self.outbox.take(OUTBOX_BYTES_MAX) else {
            return Err("an outbox overflowed".into());
        };
        for delivery in deliveries {
            match delivery {
                Delivery::Joined { result, .. } => {
                    result.map_err(|_| "a SUBSCRIBE was refused")?;
                    self.is_live = true;
                    // Whoever asked for no number hears what is stored from here on.
                    self.base.get_or_insert(head);
                }
                Delivery::Frame(frame) => self.hear(&frame, epoch)?,
                _ => return Err("nobody answers so in an open room".into()),
            }
        }
        Ok(())
    }

    fn hear(&mut self, frame: &str, epoch: Epoch) -> Result<(), String> {
        let (_, body) = frame.split_once("\n\n").ok_or("no frame")?;
        let event: Event = serde_json::from_str(body.trim_end_matches('\0'))
            .map_err(|error| format!("no event: {error}"))?;
        if event.snapshot {
            if self.listening.mode == Mode::Optimistic {
                return Err("an optimistic listener is told of a snapshot".into());
            }
            let base = event.last_seq.unwrap_or(-1);
            self.base = Some(Seq(base));
            self.revs.clear();
            self.epoch = event.epoch;
            self.is_owed_snapshot &= event.epoch != Some(epoch);
            return Ok(());
        }
        if event.resumed_to.is_some() {
            self.epoch = event.epoch;
            return Ok(());
        }
        let temp_id = event.temp_id.ok_or("an event without tempId")?;
        match (self.listening.mode, event.rev) {
            (Mode::Committed, Some(rev)) => {
                if self.revs.last().is_some_and(|last| rev <= *last) {
                    return Err(format!("{rev} is told behind {:?}", self.revs));
                }
                self.revs.push(rev);
            }
            (Mode::Committed, None) => return Err("something is shown to a committed one".into()),
            (Mode::Optimistic, None) => {
                if !self.shown.insert(temp_id) && !self.was_sent_back {
                    return Err("a message is shown twice".into());
                }
            }
            (Mode::Optimistic, Some(rev)) => {
                if event.seq == Some(rev) && !self.shown.contains(&temp_id) {
                    return Err(format!("{rev} is told and its message was never shown"));
                }
                self.numbered.insert(temp_id, rev);
            }
            (Mode::Presence | Mode::Typing | Mode::Readers, _) => {
                return Err("a message is told beside the room".into());
            }
        }
        Ok(())
    }

    fn check(&self, world: &World<'_>) -> Result<(), String> {
        if !self.is_live {
            return Err("a SUBSCRIBE was never answered".into());
        }
        if self.is_owed_snapshot {
            return Err("a listener was never told that the history is another one".into());
        }
        if self.epoch.is_some_and(|epoch| epoch != world.epoch) {
            return Err("a listener goes away with an epoch that is past".into());
        }
        let base = self.base.unwrap_or_default();
        let due = world.log.iter().filter(|message| message.rev > base);
        for message in due {
            let (rev, temp_id) = (message.rev.0, message.temp_id);
            let is_heard = match self.listening.mode {
                Mode::Committed => self.revs.binary_search(&rev).is_ok(),
                Mode::Optimistic if self.was_sent_back => true,
                Mode::Optimistic => self.numbered.get(&temp_id) == Some(&rev),
                Mode::Presence | Mode::Typing | Mode::Readers => true,
            };
            if !is_heard {
                return Err(format!(
                    "a listener {:?} behind {base} never heard of {rev}: {:?}",
                    self.listening.mode, self.revs
                ));
            }
        }
        Ok(())
    }
}

/// What is read of a MESSAGE.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    temp_id: Option<TempId>,
    seq: Option<i64>,
    rev: Option<i64>,
    resumed_to: Option<i64>,
    #[serde(default)]
    snapshot: bool,
    last_seq: Option<i64>,
    epoch: Option<Epoch>,
}

fn committed(message: &Message) -> Told {
    Told::Committed(Arc::new(message.clone().into()))
}

/// Tickets of a real session, which alone makes them.
struct Tickets(Session);

impl Tickets {
    fn new() -> Self {
        let now = tokio::time::Instant::now().into_std();
        let mut session = Session::new(Arc::default(), stomp::Heartbeat::default(), now);
        session.handle_bytes(b"CONNECT\naccept-version:1.2\nhost:x\n\n\0", now);
        let admission = Admission {
            session: "s",
            server: "s",
            user_name: None,
        };
        let Some(Action::Authenticate(_)) = session.poll_action() else {
            panic!("a CONNECT asks who it is");
        };
        session.admit(admission, now);
        Self(session)
    }

    fn next(&mut self) -> Ticket {
        let now = tokio::time::Instant::now().into_std();
        self.0
            .handle_bytes(b"SEND\ndestination:/app/chat\n\n\0", now);
        while let Some(action) = self.0.poll_action() {
            if let Action::Send { ticket, .. } = action {
                return ticket;
            }
        }
        panic!("a SEND comes with a ticket");
    }
}
