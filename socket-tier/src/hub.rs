//! The hub: every room that somebody on this instance listens to, in one task.
//!
//! One task owns all rooms, so no lock is held while a room is told and one room's events cannot
//! overtake each other. It never waits for a backend itself: watching, looking and repairing run
//! beside it and come back as [`Work`].

mod broadcast;
mod full_room;
mod gate;
#[cfg(test)]
mod model;
mod order;
mod own;
mod pace;
mod presence;
mod resume;
mod room;
mod shown;
mod telling;
mod wakes;

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use chat::{Access, Epoch, Nickname, Problem, ProblemCode, RoomId, Seq, UserId};
use fanout::{Event, Fanout, Incoming, Topic};
use message_log::{ChangeError, Head, Look, MessageLog, Presence, Present, ReadError, Rules};
use stomp::{Ticket, Version};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{self, MissedTickBehavior};
use traces::{Kind, Tracer};

use crate::destination::not_let_in;
use crate::failpoints;
use crate::limits::{
    HEARD_AT_ONCE_MAX, HOLE_PATIENCE, HUB_QUEUE_MAX, LOOK_INTERVAL, REPAIR_PAGE, RESUME_RETRY,
    WATCH_TIMEOUT,
};
use crate::metrics::Metrics;
use crate::outbox::{Delivery, Outbox, Refused};
use crate::residents::Residents;
use crate::span;

pub(crate) use broadcast::Broadcast;
pub use full_room::FullRoom;
pub(crate) use own::Following;
use presence::Comings;
pub(crate) use presence::Lease;
pub(crate) use resume::Position;
use resume::Progress;
pub(crate) use room::Mode;
use room::Room;
use telling::Telling;
use wakes::Wakes;

/// Tells the connections of one instance apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// A subscription as the hub knows it.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    /// Whose it is.
    pub(crate) connection: ConnectionId,
    /// Who that is, where it is known.
    pub(crate) user: Option<UserId>,
    /// Under which name, likewise.
    pub(crate) nickname: Option<Nickname>,
    /// Its id.
    pub(crate) subscription: Arc<str>,
    /// The version of STOMP its frames are written in.
    pub(crate) version: Version,
    /// Which events it asked for.
    pub(crate) mode: Mode,
    /// Whether it acknowledges.
    pub(crate) tracked: bool,
}

impl Listening {
    /// A message to this subscription alone.
    fn delivery(&self, broadcast: Broadcast) -> Delivery {
        if self.tracked {
            Delivery::Tracked {
                subscription: Arc::clone(&self.subscription),
                broadcast: Arc::new(broadcast),
            }
        } else {
            Delivery::Frame(broadcast.frame(self.version, &self.subscription))
        }
    }
}

/// A subscription on its way into a room.
pub(crate) struct Joining {
    /// The subscription.
    pub(crate) listening: Listening,
    /// Behind which number it is told everything first; only with [`Mode::Committed`].
    pub(crate) since: Option<Position>,
    /// Where it is told.
    pub(crate) outbox: Arc<Outbox>,
    /// Its SUBSCRIBE, answered as [`Delivery::Joined`].
    pub(crate) ticket: Ticket,
}

impl Joining {
    /// Answers the SUBSCRIBE with a problem.
    fn refuse(self, room: &RoomId, problem: Problem) {
        self.outbox.push(Delivery::Joined {
            ticket: self.ticket,
            result: Err(Box::new(Refused {
                room: room.clone(),
                subscription: self.listening.subscription,
                problem,
            })),
        });
    }
}

/// A subscription on its way out of a room.
pub(crate) struct Leaving {
    /// The subscription.
    pub(crate) listening: Listening,
    /// Its UNSUBSCRIBE, answered as [`Delivery::Left`] behind the last that it is told; `None`
    /// where the connection is gone.
    pub(crate) answer: Option<(Arc<Outbox>, Ticket)>,
}

enum Command {
    Join(RoomId, Joining),
    Leave(RoomId, Leaving),
    Follow(Following),
    Unfollow(UserId),
    Rooms(oneshot::Sender<Vec<(RoomId, usize)>>),
}

/// The way to the hub, for connections.
#[derive(Clone)]
pub(crate) struct HubHandle(mpsc::Sender<Command>);

