//! The adapter's whole state, as a machine without IO: what happens goes in, what is to be
//! written and told comes out.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::channel::{Channels, Kind};
use super::envelope::{Letter, Sealer};
use super::fault::Fault;
use super::inbox::Inbox;
use super::line::{Beat, Confirmation, Line};
use super::resp::{Frame, Text};
use crate::{Counters, Event, Incoming, Rejection, Topic};

/// Connects what this instance publishes and watches with the line to Redis, if one stands.
#[derive(Debug)]
pub(super) struct Switchboard {
    channels: Channels,
    sealer: Sealer,
    topics: HashMap<Topic, Watched>,
    line: Option<Line>,
    inbox: Inbox,
    letters: u64,
    wishes: u64,
    counters: Counters,
}

/// A room that this instance watches.
#[derive(Debug)]
struct Watched {
    /// The number of the wish, by which a confirmation finds the wish that it fulfils and not an
    /// earlier one for the same topic.
    wish: u64,
    /// Whether the line brings the room's events.
    effective: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

/// How a wish to watch stands.
#[derive(Debug)]
pub(super) enum Watch {
    /// The room's events arrive.
    Effective,
    /// They will, once the receiver says so; it fails if the line is lost before.
    Soon(oneshot::Receiver<()>),
    /// Not before there is a line.
    Away,
}

impl Switchboard {
    pub(super) fn new(channels: Channels, sealer: Sealer) -> Self {
        Self {
            channels,
            sealer,
            topics: HashMap::new(),
            line: None,
            inbox: Inbox::default(),
            letters: 0,
            wishes: 0,
            counters: Counters::default(),
        }
    }

    // What this instance wants.

    /// Publishes an event, or loops it back where no line serves.
    pub(super) fn publish(&mut self, event: Arc<Event>, letter: &Letter, now: Instant) {
        self.counters.published += 1;
        if self.line.as_ref().is_some_and(Line::is_clogged) {
            self.hang_up(&Fault::Clogged);
        }
        let watched = self.topics.contains_key(&event.topic());
        let Some(line) = self.line.as_mut().filter(|line| line.is_proven()) else {
            self.counters.dropped += 1;
            if watched {
                self.tell(event);
            }
            return;
        };
        self.letters += 1;
        let channel = self.channels.name(Kind::of(&event), &event.topic());
        let payload = self.sealer.seal(self.letters, &channel, letter);
        if !watched {
            line.publish(&channel, &payload);
        } else if !line.publish_owed(channel, payload, event, now) {
            self.lost();
        }
    }

    /// Wishes to watch a topic.
    pub(super) fn watch(&mut self, topic: &Topic) -> Watch {
        if !self.topics.contains_key(topic) {
            let watched = Watched {
                wish: 0,
                effective: false,
                waiting: Vec::new(),
            };
            self.topics.insert(topic.clone(), watched);
            self.subscribe(topic);
        }
        let watched = self.topics.get_mut(topic).expect("it was just put there");
        if self.line.is_none() {
            Watch::Away
        } else if watched.effective {
            Watch::Effective
        } else {
            let (confirmed, soon) = oneshot::channel();
            watched.waiting.retain(|waiting| !waiting.is_closed());
            watched.waiting.push(confirmed);
            Watch::Soon(soon)
        }
    }

    /// Stops watching a topic.
    pub(super) fn unwatch(&mut self, topic: &Topic) {
        if self.topics.remove(topic).is_none() {
            return;
        }
        if let Some(line) = &mut self.line {
            for kind in Kind::of_topic(topic) {
                line.unsubscribe(&self.channels.name(*kind, topic));
            }
        }
    }

    // What happens to the line.

    /// A connection stands: subscribes to everything that is wished for, and proves the line.
    pub(super) fn connected(&mut self, now: Instant) {
        let pulse_channel = self.channels.pulse(self.sealer.origin());
        self.line = Some(Line::new(pulse_channel, now));
        let topics: Vec<Topic> = self.topics.keys().cloned().collect();
        for topic in &topics {
            self.subscribe(topic);
        }
        if let Some(line) = &mut self.line {
            line.beat(now);
        }
    }

