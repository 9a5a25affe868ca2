//! Who has heard what: losses, repetitions and order.

use std::collections::VecDeque;
use std::mem;

use serde::Serialize;
use tokio::time::Instant;

use super::stamp::Stamp;

/// What went wrong with deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Faults {
    /// Deliveries that did not come in time.
    pub(crate) lost: u64,
    /// Deliveries of what the listener had heard.
    pub(crate) doubled: u64,
    /// Deliveries behind a later message of the same sender.
    pub(crate) reordered: u64,
    /// Messages whose receipt did not come in time.
    pub(crate) unreceipted: u64,
    /// Messages that the server refused, and said so: they are neither lost nor unreceipted.
    pub(crate) refused: u64,
}

/// The messages of a run, each of them until its last listener has heard it and its sender has the
/// receipt, where there are any.
///
/// Connection `c` listens to room `c / listeners`.
pub(crate) struct Ledger {
    listeners: usize,
    has_receipts: bool,
    messages: VecDeque<Message>,
    /// The number of the first of `messages`.
    first: u32,
    /// For each connection and each sender of its room, how many of the sender's messages it has
    /// heard or missed: one more than the number of the latest.
    heard: Vec<u32>,
    /// Sets of listeners that are not in use.
    spare: Vec<Box<[u64]>>,
    /// What went wrong so far.
    pub(crate) faults: Faults,
}

/// A message that was sent.
struct Message {
    room: usize,
    due: Instant,
    missing: usize,
    awaits_receipt: bool,
    is_refused: bool,
    heard_by: Box<[u64]>,
}

impl Message {
    fn is_complete(&self) -> bool {
        self.missing == 0 && !self.awaits_receipt
    }
}

/// What a delivery was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// When its message was due.
    pub(crate) due: Instant,
    /// The room, where the message is complete with it.
    pub(crate) completed: Option<usize>,
}

impl Ledger {
    pub(crate) fn new(rooms: usize, listeners: usize, has_receipts: bool) -> Self {
        Self {
            listeners,
            has_receipts,
            messages: VecDeque::new(),
            first: 0,
            heard: vec![0; rooms * listeners * listeners],
            spare: Vec::new(),
            faults: Faults::default(),
        }
    }

    /// Notes a message to a room that was due at `due`, and returns its number.
    pub(crate) fn send(&mut self, room: usize, due: Instant) -> u32 {
        let words = self.listeners.div_ceil(u64::BITS as usize);
        let heard_by = self.spare.pop();
        self.messages.push_back(Message {
            room,
            due,
            missing: self.listeners,
            awaits_receipt: self.has_receipts,
            is_refused: false,
            heard_by: heard_by.unwrap_or_else(|| vec![0; words].into()),
        });
        self.first + self.messages.len() as u32 - 1
    }

    /// Notes that a connection heard a message. `None` where it had heard it before, or where it
    /// was given up.
    pub(crate) fn hear(&mut self, connection: usize, stamp: Stamp) -> Option<Delivery> {
        let (room, listener) = (connection / self.listeners, connection % self.listeners);
        let index = stamp.message.checked_sub(self.first);
        let message = index.and_then(|index| self.messages.get_mut(index as usize));
        let Some(message) = message.filter(|message| message.room == room && message.missing > 0)
        else {
            self.faults.doubled += 1;
            return None;
        };
        let (word, bit) = (
            listener / u64::BITS as usize,
            1 << (listener % u64::BITS as usize),
        );
        if message.heard_by[word] & bit != 0 {
            self.faults.doubled += 1;
            return None;
        }
        message.heard_by[word] |= bit;
        message.missing -= 1;
        let delivery = Delivery {
            due: message.due,
            completed: (message.is_complete() && !message.is_refused).then_some(room),
        };
        let sender = stamp.sender as usize % self.listeners;
        let heard = &mut self.heard[connection * self.listeners + sender];
        if stamp.number < *heard {
            self.faults.reordered += 1;
        } else {
            *heard = stamp.number + 1;
        }
        self.forget_completed();
        Some(delivery)
    }

    /// Notes that the receipt of a message came. Returns the room, where the message is complete
    /// with it.
    pub(crate) fn receipt(&mut self, message: u32) -> Option<usize> {
        let index = message.checked_sub(self.first)?;
        let message = self.messages.get_mut(index as usize)?;
        if !mem::take(&mut message.awaits_receipt) {
            return None;
        }
        let completed = message.is_complete().then_some(message.room);
        self.forget_completed();
        completed
    }

    /// Notes that a message was refused. Returns its room: nothing more of it need come, though
    /// whoever was shown it may still hear it.
    pub(crate) fn refuse(&mut self, message: u32) -> Option<usize> {
        let index = message.checked_sub(self.first)?;
        let message = self.messages.get_mut(index as usize)?;
        if !mem::take(&mut message.awaits_receipt) {
            return None;
        }
        message.is_refused = true;
        self.faults.refused += 1;
        let room = message.room;
        self.forget_completed();
        Some(room)
    }