impl HubHandle {
    /// Adds a listener to a room. The answer comes as [`Delivery::Joined`].
    pub(crate) async fn join(&self, room: RoomId, joining: Joining) {
        // A hub that is gone takes the instance with it; nobody is left to be told.
        let _ = self.0.send(Command::Join(room, joining)).await;
    }

    /// Removes a listener from a room; nothing of the room reaches it afterwards.
    pub(crate) async fn leave(&self, room: RoomId, leaving: Leaving) {
        let _ = self.0.send(Command::Leave(room, leaving)).await;
    }

    /// Listens for what one user alone is told. The answer comes as [`Delivery::Joined`].
    pub(crate) async fn follow(&self, following: Following) {
        let _ = self.0.send(Command::Follow(following)).await;
    }

    /// Listens for it no more.
    pub(crate) async fn unfollow(&self, user: UserId) {
        let _ = self.0.send(Command::Unfollow(user)).await;
    }

    /// Every room that somebody here listens to, and how many do.
    pub(crate) async fn rooms(&self) -> Vec<(RoomId, usize)> {
        let (answer, rooms) = oneshot::channel();
        let _ = self.0.send(Command::Rooms(answer)).await;
        rooms.await.unwrap_or_default()
    }
}

/// What was done beside the hub.
enum Work {
    /// The fan-out listens to the room, or could not be reached in time.
    Watched(RoomId),
    /// The same of a user.
    Followed(Following),
    /// The counters of rooms were read.
    Looked {
        rooms: Vec<RoomId>,
        look: Result<Look, ReadError>,
    },
    /// A room in which much is said has rested.
    Rested(RoomId),
    /// A hole had its time to fill by itself.
    Waited(RoomId),
    /// A listener was told part of what it missed; `None` where it is gone.
    Resumed {
        room: RoomId,
        listening: Listening,
        progress: Option<Progress>,
    },
    /// What follows a number was read, and of a private room its rules behind that.
    Read {
        room: RoomId,
        /// How often the room had gone back when that began.
        times_gone_back: u32,
        after: Seq,
        missed: Result<Missed, ReadError>,
    },
    /// Who came and who left was noted, or could not be.
    Noted {
        changes: Vec<Presence>,
        is_done: bool,
    },
    /// The instance's lease was renewed; true where all has to be said anew.
    Renewed(Result<bool, ChangeError>),
    /// It was read who is in these rooms.
    Present {
        rooms: Vec<RoomId>,
        present: Result<Vec<Present>, ReadError>,
    },
    /// The rules of a private room were read.
    Ruled {
        room: RoomId,
        rules: Result<Option<Rules>, ReadError>,
    },
}

/// What Postgres has behind a number of a room.
struct Missed {
    rows: Vec<chat::Message>,
    /// The rules, no older than any of the rows; of a private room alone.
    rules: Option<Option<Rules>>,
}

pub(crate) struct Hub {
    rooms: HashMap<RoomId, Room>,
    commands: mpsc::Receiver<Command>,
    incoming: mpsc::Receiver<Incoming>,
    fanout: Arc<dyn Fanout>,
    log: MessageLog,
    residents: Arc<Residents>,
    /// How many subscriptions listen for what is told to a user alone.
    followers: HashMap<UserId, usize>,
    /// Under which this instance says who is in.
    lease: Lease,
    comings: Comings,
    /// Whether comings are being noted, and whether it is being read who is there.
    noting: bool,
    reading_present: bool,
    /// How often all rooms were looked at.
    looks: u32,
    work: JoinSet<Work>,
    /// Rooms that are watched and whose place nobody has looked up yet.
    unpositioned: Vec<RoomId>,
    /// Whether a look at the rooms' counters is under way.
    looking: bool,
    /// The database's, as the last look saw it.
    epoch: Option<Epoch>,
    /// Rooms that were told something in the turn that is under way.
    told: Vec<RoomId>,
    /// Whom it has told something.
    wakes: Arc<Wakes>,
    metrics: Arc<Metrics>,
    tracer: Tracer,
}

