//! What waits for one socket: a queue bounded in bytes.

use std::collections::VecDeque;
use std::future;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use chat::{ChatOwnRoom, ChatRead, Message, Problem, RoomId};
use stomp::Ticket;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use traces::Span;

use crate::hub::Broadcast;
use crate::limits::OUTBOX_BYTES_MAX;
use crate::writer::Stored;

/// What the rest of the tier hands to a connection. Frames are by far the most: what is seldom and
/// large is boxed, so that a queue of frames is small.
pub(crate) enum Delivery {
    /// A complete STOMP frame, shared with every listener that takes the same bytes.
    Frame(Utf8Bytes),
    /// The same on a way that is traced, with the span that ends when it is written.
    Traced(Box<(Utf8Bytes, Span)>),
    /// A message for a subscription that acknowledges, which needs a frame of its own.
    Tracked {
        /// The subscription.
        subscription: Arc<str>,
        /// The message.
        broadcast: Arc<Broadcast>,
    },
    /// A SUBSCRIBE was carried out or refused.
    Joined {
        /// The SUBSCRIBE.
        ticket: Ticket,
        /// Why not, where it was refused.
        result: Result<(), Box<Refused>>,
    },
    /// A subscription is over, as its user may not hear the room any more: nothing of it
    /// follows.
    Ended {
        /// The room.
        room: RoomId,
        /// The subscription.
        subscription: Arc<str>,
        /// When the ban that ends it ends by itself.
        until: Option<OffsetDateTime>,
    },
    /// An UNSUBSCRIBE was carried out: nothing of the subscription follows.
    Left {
        /// The UNSUBSCRIBE.
        ticket: Ticket,
    },
    /// Something that concerns the user alone, whichever of his queues it belongs to.
    Own(Arc<OwnNews>),
    /// A SEND that changes a message was carried out or refused.
    Amended {
        /// The SEND.
        ticket: Ticket,
        /// The message as it is now, or why it is as it was.
        result: Box<Result<Message, Problem>>,
    },
    /// A SEND was committed or refused.
    Posted {
        /// The SEND.
        ticket: Ticket,
        /// Where it stands, or why it does not.
        result: Box<Result<Stored, Problem>>,
    },
}

/// What one user alone is told.
pub(crate) enum OwnNews {
    /// He has read on in a room, on whichever device.
    Read(ChatRead),
    /// Something became of him in a room.
    Room(ChatOwnRoom),
}

/// A SUBSCRIBE that was refused.
pub(crate) struct Refused {
    /// To which room.
    pub(crate) room: RoomId,
    /// Under which id.
    pub(crate) subscription: Arc<str>,
    /// Why.
    pub(crate) problem: Problem,
}

impl Delivery {
    /// What it holds of the byte limit. Answers to the connection's own frames weigh nothing:
    /// their number is bounded by the frames in flight and by the subscriptions, and none may be lost.
    fn weight(&self) -> usize {
        match self {
            Self::Frame(frame) => mem::size_of::<Self>() + frame.len(),
            Self::Traced(traced) => mem::size_of::<Self>() + traced.0.len(),
            Self::Tracked { broadcast, .. } => mem::size_of::<Self>() + broadcast.body.len(),
            Self::Own(_) => mem::size_of::<Self>() + mem::size_of::<OwnNews>(),
            Self::Joined { .. }
            | Self::Ended { .. }
            | Self::Left { .. }
            | Self::Amended { .. }
            | Self::Posted { .. } => 0,
        }
    }
}

/// The queue between the hub and writer on one side and one connection on the other.
///
/// At most [`OUTBOX_BYTES_MAX`] wait. One delivery more overflows it: what waited is dropped, and
/// the connection closes its socket as a slow consumer. An empty outbox owns no heap.
#[derive(Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    drained: Notify,
}

#[derive(Default)]
struct Queue {
    deliveries: VecDeque<Delivery>,
    bytes: usize,
    end: Option<End>,
    /// The connection, where it waits for something to take.
    reader: Option<Waker>,
    /// Whether somebody is going to wake it.
    is_called: bool,
}