    /// Gives up the messages that were due before `time`. Returns their rooms.
    pub(crate) fn give_up(&mut self, time: Instant) -> Vec<usize> {
        let mut rooms = Vec::new();
        for message in &mut self.messages {
            if !message.is_complete() && message.due < time {
                if !message.is_refused {
                    self.faults.lost += message.missing as u64;
                    self.faults.unreceipted += u64::from(message.awaits_receipt);
                    rooms.push(message.room);
                }
                (message.missing, message.awaits_receipt) = (0, false);
            }
        }
        self.forget_completed();
        rooms
    }

    /// How many messages are not complete.
    pub(crate) fn under_way(&self) -> usize {
        let under_way = |message: &&Message| !message.is_complete() && !message.is_refused;
        self.messages.iter().filter(under_way).count()
    }

    fn forget_completed(&mut self) {
        while let Some(message) = self.messages.pop_front_if(|message| message.is_complete()) {
            let mut heard_by = message.heard_by;
            heard_by.fill(0);
            self.spare.push(heard_by);
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stamp(message: u32, sender: u32, number: u32) -> Stamp {
        Stamp {
            message,
            sender,
            number,
        }
    }

    fn ledger(messages: usize) -> Ledger {
        let mut ledger = Ledger::new(2, 2, false);
        for _ in 0..messages {
            ledger.send(0, Instant::now());
        }
        ledger
    }

    #[test]
    fn a_message_is_complete_with_its_last_listener() {
        let mut ledger = ledger(1);
        let first = ledger.hear(0, stamp(0, 1, 0)).expect("it is new");
        assert_eq!(first.completed, None);
        assert_eq!(ledger.under_way(), 1);
        let last = ledger.hear(1, stamp(0, 1, 0)).expect("it is new");
        assert_eq!(last.completed, Some(0));
        assert_eq!(ledger.under_way(), 0);
        assert_eq!(ledger.faults, Faults::default());
    }

    #[test]
    fn with_receipts_a_message_is_complete_once_its_own_has_come_too() {
        let mut ledger = Ledger::new(1, 1, true);
        for _ in 0..3 {
            ledger.send(0, Instant::now());
        }
        let heard = ledger.hear(0, stamp(0, 0, 0)).expect("it is new");
        assert_eq!(heard.completed, None);
        assert_eq!(ledger.receipt(0), Some(0));
        assert_eq!(ledger.receipt(1), None, "nobody has heard it");
        let heard = ledger.hear(0, stamp(1, 0, 1)).expect("it is new");
        assert_eq!(heard.completed, Some(0));
        ledger.hear(0, stamp(2, 0, 2));
        ledger.give_up(Instant::now() + Duration::from_secs(1));
        assert_eq!((ledger.faults.lost, ledger.faults.unreceipted), (0, 1));
    }

    #[test]
    fn what_is_refused_is_neither_lost_nor_awaited() {
        let mut ledger = Ledger::new(1, 2, true);
        ledger.send(0, Instant::now());
        assert!(ledger.hear(0, stamp(0, 1, 0)).is_some(), "it was shown");
        assert_eq!(ledger.refuse(0), Some(0));
        assert_eq!((ledger.refuse(0), ledger.receipt(0)), (None, None));
        assert_eq!(ledger.under_way(), 0);
        let later = Instant::now() + Duration::from_secs(1);
        assert_eq!(ledger.give_up(later), [0; 0]);
        let faults = Faults {
            refused: 1,
            ..Faults::default()
        };
        assert_eq!(ledger.faults, faults);
    }

    #[test]
    fn what_is_heard_twice_or_in_another_room_is_counted() {
        let mut ledger = ledger(2);
        assert!(ledger.hear(0, stamp(0, 1, 0)).is_some());
        assert!(ledger.hear(0, stamp(0, 1, 0)).is_none());
        assert!(ledger.hear(2, stamp(1, 1, 1)).is_none(), "another room's");
        assert!(ledger.hear(1, stamp(0, 1, 0)).is_some());
        assert!(ledger.hear(1, stamp(0, 1, 0)).is_none(), "it was complete");
        assert_eq!(ledger.faults.doubled, 3);
    }

    #[test]
    fn a_senders_messages_in_another_order_are_counted_and_other_senders_are_not() {
        let mut ledger = ledger(3);
        ledger.hear(0, stamp(1, 1, 1));
        ledger.hear(0, stamp(0, 1, 0));
        ledger.hear(0, stamp(2, 0, 0));
        assert_eq!(ledger.faults.reordered, 1);
    }

    #[test]
    fn what_does_not_come_in_time_is_lost_for_each_that_misses_it() {
        let mut ledger = ledger(2);
        ledger.hear(0, stamp(0, 1, 0));
        let later = Instant::now() + Duration::from_secs(1);
        assert_eq!(ledger.give_up(later), [0, 0]);
        assert_eq!(ledger.faults.lost, 3);
        assert_eq!(ledger.under_way(), 0);
    }
}