impl Hub {
    /// Makes a hub and the way to it. [`run`](Self::run) is its life.
    pub(crate) fn new(
        fanout: Arc<dyn Fanout>,
        incoming: mpsc::Receiver<Incoming>,
        log: MessageLog,
        metrics: Arc<Metrics>,
        residents: Arc<Residents>,
        lease: Lease,
        tracer: Tracer,
    ) -> (Self, HubHandle) {
        let (sender, commands) = mpsc::channel(HUB_QUEUE_MAX);
        let hub = Self {
            rooms: HashMap::new(),
            commands,
            incoming,
            fanout,
            log,
            residents,
            followers: HashMap::new(),
            lease,
            comings: Comings::default(),
            noting: false,
            reading_present: false,
            looks: 0,
            work: JoinSet::new(),
            unpositioned: Vec::new(),
            looking: false,
            epoch: None,
            told: Vec::new(),
            wakes: Arc::default(),
            metrics,
            tracer,
        };
        (hub, HubHandle(sender))
    }

    /// Serves until the last [`HubHandle`] is gone.
    pub(crate) async fn run(mut self) {
        let mut looks = time::interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Vec::new();
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Join(room, joining)) => self.join(room, joining),
                    Some(Command::Leave(room, leaving)) => self.leave(&room, leaving),
                    Some(Command::Follow(following)) => self.follow(following),
                    Some(Command::Unfollow(user)) => self.unfollow(user),
                    Some(Command::Rooms(answer)) => {
                        let rooms = self.rooms.iter();
                        let rooms = rooms.map(|(name, room)| (name.clone(), room.listeners()));
                        // Whoever asked may be gone.
                        let _ = answer.send(rooms.collect());
                    }
                    None => return,
                },
                // One that ended brings nothing.
                1.. = self.incoming.recv_many(&mut heard, HEARD_AT_ONCE_MAX) => {
                    for incoming in heard.drain(..) {
                        failpoints::before_hearing().await;
                        self.hear(incoming);
                        self.wakes.wake_if_many();
                    }
                    self.let_rest();
                }
                Some(done) = self.work.join_next() => match done {
                    Ok(work) => self.carry_on(work),
                    Err(error) => tracing::error!(%error, "work beside the hub failed"),
                },
                now = looks.tick() => {
                    for room in self.rooms.values_mut() {
                        room.lapse(now);
                    }
                    self.look_at_all();
                    self.look_at_people();
                }
            }
            self.mind_people();
            self.wakes.wake();
        }
    }

    fn join(&mut self, name: RoomId, joining: Joining) {
        let is_new = !self.rooms.contains_key(&name);
        let room = self
            .rooms
            .entry(name.clone())
            .or_insert_with(|| Room::new(&name, Arc::clone(&self.wakes)));
        match room.join(&name, joining, &mut self.comings) {
            Ok(true) => self.read_rules(&name),
            Ok(false) => {}
            Err(refused) => {
                let problem = Problem::new(
                    ProblemCode::RoomFull,
                    "The room has as many listeners as this instance takes.",
                );
                return refused.refuse(&name, problem);
            }
        }
        if is_new {
            self.metrics.rooms.inc();
            let watching = self.fanout.watch(&Topic::room(&name));
            self.work.spawn(async move {
                // Unreachable or slow, the fan-out fulfils the wish when it can, and the looks
                // at the counters bring what is missed until then.
                if !matches!(time::timeout(WATCH_TIMEOUT, watching).await, Ok(Ok(()))) {
                    tracing::debug!("a room is watched without the fan-out for now");
                }
                Work::Watched(name)
            });
        } else {
            self.resume(&name);
        }
    }

    /// Reads on for the listeners of a room that are told what they missed.
    fn resume(&mut self, name: &RoomId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        for _ in 0..room.send_back(name) {
            self.metrics.resumes.inc("snapshot");
        }
        for reading in room.readings(name) {
            let (log, room) = (self.log.clone(), name.clone());
            self.work.spawn(async move {
                let listening = reading.listening.clone();
                let progress = reading.run(log).await.ok();
                Work::Resumed {
                    room,
                    listening,
                    progress,
                }
            });
        }
    }

    fn resumed(&mut self, name: &RoomId, listening: &Listening, progress: Option<Progress>) {
        if let (Some(room), Some(progress)) = (self.rooms.get_mut(name), progress) {
            match progress {
                Progress::Further(_) => {}
                Progress::UpToDate(_) => self.metrics.resumes.inc("db"),
                Progress::Ahead(_) => self.metrics.resumes.inc("snapshot"),
            }
            room.advance(name, listening, progress);
            self.resume(name);
        }
    }

    fn leave(&mut self, name: &RoomId, leaving: Leaving) {
        if let Some(room) = self.rooms.get_mut(name) {
            room.leave(name, leaving.listening, &mut self.comings);
            self.forget_if_empty(name);
        }
        if let Some((outbox, ticket)) = leaving.answer {
            outbox.push(Delivery::Left { ticket });
        }
    }

    fn forget_if_empty(&mut self, name: &RoomId) {
        if let Some(room) = self.rooms.get_mut(name)
            && room.is_empty()
        {
            // Whoever's SUBSCRIBE still waits has left since; it is answered all the same.
            room.admit();
            self.rooms.remove(name);
            self.metrics.rooms.dec();
            self.fanout.unwatch(&Topic::room(name));
        }
    }

    /// Has rooms rest that were told much in this turn.
    fn let_rest(&mut self) {
        for name in mem::take(&mut self.told) {
            if let Some(rest) = self.rooms.get_mut(&name).and_then(Room::rests) {
                self.rest(name, rest);
            }
        }
    }

    fn rest(&mut self, name: RoomId, rest: Duration) {
        self.work.spawn(async move {
            time::sleep(rest).await;
            Work::Rested(name)
        });
    }

    fn rested(&mut self, name: RoomId) {
        if let Some(rest) = self.rooms.get_mut(&name).and_then(Room::rested) {
            self.rest(name, rest);
        }
    }

    fn hear(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Event(event) => {
                self.metrics.heard.inc();
                self.tell(&event);
            }
            Incoming::Interrupted => tracing::warn!("the fan-out is interrupted"),
            Incoming::Restored => {
                tracing::info!("the fan-out is restored");
                self.look_at_all();
            }
        }
    }

    fn tell(&mut self, event: &Event) {
        let Topic::Room(name) = event.topic() else {
            return self.tell_user(event);
        };
        let Some(room) = self.rooms.get_mut(&name) else {
            return;
        };
        // What is shown is told once more with its number, and one message is no crowd.
        if !matches!(event, Event::Shown { .. }) && room.hear() {
            self.told.push(name.clone());
        }
        match event {
            Event::Shown { message, trace } => {
                let span = self
                    .tracer
                    .goes_on(span::RECEIVE_SHOWN, Kind::Consumer, *trace);
                room.show(message, Telling::new(span));
            }
            Event::Committed {
                message,
                access,
                trace,
            } => {
                if room.has_rules(*access) {
                    let name = span::RECEIVE_COMMITTED;
                    let span = self.tracer.goes_on(name, Kind::Consumer, *trace);
                    room.offer(Arc::new(message.clone()), Telling::new(span));
                } else {
                    // Somebody may have been removed before it: it is read once that is known.
                    room.withheld = true;
                    self.read_rules(&name);
                }
            }
            Event::RulesChanged { access, .. } => self.compare_rules(&name, *access),
            Event::Rejected(reject) => room.reject(reject),
            Event::Read(read) => room.tell_read(read),
            Event::OwnRead(_) | Event::OwnRoom { .. } => {}
            Event::Typing(typing) => room.tell_typing(typing),
            Event::Presence {
                user,
                nickname,
                is_here,
                ..
            } => {
                let has_to_be_read = room.hint_presence(&name, *user, nickname, *is_here);
                if has_to_be_read {
                    self.comings.want(&name);
                }
            }
        }
        self.mind_hole(&name);
    }

    /// Reads the rules of a room, where newer ones are said to be.
    fn compare_rules(&mut self, name: &RoomId, access: Access) {
        if let Some(room) = self.rooms.get(name)
            && !room.has_rules(access)
        {
            self.read_rules(name);
        }
    }

    /// Reads the rules of a room; once more, where that is under way.
    fn read_rules(&mut self, name: &RoomId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        if mem::replace(&mut room.rules_reading, true) {
            room.rules_wanted = true;
            return;
        }
        let (log, room) = (self.log.clone(), name.clone());
        self.work.spawn(async move {
            let rules = log.rules(&room).await;
            Work::Ruled { room, rules }
        });
    }

    fn ruled(&mut self, name: &RoomId, rules: Result<Option<Rules>, ReadError>) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        room.rules_reading = false;
        let wanted_again = mem::take(&mut room.rules_wanted);
        match rules {
            Ok(rules) => {
                room.learn(name, rules, &mut self.comings);
                if !wanted_again {
                    room.refuse_strangers(name, |until| not_let_in(name, until));
                }
            }
            Err(error) => {
                // The next look finds that the rules are old.
                tracing::warn!(%error, "the rules of a room cannot be read");
                room.refuse_strangers(name, |_| store_unavailable());
            }
        }
        if wanted_again {
            self.read_rules(name);
        }
        self.resume(name);
        self.make_good(name);
        self.forget_if_empty(name);
    }

    /// Reads what was not taken in, as its rules were not known.
    fn make_good(&mut self, name: &RoomId) {
        if let Some(room) = self.rooms.get_mut(name)
            && room.withheld
            && !room.rules_reading
            && !room.repairing
            && let Some(delivered) = room.delivered()
        {
            room.withheld = false;
            self.repair(name.clone(), delivered);
        }
    }

    fn carry_on(&mut self, work: Work) {
        match work {
            Work::Followed(following) => Self::followed(following),
            Work::Rested(room) => self.rested(room),
            Work::Watched(room) => {
                self.unpositioned.push(room);
                if !self.looking {
                    let rooms = mem::take(&mut self.unpositioned);
                    self.look_at(rooms);
                }
            }
            Work::Looked { rooms, look } => self.looked(rooms, look),
            Work::Waited(room) => self.waited(&room),
            Work::Resumed {
                room,
                listening,
                progress,
            } => self.resumed(&room, &listening, progress),
            Work::Read {
                room,
                times_gone_back,
                after,
                missed,
            } => self.read(&room, times_gone_back, after, missed),
            Work::Ruled { room, rules } => self.ruled(&room, rules),
            Work::Noted { changes, is_done } => self.noted(changes, is_done),
            Work::Renewed(renewed) => self.renewed(renewed),
            Work::Present { rooms, present } => self.read_present(&rooms, present),
        }
    }

    /// Reads the counters of all watched rooms, in one query, and compares.
    fn look_at_all(&mut self) {
        if !self.looking && !self.rooms.is_empty() {
            self.unpositioned.clear();
            self.look_at(self.rooms.keys().cloned().collect());
        }
    }

    fn look_at(&mut self, rooms: Vec<RoomId>) {
        self.looking = true;
        for name in &rooms {
            if let Some(room) = self.rooms.get_mut(name) {
                room.begin_look();
            }
        }
        let log = self.log.clone();
        self.work.spawn(async move {
            let look = log.look(&rooms).await;
            Work::Looked { rooms, look }
        });
    }

    fn looked(&mut self, rooms: Vec<RoomId>, look: Result<Look, ReadError>) {
        self.looking = false;
        match look {
            Ok(Look { epoch, heads }) => {
                if let Some(before) = self.epoch.replace(epoch)
                    && before != epoch
                {
                    tracing::error!(
                        %before, %epoch,
                        "the database has another history, as after a restore; all listeners are told"
                    );
                    self.metrics.epoch_changes.inc();
                }
                let mut heads: HashMap<_, _> = heads.into_iter().collect();
                for name in rooms {
                    // A room without a counter has never been spoken in.
                    let head = heads.remove(&name).unwrap_or_default();
                    self.compare(name, head, epoch);
                }
            }
            Err(error) => {
                self.metrics.looks_failed.inc();
                tracing::warn!(%error, "the rooms' counters cannot be read");
                // Whoever wants to listen may; the next look says where the rooms stand.
                for name in rooms {
                    let Some(room) = self.rooms.get_mut(&name) else {
                        continue;
                    };
                    // Whom an open room keeps out is found then, and he put out again.
                    if room.awaits_look() {
                        room.learn(&name, None, &mut self.comings);
                    }
                    room.admit();
                }
            }
        }
        if !self.unpositioned.is_empty() {
            let rooms = mem::take(&mut self.unpositioned);
            self.look_at(rooms);
        }
    }

    fn compare(&mut self, name: RoomId, head: Head, epoch: Epoch) {
        let Some(room) = self.rooms.get_mut(&name) else {
            return;
        };
        if room.awaits_look() && head.access == Access::default() {
            room.learn(&name, None, &mut self.comings);
        }
        self.compare_rules(&name, head.access);
        let Some(room) = self.rooms.get_mut(&name) else {
            return;
        };
        let has_gone_back = room.has_gone_back(head.seq);
        if has_gone_back {
            tracing::error!(head = %head.seq, "a room has gone back; its listeners are told");
            self.metrics.gone_back.inc();
        }
        if has_gone_back || room.is_of_another(epoch) {
            room.go_back(&name, head.seq, epoch);
            self.resume(&name);
            self.make_good(&name);
        } else if room.delivered().is_none() {
            room.position(head.seq, epoch);
            self.resume(&name);
            self.mind_hole(&name);
            self.make_good(&name);
        } else if let Some(delivered) = room.look(head.seq) {
            self.repair(name, delivered);
        }
    }

    /// Gives a hole its time to fill by itself, then reads.
    fn mind_hole(&mut self, name: &RoomId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        if room.repairing || room.hole().is_none() {
            return;
        }
        room.repairing = true;
        let name = name.clone();
        self.work.spawn(async move {
            time::sleep(HOLE_PATIENCE).await;
            Work::Waited(name)
        });
    }

    fn waited(&mut self, name: &RoomId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        room.repairing = false;
        if let Some(delivered) = room.hole() {
            self.repair(name.clone(), delivered);
        }
        self.make_good(name);
    }

    fn repair(&mut self, name: RoomId, delivered: Seq) {
        let Some(room) = self.rooms.get_mut(&name) else {
            return;
        };
        if mem::replace(&mut room.repairing, true) {
            return;
        }
        tracing::debug!(after = %delivered, "reading what a room missed");
        let times_gone_back = room.times_gone_back();
        let log = self.log.clone();
        self.work.spawn(async move {
            let missed = Missed::read(&log, &name, delivered).await;
            Work::Read {
                room: name,
                times_gone_back,
                after: delivered,
                missed,
            }
        });
    }

    fn read(
        &mut self,
        name: &RoomId,
        times_gone_back: u32,
        after: Seq,
        missed: Result<Missed, ReadError>,
    ) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        room.repairing = false;
        match missed {
            Ok(Missed { rows, rules }) => {
                if let Some(rules) = rules {
                    room.learn(name, rules, &mut self.comings);
                }
                let was_full = rows.len() == REPAIR_PAGE as usize;
                let changes = rows.into_iter().map(|row| Arc::new(row.into())).collect();
                // What was read before the room went back is of another history.
                let repaired = if room.times_gone_back() == times_gone_back {
                    room.repaired(after, changes)
                } else {
                    0
                };
                if repaired > 0 {
                    self.metrics.gap_repairs.inc();
                    self.metrics.gap_changes.inc_by(repaired);
                }
                if was_full && let Some(delivered) = room.delivered() {
                    self.repair(name.clone(), delivered);
                } else {
                    self.mind_hole(name);
                }
            }
            // The next look finds the same hole.
            Err(error) => tracing::warn!(%error, "what a room missed cannot be read"),
        }
        self.make_good(name);
        self.resume(name);
        self.forget_if_empty(name);
    }
}

impl Missed {
    async fn read(log: &MessageLog, room: &RoomId, after: Seq) -> Result<Self, ReadError> {
        let rows = log.changes(room, after, REPAIR_PAGE).await?;
        let rules = if room.is_private() {
            Some(log.rules(room).await?)
        } else {
            None
        };
        Ok(Self { rows, rules })
    }
}

fn store_unavailable() -> Problem {
    Problem::new(
        ProblemCode::StoreUnavailable,
        "Whether you may be in the room cannot be read at the moment; subscribe again.",
    )
    .retry_after(RESUME_RETRY)
}