    /// The server sent something.
    ///
    /// # Errors
    /// Says what is wrong with the line, which is to be hung up.
    pub(super) fn received(&mut self, frame: Frame, now: Instant) -> Result<(), Fault> {
        let line = self.line.as_mut().ok_or(Fault::Clogged)?;
        line.heard(now);
        let members = match frame {
            Frame::Push(members) => members,
            Frame::Refusal(code) => return Err(Fault::Refused(code)),
            Frame::Answer => return Ok(()),
        };
        match members.as_slice() {
            [Text::Kept(kind), Text::Kept(channel), payload] if kind == "smessage" => {
                self.message(channel, payload, now);
                Ok(())
            }
            [Text::Kept(kind), ..] if kind == "ssubscribe" => self.confirmed(),
            [Text::Kept(kind), Text::Kept(channel), ..] if kind == "sunsubscribe" => {
                self.unsubscribed(channel)
            }
            // A kind of push that a newer server adds.
            _ => Ok(()),
        }
    }

    /// Time has passed.
    ///
    /// # Errors
    /// Says that the line is dead, and is to be hung up.
    pub(super) fn look_at_clock(&mut self, now: Instant) -> Result<(), Fault> {
        let line = self.line.as_mut().ok_or(Fault::Clogged)?;
        if self.inbox.may_read() {
            line.look_at_clock(now)
        } else {
            // Silence says nothing while nothing is read.
            Ok(())
        }
    }

    /// The line is lost: what has not come back is looped back, in order, and from now on
    /// everything is. Hanging up what is hung up changes nothing.
    pub(super) fn hang_up(&mut self, fault: &Fault) {
        let Some(line) = self.line.take() else {
            return;
        };
        for watched in self.topics.values_mut() {
            watched.effective = false;
            watched.waiting.clear();
        }
        if line.is_proven() {
            tracing::warn!(%fault, "Redis is away; events stay on this instance");
            self.counters.interruptions += 1;
            self.inbox.interrupted();
        } else {
            tracing::debug!(%fault, "a connection to Redis did not get to serve");
        }
        for event in line.into_owed() {
            if self.topics.contains_key(&event.topic()) {
                self.tell(event);
            }
        }
    }

    // What is to be done.

    /// What is to be written to the line; `None` where there is none.
    pub(super) fn take_outbox(&mut self) -> Option<Vec<u8>> {
        Some(self.line.as_mut()?.take_outbox())
    }

    /// How much is to be told to this instance.
    pub(super) fn waiting_incoming(&self) -> usize {
        self.inbox.len()
    }

    /// What is to be told to this instance next.
    pub(super) fn next_incoming(&mut self, now: Instant) -> Option<Incoming> {
        let could_read = self.inbox.may_read();
        let next = self.inbox.next()?;
        if !could_read
            && self.inbox.may_read()
            && let Some(line) = &mut self.line
        {
            line.listens_again(now);
        }
        Some(next)
    }

    // What is asked.

    /// Whether the others can be heard.
    pub(super) fn is_connected(&self) -> bool {
        self.line.as_ref().is_some_and(Line::is_proven)
    }

    /// Whether the line has something to write, or is gone and its writer has to know.
    pub(super) fn has_to_write(&self) -> bool {
        self.line.as_ref().is_none_or(Line::has_to_write)
    }

