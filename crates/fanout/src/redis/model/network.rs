//! A model of Redis with switchboards around it, in which each command and each frame travels
//! when the test says so.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat::RoomId;
use tokio::time::Instant;
use uuid::Uuid;

use crate::redis::channel::Channels;
use crate::redis::envelope::{Letter, Sealer};
use crate::redis::fault::Fault;
use crate::redis::resp::{Frame, Text};
use crate::redis::switchboard::Switchboard;
use crate::{Event, Incoming, Topic};

/// Redis, the instances, and what is on the way between them.
pub(super) struct Network {
    pub(super) now: Instant,
    pub(super) desks: Vec<Desk>,
    /// What was sent on connections that are gone, which the server may carry out all the same.
    orphans: VecDeque<Command>,
}

/// An instance and its connection.
pub(super) struct Desk {
    pub(super) board: Switchboard,
    connected: bool,
    commands: VecDeque<Command>,
    channels: HashSet<Bytes>,
    pub(super) frames: VecDeque<Frame>,
    pub(super) heard: Vec<Incoming>,
}

type Command = Vec<Bytes>;

impl Network {
    /// Instances that no connection leads to.
    pub(super) fn of(instances: usize) -> Self {
        let desks = (0..instances)
            .map(|_| {
                let channels = Channels::new(String::new()).expect("no braces");
                Desk {
                    board: Switchboard::new(channels, Sealer::new(Uuid::new_v4(), None)),
                    connected: false,
                    commands: VecDeque::new(),
                    channels: HashSet::new(),
                    frames: VecDeque::new(),
                    heard: Vec::new(),
                }
            })
            .collect();
        Self {
            now: Instant::now(),
            desks,
            orphans: VecDeque::new(),
        }
    }

    /// Instances that all watch one room effectively.
    pub(super) fn in_room(instances: usize, room: &RoomId) -> Self {
        let mut network = Self::of(instances);
        for desk in 0..instances {
            network.connect(desk);
            network.desks[desk].board.watch(&Topic::room(room));
        }
        network.settle();
        for desk in &mut network.desks {
            assert_eq!(std::mem::take(&mut desk.heard), [Incoming::Restored]);
        }
        network
    }

    pub(super) fn connect(&mut self, desk: usize) {
        if !self.desks[desk].connected {
            self.desks[desk].connected = true;
            self.desks[desk].board.connected(self.now);
        }
    }

    /// Ends a connection: what the server has not sent is lost, what it was sent is not.
    pub(super) fn cut(&mut self, desk: usize) {
        let desk = &mut self.desks[desk];
        desk.connected = false;
        desk.channels.clear();
        desk.frames.clear();
        self.orphans.extend(desk.commands.drain(..));
        desk.board.hang_up(&Fault::Closed);
    }

    pub(super) fn publish(&mut self, desk: usize, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        let letter = Letter::new(&event);
        let board = &mut self.desks[desk].board;
        board.publish(event.clone(), &letter, self.now);
        event
    }

    /// Puts what the instance wrote onto the wire.
    pub(super) fn transmit(&mut self, desk: usize) {
        let desk = &mut self.desks[desk];
        if let Some(outbox) = desk.board.take_outbox() {
            desk.commands.extend(commands(&outbox));
        }
    }

    /// Lets the server carry out one command of a connection.
    pub(super) fn serve(&mut self, desk: usize) -> bool {
        let Some(command) = self.desks[desk].commands.pop_front() else {
            return false;
        };
        if let Some(answer) = self.carry_out(&command, Some(desk)) {
            self.desks[desk].frames.push_back(answer);
        }
        true
    }

    /// Lets the server carry out one command of a connection that is gone.
    pub(super) fn serve_orphan(&mut self) -> bool {
        let Some(command) = self.orphans.pop_front() else {
            return false;
        };
        self.carry_out(&command, None);
        true
    }

    fn carry_out(&mut self, command: &[Bytes], from: Option<usize>) -> Option<Frame> {
        let channel = &command[1];
        match (&command[0][..], from) {
            (b"SPUBLISH", _) => {
                for desk in &mut self.desks {
                    if desk.channels.contains(channel) {
                        desk.frames
                            .push_back(push("smessage", channel, &command[2]));
                    }
                }
                Some(Frame::Answer)
            }
            (b"SSUBSCRIBE", Some(desk)) => {
                self.desks[desk].channels.insert(channel.clone());
                Some(push("ssubscribe", channel, b"1"))
            }
            (b"SUNSUBSCRIBE", Some(desk)) => {
                self.desks[desk].channels.remove(channel);
                Some(push("sunsubscribe", channel, b"0"))
            }
            _ => None,
        }
    }

    /// Lets one frame arrive.
    pub(super) fn deliver(&mut self, desk: usize) -> Option<Result<(), Fault>> {
        let desk = &mut self.desks[desk];
        if !desk.board.may_read() {
            return None;
        }
        let frame = desk.frames.pop_front()?;
        Some(desk.board.received(frame, self.now))
    }

    /// Lets the instance take one thing that arrived.
    pub(super) fn take(&mut self, desk: usize) -> bool {
        let desk = &mut self.desks[desk];
        let next = desk.board.next_incoming(self.now);
        desk.heard.extend(next.clone());
        next.is_some()
    }

    /// Lets everything travel that can.
    pub(super) fn settle(&mut self) {
        let mut moved = true;
        while moved {
            moved = self.serve_orphan();
            for desk in 0..self.desks.len() {
                self.transmit(desk);
                moved |= self.serve(desk);
                if let Some(received) = self.deliver(desk) {
                    received.expect("a good server's frames are good");
                    moved = true;
                }
                moved |= self.take(desk);
            }
        }
    }

    /// Lets time pass, as seen by one instance.
    pub(super) fn pass(&mut self, millis: u64, desk: usize) -> Result<(), Fault> {
        self.now += Duration::from_millis(millis);
        self.desks[desk].board.look_at_clock(self.now)
    }

    /// The events that an instance has heard, apart from notices.
    pub(super) fn heard(&self, desk: usize) -> Vec<Arc<Event>> {
        let events = self.desks[desk].heard.iter();
        events
            .filter_map(|incoming| match incoming {
                Incoming::Event(event) => Some(event.clone()),
                _ => None,
            })
            .collect()
    }
}

pub(super) fn push(kind: &'static str, channel: &Bytes, last: &[u8]) -> Frame {
    Frame::Push(vec![
        Text::Kept(Bytes::from_static(kind.as_bytes())),
        Text::Kept(channel.clone()),
        Text::Kept(Bytes::copy_from_slice(last)),
    ])
}

/// Reads commands as a server does: arrays of bulk strings.
fn commands(mut bytes: &[u8]) -> Vec<Command> {
    fn number(bytes: &mut &[u8]) -> usize {
        let end = bytes
            .iter()
            .position(|byte| *byte == b'\r')
            .expect("a line");
        let digits = std::str::from_utf8(&bytes[1..end]).expect("text");
        *bytes = &bytes[end + 2..];
        digits.parse().expect("a number")
    }
    let mut commands = Vec::new();
    while !bytes.is_empty() {
        let arguments = (0..number(&mut bytes)).map(|_| {
            let length = number(&mut bytes);
            let argument = Bytes::copy_from_slice(&bytes[..length]);
            bytes = &bytes[length + 2..];
            argument
        });
        commands.push(arguments.collect());
    }
    commands
}
