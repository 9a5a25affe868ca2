//! The adapter inside one process.
//!
//! Instances that join one [`Bus`] hear each other as they would through Redis. It is a product:
//! the whole chat in one process is served by it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{Counters, Event, Fanout, INCOMING_EVENTS_MAX, Incoming, Topic, Unavailable};

/// Places of an instance's channel that are kept for [`Incoming::Interrupted`] and
/// [`Incoming::Restored`].
const NOTICE_PLACES: usize = 2;

/// Connects the instances of one process. Cloning joins the same bus.
#[derive(Clone, Debug, Default)]
pub struct Bus(Arc<Mutex<Seats>>);

impl Bus {
    /// A bus that nobody has joined.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a seat for one instance, which leaves when its [`Member`] is dropped.
    pub fn join(&self) -> (Member, mpsc::Receiver<Incoming>) {
        let (incoming, receiver) = mpsc::channel(INCOMING_EVENTS_MAX + NOTICE_PLACES);
        let mut seats = seats(&self.0);
        let id = seats.next;
        seats.next += 1;
        seats.taken.insert(
            id,
            Seat {
                incoming,
                topics: HashSet::new(),
                told_of_loss: false,
                counters: Counters::default(),
            },
        );
        let member = Member {
            bus: self.clone(),
            id,
        };
        (member, receiver)
    }
}

/// One instance on a [`Bus`].
#[derive(Debug)]
pub struct Member {
    bus: Bus,
    id: u64,
}

impl Fanout for Member {
    fn publish(&self, event: Arc<Event>) {
        // One lock for all: it is what gives every instance the same order.
        let mut seats = seats(&self.bus.0);
        seats.own(self.id).counters.published += 1;
        let topic = event.topic();
        for seat in seats.taken.values_mut() {
            if seat.topics.contains(&topic) {
                seat.tell(&event);
            }
        }
    }

    fn watch(&self, topic: &Topic) -> BoxFuture<'static, Result<(), Unavailable>> {
        seats(&self.bus.0).own(self.id).topics.insert(topic.clone());
        future::ready(Ok(())).boxed()
    }

    fn unwatch(&self, topic: &Topic) {
        seats(&self.bus.0).own(self.id).topics.remove(topic);
    }

    fn is_connected(&self) -> bool {
        true
    }

    fn counters(&self) -> Counters {
        seats(&self.bus.0).own(self.id).counters
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        seats(&self.bus.0).taken.remove(&self.id);
    }
}

#[derive(Debug, Default)]
struct Seats {
    taken: HashMap<u64, Seat>,
    next: u64,
}

impl Seats {
    fn own(&mut self, id: u64) -> &mut Seat {
        self.taken
            .get_mut(&id)
            .expect("a seat is taken for as long as its member lives")
    }
}

fn seats(bus: &Mutex<Seats>) -> MutexGuard<'_, Seats> {
    bus.lock().expect("nothing panics while it holds the bus")
}

#[derive(Debug)]
struct Seat {
    incoming: mpsc::Sender<Incoming>,
    topics: HashSet<Topic>,
    told_of_loss: bool,
    counters: Counters,
}

impl Seat {
    /// Queues an event, or in the place of the first that finds no room the notices of a loss.
    /// Whatever is lost while those still wait in the queue, they tell of it as well: they are
    /// read after it was published.
    fn tell(&mut self, event: &Arc<Event>) {
        if self.incoming.capacity() > NOTICE_PLACES {
            self.told_of_loss = false;
            self.send(Incoming::Event(event.clone()));
            return;
        }
        self.counters.lost += 1;
        if !self.told_of_loss {
            self.told_of_loss = true;
            self.counters.interruptions += 1;
            self.send(Incoming::Interrupted);
            self.send(Incoming::Restored);
        }
    }

    fn send(&self, incoming: Incoming) {
        match self.incoming.try_send(incoming) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => unreachable!("the caller saw room, and nobody else adds"),
        }
    }
}
