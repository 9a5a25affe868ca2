//! One connection to Redis, as long as it lasts: what is to be written, confirmed and echoed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::fault::Fault;
use crate::{Event, Topic};

/// How long a publication or a pulse may take to come back before Redis counts as away.
pub(super) const ECHO_MAX: Duration = Duration::from_millis(500);

/// How long the line may be quiet before a pulse is sent along it.
const QUIET_MAX: Duration = Duration::from_secs(1);

/// The most that waits to be written, in bytes; a server that leaves so much unread is away.
const OUTBOX_BYTES_MAX: usize = 8 * 1_024 * 1_024;

/// The most that waits for its echo, in bytes of events and their envelopes.
const OWED_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A connection that stands. It serves (is *proven*) once the first pulse has come back, which
/// follows the confirmation of everything that was subscribed before it.
#[derive(Debug)]
pub(super) struct Line {
    outbox: Vec<u8>,
    confirmations: VecDeque<Confirmation>,
    owed: VecDeque<Owed>,
    owed_bytes: usize,
    pulse: Pulse,
    proven: bool,
    heard_at: Instant,
    echoed_at: Instant,
}

/// What the next confirmation of a subscription confirms.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// One of several channels, not the last.
    Part,
    /// The last channel of a topic, and with it the wish of this number.
    Topic(Topic, u64),
}

/// A publication that has to come back. The line carries publications and echoes in one order,
/// so the next echo is always that of the first owed one.
#[derive(Debug)]
struct Owed {
    channel: String,
    payload: Vec<u8>,
    event: Arc<Event>,
    sent_at: Instant,
}

/// A beat that the instance sends to itself by way of Redis: it shows that publishing and
/// listening both work, which an answered PING would not.
#[derive(Debug)]
struct Pulse {
    channel: String,
    number: u64,
    sent_at: Option<Instant>,
}

impl Line {
    /// A line that was just connected, on which nothing was said. It listens to its own pulse
    /// on a channel that no other instance uses.
    pub(super) fn new(pulse_channel: String, now: Instant) -> Self {
        let mut line = Self {
            outbox: Vec::new(),
            confirmations: VecDeque::new(),
            owed: VecDeque::new(),
            owed_bytes: 0,
            pulse: Pulse {
                channel: pulse_channel.clone(),
                number: 0,
                sent_at: None,
            },
            proven: false,
            heard_at: now,
            echoed_at: now,
        };
        line.subscribe(&pulse_channel, Confirmation::Part);
        line
    }

    /// Whether it serves.
    pub(super) fn is_proven(&self) -> bool {
        self.proven
    }

    /// Whether the server leaves too much unread.
    pub(super) fn is_clogged(&self) -> bool {
        self.outbox.len() > OUTBOX_BYTES_MAX
    }

    /// Hands out what is to be written.
    pub(super) fn take_outbox(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outbox)
    }

    pub(super) fn has_to_write(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Subscribes to one channel. A cluster refuses channels of several slots in one command,
    /// so each has a command of its own.
    pub(super) fn subscribe(&mut self, channel: &str, confirmation: Confirmation) {
        self.command("SSUBSCRIBE", &[channel.as_bytes()]);
        self.confirmations.push_back(confirmation);
    }

    pub(super) fn unsubscribe(&mut self, channel: &str) {
        self.command("SUNSUBSCRIBE", &[channel.as_bytes()]);
    }

    /// What a confirmation that arrives confirms: they come in the order of subscribing.
    pub(super) fn confirmed(&mut self) -> Result<Confirmation, Fault> {
        self.confirmations
            .pop_front()
            .ok_or(Fault::Malformed("a confirmation that nobody waits for"))
    }

    /// Publishes without waiting for an echo.
    pub(super) fn publish(&mut self, channel: &str, payload: &[u8]) {
        self.command("SPUBLISH", &[channel.as_bytes(), payload]);
    }

    /// Publishes what has to come back, and says whether there was room to wait for it.
    #[must_use]
    pub(super) fn publish_owed(
        &mut self,
        channel: String,
        payload: Vec<u8>,
        event: Arc<Event>,
        now: Instant,
    ) -> bool {
        self.publish(&channel, &payload);
        let owed = Owed {
            channel,
            payload,
            event,
            sent_at: now,
        };
        if self.owed_bytes + owed.bytes() > OWED_BYTES_MAX {
            return false;
        }
        self.owed_bytes += owed.bytes();
        self.owed.push_back(owed);
        true
    }

    /// The own event that a message is the echo of.
    pub(super) fn echo(
        &mut self,
        channel: &Bytes,
        payload: &Bytes,
        now: Instant,
    ) -> Option<Arc<Event>> {
        let owed = self
            .owed
            .pop_front_if(|owed| owed.payload == *payload && owed.channel == *channel)?;
        self.owed_bytes -= owed.bytes();
        self.echoed_at = now;
        Some(owed.event)
    }

    /// The own events that did not come back, in order.
    pub(super) fn into_owed(self) -> impl Iterator<Item = Arc<Event>> {
        self.owed.into_iter().map(|owed| owed.event)
    }

    /// Sends a beat.
    pub(super) fn beat(&mut self, now: Instant) {
        self.pulse.number += 1;
        self.pulse.sent_at = Some(now);
        let channel = self.pulse.channel.clone();
        self.publish(&channel, self.pulse.number.to_string().as_bytes());
    }

    /// Takes a message for the pulse if it is one, and says what it means.
    pub(super) fn beaten(&mut self, channel: &Bytes, payload: &Bytes) -> Beat {
        if self.pulse.channel != *channel {
            return Beat::None;
        }
        if self.pulse.number.to_string() != *payload {
            return Beat::Stale;
        }
        self.pulse.sent_at = None;
        if std::mem::replace(&mut self.proven, true) {
            Beat::Alive
        } else {
            Beat::Proven
        }
    }

    /// Notes that something arrived.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// Starts all waiting anew, after a time in which nothing was read.
    pub(super) fn listens_again(&mut self, now: Instant) {
        self.heard_at = now;
        self.echoed_at = now;
    }

    /// Looks at the clock: sends a beat where the line is quiet.
    ///
    /// # Errors
    /// Says that the line is dead, because something took longer than [`ECHO_MAX`].
    pub(super) fn look_at_clock(&mut self, now: Instant) -> Result<(), Fault> {
        if let Some(owed) = self.owed.front()
            && now.duration_since(owed.sent_at.max(self.echoed_at)) > ECHO_MAX
        {
            return Err(Fault::NoEcho);
        }
        match self.pulse.sent_at {
            Some(sent_at) if now.duration_since(sent_at.max(self.heard_at)) > ECHO_MAX => {
                Err(Fault::Silent)
            }
            None if now.duration_since(self.heard_at) > QUIET_MAX => {
                self.beat(now);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn command(&mut self, name: &str, arguments: &[&[u8]]) {
        let mut command = ::redis::cmd(name);
        for argument in arguments {
            command.arg(argument);
        }
        command.write_packed_command(&mut self.outbox);
    }
}

impl Owed {
    fn bytes(&self) -> usize {
        self.event.bytes() + self.payload.len() + self.channel.len()
    }
}

/// What a message on the pulse's channel means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// The message is not on the pulse's channel.
    None,
    /// It is not the beat that was sent last.
    Stale,
    /// The line serves from now on.
    Proven,
    /// The line still serves.
    Alive,
}
