//! The line in front of the hashing.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use request_source::Address;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{HashingLimits, Overloaded};

/// Lets so many in at a time. Of those who wait, whoever came least often lately goes first, so
/// that a flood from many addresses, each of which asks again and again, does not keep out somebody
/// who logs in once. Nothing about accounts is known here, so waiting tells nothing about them.
pub(super) struct Line(Arc<Mutex<State>>);

/// A place inside, which the next in line gets when it is dropped.
pub(super) struct Permit(Arc<Mutex<State>>);

struct State {
    /// Nobody waits while there is a free place.
    free: usize,
    waiting: BTreeMap<Place, oneshot::Sender<Permit>>,
    waiting_max: usize,
    arrivals: u64,
    visits: Visits,
}

/// A place in line; the least goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    visits: u8,
    arrival: u64,
}

impl Line {
    pub(super) fn new(limits: HashingLimits) -> Self {
        Self(Arc::new(Mutex::new(State {
            // With no place at all everybody would wait for ever.
            free: limits.at_once.max(1),
            waiting: BTreeMap::new(),
            waiting_max: limits.waiting_max,
            arrivals: 0,
            visits: Visits::new(Instant::now()),
        })))
    }

    /// Waits for a place. A caller that stops waiting leaves the line.
    pub(super) async fn enter(&self, from: Address) -> Result<Permit, Overloaded> {
        let turn = {
            let mut state = lock(&self.0);
            let place = state.place_of(from);
            if state.free > 0 {
                state.free -= 1;
                return Ok(Permit(Arc::clone(&self.0)));
            }
            state.join(place)?
        };
        // The sender is dropped where somebody with a better claim took this place in line.
        turn.await.map_err(|_| Overloaded)
    }
}

impl State {
    fn place_of(&mut self, from: Address) -> Place {
        self.arrivals += 1;
        Place {
            visits: self.visits.count(from, Instant::now()),
            arrival: self.arrivals,
        }
    }

    fn join(&mut self, place: Place) -> Result<oneshot::Receiver<Permit>, Overloaded> {
        if self.waiting.len() >= self.waiting_max {
            self.waiting.retain(|_, waiter| !waiter.is_closed());
        }
        if self.waiting.len() >= self.waiting_max {
            match self.waiting.last_entry() {
                Some(last) if place < *last.key() => drop(last.remove()),
                _ => return Err(Overloaded),
            }
        }
        let (waiter, turn) = oneshot::channel();
        self.waiting.insert(place, waiter);
        Ok(turn)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let next = {
            let mut state = lock(&self.0);
            let next = state.waiting.pop_first();
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some((_, waiter)) = next {
            // Where nobody waits there any more, the permit is dropped and so passed on.
            drop(waiter.send(Self(Arc::clone(&self.0))));
        }
    }
}

/// How often each address came lately: a fixed number of counters, which addresses may share.
struct Visits {
    counters: Box<[u8]>,
    hasher: RandomState,
    halved_at: Instant,
}

impl Visits {
    /// Enough that of a thousand busy addresses hardly one shares a counter with a quiet one.
    const COUNTERS: usize = 64 * 1024;

    /// After this time half is forgotten.
    const HALF_LIFE: Duration = Duration::from_secs(60);

    fn new(now: Instant) -> Self {
        Self {
            counters: vec![0; Self::COUNTERS].into(),
            hasher: RandomState::new(),
            halved_at: now,
        }
    }

    /// Counts a visit; returns how many there were before.
    fn count(&mut self, from: Address, now: Instant) -> u8 {
        if now.duration_since(self.halved_at) >= Self::HALF_LIFE {
            self.halved_at = now;
            for counter in &mut self.counters {
                *counter /= 2;
            }
        }
        let hash = self.hasher.hash_one(from.holder());
        let index = usize::try_from(hash % Self::COUNTERS as u64).expect("less than the counters");
        let counter = &mut self.counters[index];
        let before = *counter;
        *counter = before.saturating_add(1);
        before
    }
}

/// No code panics while it holds the lock, so there is nothing to be poisoned by.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn line(at_once: usize, waiting_max: usize) -> Line {
        Line::new(HashingLimits {
            at_once,
            waiting_max,
        })
    }

    fn address(last: u8) -> Address {
        IpAddr::from([192, 0, 2, last]).into()
    }

    type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Permit, Overloaded>> + 'a>>;

    /// Somebody who has joined the line, or was let in or refused at once.
    fn joins(line: &Line, from: Address) -> Waiting<'_> {
        let mut waiting: Waiting<'_> = Box::pin(line.enter(from));
        assert!(poll(&mut waiting).is_none(), "the place should be taken");
        waiting
    }

    fn poll(waiting: &mut Waiting<'_>) -> Option<Result<Permit, Overloaded>> {
        match waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    fn is_in(waiting: &mut Waiting<'_>) -> Permit {
        let outcome = poll(waiting).expect("it is their turn");
        outcome.unwrap_or_else(|error| panic!("let in is what they should be: {error}"))
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_inside_and_the_next_waits_for_one_to_leave() {
        let line = line(2, 8);
        let first = line.enter(address(1)).await.expect("free");
        let _second = line.enter(address(2)).await.expect("free");
        let mut third = joins(&line, address(3));
        drop(first);
        let third = is_in(&mut third);
        drop(third);
        assert_eq!(lock(&line.0).free, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_came_least_often_goes_first_and_then_who_came_earlier() {
        let line = line(1, 8);
        let inside = line.enter(address(1)).await.expect("free");
        let mut again = joins(&line, address(1));
        let mut newcomer = joins(&line, address(2));
        let mut later = joins(&line, address(3));
        drop(inside);
        let inside = is_in(&mut newcomer);
        assert!(poll(&mut again).is_none() && poll(&mut later).is_none());
        drop(inside);
        let inside = is_in(&mut later);
        drop(inside);
        drop(is_in(&mut again));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_line_refuses_whoever_came_most_often() {
        let line = line(1, 2);
        let _inside = line.enter(address(1)).await.expect("free");
        let mut flood = joins(&line, address(1));
        let mut other = joins(&line, address(2));
        // As often as the last in line, and later.
        assert!(matches!(line.enter(address(1)).await, Err(Overloaded)));
        let mut newcomer = joins(&line, address(3));
        assert!(matches!(poll(&mut flood), Some(Err(Overloaded))));
        assert!(poll(&mut other).is_none() && poll(&mut newcomer).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gave_up_waiting_takes_no_turn_and_no_room() {
        let line = line(1, 2);
        let inside = line.enter(address(1)).await.expect("free");
        let gone = joins(&line, address(2));
        let mut stays = joins(&line, address(3));
        drop(gone);
        let _takes_the_room = joins(&line, address(3));
        drop(inside);
        let inside = is_in(&mut stays);
        let unclaimed = joins(&line, address(4));
        drop(inside);
        // It was let in, and left before it looked.
        drop(unclaimed);
        assert_eq!(lock(&line.0).free, 0, "the place went to the one who waits");
    }

    #[tokio::test(start_paused = true)]
    async fn visits_are_forgotten_by_and_by() {
        let mut visits = Visits::new(Instant::now());
        for before in 0..4 {
            assert_eq!(visits.count(address(1), Instant::now()), before);
        }
        tokio::time::advance(Visits::HALF_LIFE).await;
        assert_eq!(visits.count(address(1), Instant::now()), 2);
    }
}