    /// Whether something is to be told.
    pub(super) fn has_to_tell(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Whether the instance keeps up, so that more may be read.
    pub(super) fn may_read(&self) -> bool {
        self.inbox.may_read()
    }

    pub(super) fn counters(&self) -> Counters {
        self.counters
    }

    fn subscribe(&mut self, topic: &Topic) {
        let (Some(line), Some(watched)) = (&mut self.line, self.topics.get_mut(topic)) else {
            return;
        };
        self.wishes += 1;
        watched.wish = self.wishes;
        let Some((last, others)) = Kind::of_topic(topic).split_last() else {
            return;
        };
        for kind in others {
            line.subscribe(&self.channels.name(*kind, topic), Confirmation::Part);
        }
        let confirmed = Confirmation::Topic(topic.clone(), watched.wish);
        line.subscribe(&self.channels.name(*last, topic), confirmed);
    }

    fn confirmed(&mut self) -> Result<(), Fault> {
        let line = self.line.as_mut().ok_or(Fault::Clogged)?;
        let Confirmation::Topic(topic, wish) = line.confirmed()? else {
            return Ok(());
        };
        if let Some(watched) = self.topics.get_mut(&topic)
            && watched.wish == wish
        {
            watched.effective = true;
            for waiting in watched.waiting.drain(..) {
                // Whoever asked may have stopped waiting.
                let _ = waiting.send(());
            }
        }
        Ok(())
    }

    /// An end of subscription that was asked for is for a room that is not watched, or watched
    /// anew and not confirmed yet. Any other is the server's own doing, as when a cluster moves
    /// a slot.
    fn unsubscribed(&mut self, channel: &Bytes) -> Result<(), Fault> {
        let watched = self
            .channels
            .topic(channel)
            .and_then(|(_, topic)| self.topics.get(&topic));
        match watched {
            Some(watched) if watched.effective => Err(Fault::Unsubscribed),
            _ => Ok(()),
        }
    }

    fn message(&mut self, channel: &Bytes, payload: &Text, now: Instant) {
        let Some(line) = &mut self.line else {
            return;
        };
        let payload = match payload {
            Text::Kept(payload) => payload,
            Text::TooLong => return self.reject(Rejection::Oversized),
            Text::None => return self.reject(Rejection::Garbage),
        };
        if let Some(event) = line.echo(channel, payload, now) {
            if self.topics.contains_key(&event.topic()) {
                self.tell(event);
            }
            return;
        }
        match line.beaten(channel, payload) {
            Beat::None => {}
            Beat::Proven => {
                tracing::info!("Redis carries events between the instances");
                self.inbox.restored();
                return;
            }
            Beat::Alive | Beat::Stale => return,
        }
        match self.open(channel, payload) {
            // An own event that does not come back in its turn was looped back before.
            Ok(None) => self.counters.late += 1,
            Ok(Some(event)) if self.topics.contains_key(&event.topic()) => {
                self.tell(Arc::new(event))
            }
            Ok(Some(_)) => {}
            Err(rejection) => self.reject(rejection),
        }
    }

    /// The event that another instance sent on a channel, or `None` for an own one.
    fn open(&self, channel: &Bytes, payload: &Bytes) -> Result<Option<Event>, Rejection> {
        let (kind, topic) = self.channels.topic(channel).ok_or(Rejection::Misplaced)?;
        let opened = self
            .sealer
            .open(&self.channels.name(kind, &topic), payload)?;
        if Kind::of(&opened.event) != kind || opened.event.topic() != topic {
            return Err(Rejection::Misplaced);
        }
        Ok((opened.origin != self.sealer.origin()).then_some(opened.event))
    }

    fn reject(&mut self, rejection: Rejection) {
        self.counters.rejected.count(rejection);
        // Whoever can publish garbage may not fill the log as well.
        let total = self.counters.rejected.total();
        if total.is_power_of_two() {
            let reason = rejection.label();
            tracing::warn!(
                reason,
                total,
                "a message from Redis was refused; the next line comes when the total has doubled"
            );
        }
    }

    fn tell(&mut self, event: Arc<Event>) {
        if !self.inbox.take_in(event) {
            self.lost();
        }
    }

    /// An event does not reach this instance. Without a line it knows already that events may be
    /// lost; otherwise it is told so, unless what tells it still waits to be read.
    fn lost(&mut self) {
        self.counters.lost += 1;
        if self.is_connected() && !self.inbox.ends_restored() {
            tracing::warn!("this instance takes events too slowly; some are lost to it");
            self.counters.interruptions += 1;
            self.inbox.interrupted();
            self.inbox.restored();
        }
    }
}