/// Why nothing more is handed to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Too much waited for it.
    Overflow,
    /// Its session was ended by its user, or its account by somebody who may.
    Revoked,
    /// It is gone.
    Gone,
}

/// The connection behind an outbox is gone.
#[derive(Debug)]
pub(crate) struct Closed;

impl Outbox {
    /// Puts a delivery at the end of the queue, and wakes the connection.
    pub(crate) fn push(&self, delivery: Delivery) {
        let mut queue = self.lock();
        self.take_in(&mut queue, delivery);
        let reader = queue.reader.take();
        drop(queue);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Puts a delivery at the end of the queue. The connection, where it waits for one and nobody
    /// is going to wake it: whoever puts several into several outboxes wakes their connections once
    /// all are in, so that each writes all of its own at once.
    #[must_use = "the connection sleeps on"]
    pub(crate) fn put(&self, delivery: Delivery) -> Option<Waker> {
        let mut queue = self.lock();
        self.take_in(&mut queue, delivery);
        if mem::replace(&mut queue.is_called, true) {
            return None;
        }
        queue.reader.clone()
    }

    /// Puts a delivery at the end of the queue behind which another follows, whose
    /// [`put`](Self::put) will wake the connection. The connection, should it not.
    #[must_use = "the connection sleeps on where nothing follows"]
    pub(crate) fn leave(&self, delivery: Delivery) -> Option<Waker> {
        let mut queue = self.lock();
        self.take_in(&mut queue, delivery);
        queue.reader.clone()
    }

    fn take_in(&self, queue: &mut Queue, delivery: Delivery) {
        let weight = delivery.weight();
        if queue.end.is_some() {
            return;
        }
        if weight > 0 && queue.bytes + weight > OUTBOX_BYTES_MAX {
            queue.end(End::Overflow);
            self.drained.notify_waiters();
            return;
        }
        queue.bytes += weight;
        queue.deliveries.push_back(delivery);
    }

    /// Waits until something is to be taken: for one connection alone. Safe to cancel.
    pub(crate) async fn ready(&self) {
        future::poll_fn(|context| self.poll_ready(context)).await;
    }

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.lock();
        if !queue.deliveries.is_empty() || queue.end.is_some() {
            return Poll::Ready(());
        }
        queue.is_called = false;
        match &mut queue.reader {
            Some(reader) => reader.clone_from(context.waker()),
            reader => *reader = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Whether nothing is to be taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().deliveries.is_empty()
    }

    /// Waits until half of what may wait is free: the pace of whoever has much to tell.
    ///
    /// # Errors
    /// The connection is gone, or about to go as a slow consumer.
    pub(crate) async fn roomy(&self) -> Result<(), Closed> {
        loop {
            // Registered before the look, so that what is drained in between wakes it.
            let drained = self.drained.notified();
            {
                let queue = self.lock();
                if queue.end.is_some() {
                    return Err(Closed);
                }
                if queue.bytes <= OUTBOX_BYTES_MAX / 2 {
                    return Ok(());
                }
            }
            drained.await;
        }
    }

    /// Ends the queue: what waits is dropped, and nothing more is taken in.
    pub(crate) fn end(&self, end: End) {
        let reader = {
            let mut queue = self.lock();
            if queue.end.is_some() {
                return;
            }
            queue.end(end);
            queue.reader.take()
        };
        self.drained.notify_waiters();
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the next deliveries, about `bytes_max` of them and at least one where there is one.
    ///
    /// # Errors
    /// Why there are none any more.
    pub(crate) fn take(&self, bytes_max: usize) -> Result<VecDeque<Delivery>, End> {
        let mut queue = self.lock();
        if let Some(end) = queue.end {
            return Err(end);
        }
        // Nobody waits where half was free before.
        if queue.bytes > OUTBOX_BYTES_MAX / 2 {
            self.drained.notify_waiters();
        }
        if queue.bytes <= bytes_max {
            queue.bytes = 0;
            return Ok(mem::take(&mut queue.deliveries));
        }
        let mut taken = VecDeque::new();
        let mut bytes = 0;
        while bytes < bytes_max
            && let Some(delivery) = queue.deliveries.pop_front()
        {
            bytes += delivery.weight();
            taken.push_back(delivery);
        }
        queue.bytes -= bytes;
        Ok(taken)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Drops what waits and takes nothing more.
    fn end(&mut self, end: End) {
        *self = Self {
            end: Some(end),
            reader: self.reader.take(),
            is_called: self.is_called,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use futures_util::FutureExt;

    use super::*;

    fn frame(bytes: usize) -> Delivery {
        Delivery::Frame("x".repeat(bytes).into())
    }

    fn taken(outbox: &Outbox, bytes_max: usize) -> Vec<usize> {
        match outbox.take(bytes_max) {
            Ok(deliveries) => deliveries
                .iter()
                .map(|delivery| match delivery {
                    Delivery::Frame(frame) => frame.len(),
                    _ => unreachable!("only frames were pushed"),
                })
                .collect(),
            Err(_) => vec![usize::MAX],
        }
    }

    #[test]
    fn deliveries_are_taken_in_order_and_in_portions() {
        let outbox = Outbox::default();
        for bytes in [1000, 2000, 3000] {
            outbox.push(frame(bytes));
        }
        assert_eq!(taken(&outbox, 1500), [1000, 2000]);
        assert_eq!(taken(&outbox, 1500), [3000]);
        assert_eq!(taken(&outbox, 1500), [0_usize; 0]);
    }

    #[test]
    fn one_delivery_over_the_limit_overflows_for_good() {
        let outbox = Outbox::default();
        outbox.push(frame(OUTBOX_BYTES_MAX - 1000));
        outbox.push(frame(1000));
        assert_eq!(taken(&outbox, 1), [usize::MAX]);
        outbox.push(frame(1));
        assert_eq!(taken(&outbox, 1), [usize::MAX]);
    }

    #[test]
    fn a_delivery_that_was_taken_makes_room_for_another() {
        let outbox = Outbox::default();
        for _ in 0..10 {
            outbox.push(frame(OUTBOX_BYTES_MAX - 1000));
            assert_eq!(taken(&outbox, 1), [OUTBOX_BYTES_MAX - 1000]);
        }
    }

    #[tokio::test]
    async fn a_teller_waits_for_room_and_learns_that_nobody_listens_any_more() {
        let outbox = Outbox::default();
        outbox.push(frame(OUTBOX_BYTES_MAX - 1000));
        let (roomy, ()) = tokio::join!(outbox.roomy(), async {
            taken(&outbox, OUTBOX_BYTES_MAX);
        });
        assert!(roomy.is_ok());
        outbox.push(frame(OUTBOX_BYTES_MAX - 1000));
        let (roomy, ()) = tokio::join!(outbox.roomy(), async { outbox.end(End::Gone) });
        assert!(roomy.is_err());
    }

    #[tokio::test]
    async fn ready_wakes_for_what_was_pushed_before_and_after() {
        let outbox = Outbox::default();
        outbox.push(frame(1));
        outbox.ready().await;
        taken(&outbox, 1);
        tokio::join!(outbox.ready(), async { outbox.push(frame(1)) });
    }

    #[tokio::test]
    async fn a_sleeper_is_handed_out_once_until_it_sleeps_again() {
        let outbox = Outbox::default();
        for _ in 0..2 {
            assert!(outbox.ready().now_or_never().is_none(), "it sleeps");
            assert!(outbox.leave(frame(1)).is_some());
            assert!(outbox.put(frame(1)).is_some(), "nobody has called it");
            assert!(outbox.put(frame(1)).is_none(), "somebody wakes it");
            assert_eq!(taken(&outbox, 10_000), [1, 1, 1]);
        }
    }

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_push_wakes_a_sleeper_whom_others_let_sleep() {
        let outbox = Outbox::default();
        let wakes = Arc::<Wakes>::default();
        let waker = Waker::from(Arc::clone(&wakes));
        let is_ready = outbox.poll_ready(&mut Context::from_waker(&waker));
        assert!(is_ready.is_pending());
        let _sleepers = [outbox.leave(frame(1)), outbox.put(frame(1))];
        assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
        outbox.push(frame(1));
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    }
}
