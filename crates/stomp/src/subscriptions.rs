//! What a session listens to, and what its client has yet to acknowledge.

use std::collections::VecDeque;

use crate::violation::Violation;
use crate::{Limits, Version};

/// Who says when a message was consumed (STOMP 1.2, "SUBSCRIBE ack Header").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AckMode {
    /// The server, by sending it.
    #[default]
    Auto,
    /// The client; one ACK or NACK speaks for all earlier messages of the subscription too.
    Client,
    /// The client, for each message alone.
    ClientIndividual,
}

impl AckMode {
    /// The mode that an `ack` header asks for.
    pub(crate) fn parse(header: Option<&str>) -> Result<Self, Violation> {
        match header {
            None | Some("auto") => Ok(Self::Auto),
            Some("client") => Ok(Self::Client),
            Some("client-individual") => Ok(Self::ClientIndividual),
            Some(_) => Err(Violation::UnknownAckMode),
        }
    }
}

/// A message that ACK or NACK names.
pub(crate) enum Acknowledged {
    /// By the `ack` header of its MESSAGE, which 1.2 has.
    Number(u64),
    /// By its id, on one subscription (1.1) or on whichever has it (1.0).
    Message {
        message_id: Box<str>,
        subscription: Option<Box<str>>,
    },
}

/// How a message may be sent to a subscription.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// As it is.
    Free,
    /// It is tracked under this number.
    Numbered(u64),
    /// Not before another one is acknowledged.
    Full,
    /// Not at all: there is no such subscription.
    None,
}

/// The subscriptions of one session.
#[derive(Default)]
pub(crate) struct Subscriptions {
    /// Sorted by id: a sorted array is the smallest map, and a session has few.
    by_id: Vec<Subscription>,
    /// The last serial number given out. Unlike an id, a serial number is not used again.
    serial: u32,
    /// The last number given to a message that is to be acknowledged.
    number: u64,
}

struct Subscription {
    id: Box<str>,
    destination: Box<str>,
    /// Of `client` and `client-individual` alone.
    window: Option<Box<Window>>,
    serial: u32,
}

/// The messages that a subscription was sent and has not acknowledged, in order.
struct Window {
    unacknowledged: VecDeque<Unacknowledged>,
    /// An acknowledgement covers what was sent before as well.
    is_cumulative: bool,
    /// A delivery was turned away, so that room is news.
    is_awaited: bool,
}

struct Unacknowledged {
    number: u64,
    /// Empty in 1.2, where the number is enough.
    message_id: Box<str>,
}

impl Subscriptions {
    /// Adds a subscription and returns its serial number.
    pub(crate) fn insert(
        &mut self,
        id: &str,
        destination: &str,
        ack: AckMode,
        limits: &Limits,
    ) -> Result<u32, Violation> {
        let Err(at) = self.position(id) else {
            return Err(Violation::DuplicateSubscription);
        };
        let max = limits.subscriptions_max;
        if self.by_id.len() >= max {
            return Err(Violation::TooManySubscriptions { max });
        }
        if self.by_id.is_empty() {
            // Most sessions have one subscription: room for four would be three wasted.
            self.by_id.reserve_exact(1);
        }
        self.serial = self.serial.wrapping_add(1);
        let subscription = Subscription {
            id: id.into(),
            destination: destination.into(),
            window: Window::of(ack),
            serial: self.serial,
        };
        self.by_id.insert(at, subscription);
        Ok(self.serial)
    }

    /// Removes a subscription and returns its destination.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Box<str>> {
        let at = self.position(id).ok()?;
        Some(self.by_id.remove(at).destination)
    }

    /// Removes the subscription of that serial number, if it is still there.
    pub(crate) fn remove_serial(&mut self, serial: u32) {
        self.by_id
            .retain(|subscription| subscription.serial != serial);
    }

    /// Finds a place for one more message.
    pub(crate) fn slot(
        &mut self,
        id: &str,
        message_id: &str,
        version: Version,
        limits: &Limits,
    ) -> Slot {
        let Ok(at) = self.position(id) else {
            return Slot::None;
        };
        let Some(window) = &mut self.by_id[at].window else {
            return Slot::Free;
        };
        if window.unacknowledged.len() >= limits.unacknowledged_max {
            window.is_awaited = true;
            return Slot::Full;
        }
        self.number += 1;
        let message_id = match version {
            Version::V1_0 | Version::V1_1 => message_id,
            Version::V1_2 => "",
        };
        window.unacknowledged.push_back(Unacknowledged {
            number: self.number,
            message_id: message_id.into(),
        });
        Slot::Numbered(self.number)
    }

    /// Whether a message was ever sent under that number.
    pub(crate) fn has_sent(&self, number: u64) -> bool {
        (1..=self.number).contains(&number)
    }

    /// Frees what a message took up, and returns the id of its subscription if that makes room
    /// which is awaited.
    ///
    /// A message that is not there, as one acknowledged before or one of a subscription that has
    /// ended, is no error: the client cannot know how far its earlier frames have got.
    pub(crate) fn acknowledge(&mut self, acknowledged: &Acknowledged) -> Option<Box<str>> {
        self.by_id.iter_mut().find_map(|subscription| {
            let window = subscription.window.as_mut()?;
            let at = match acknowledged {
                Acknowledged::Number(number) => window.position_of_number(*number)?,
                Acknowledged::Message {
                    subscription: Some(id),
                    ..
                } if *id != subscription.id => return None,
                Acknowledged::Message { message_id, .. } => {
                    window.position_of_message(message_id)?
                }
            };
            Some(window.free(at).then(|| subscription.id.clone()))
        })?
    }

    fn position(&self, id: &str) -> Result<usize, usize> {
        self.by_id
            .binary_search_by(|subscription| subscription.id.as_ref().cmp(id))
    }
}

impl Window {
    fn of(ack: AckMode) -> Option<Box<Self>> {
        let is_cumulative = match ack {
            AckMode::Auto => return None,
            AckMode::Client => true,
            AckMode::ClientIndividual => false,
        };
        Some(Box::new(Self {
            unacknowledged: VecDeque::new(),
            is_cumulative,
            is_awaited: false,
        }))
    }

    fn position_of_number(&self, number: u64) -> Option<usize> {
        self.unacknowledged
            .binary_search_by_key(&number, |message| message.number)
            .ok()
    }

    fn position_of_message(&self, id: &str) -> Option<usize> {
        self.unacknowledged
            .iter()
            .position(|message| message.message_id.as_ref() == id)
    }

    /// Frees the message at that place, with those before it where that is meant, and says whether
    /// somebody awaits the room.
    fn free(&mut self, at: usize) -> bool {
        if self.is_cumulative {
            self.unacknowledged.drain(..=at);
        } else {
            self.unacknowledged.remove(at);
        }
        if self.unacknowledged.is_empty() {
            self.unacknowledged = VecDeque::new();
        }
        std::mem::take(&mut self.is_awaited)
    }
}
