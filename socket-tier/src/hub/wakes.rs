//! Connections that were handed something and still sleep.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// How many deliveries are handed out before their connections are woken, so that none waits long
/// for what is told to others.
const DELIVERIES_MAX: usize = 32 * 1024;

/// Who is woken once the hub has told all that it has heard. Each then takes all that it was told
/// at once and writes it at once: a wake-up and a system call in place of one a message.
///
/// All rooms of a hub share one. The hub alone locks it, so nobody ever waits for it.
#[derive(Default)]
pub(super) struct Wakes(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    sleepers: Vec<Waker>,
    deliveries: usize,
}

impl Wakes {
    /// Takes in what came of handing something out: for each delivery its connection, where that
    /// was not gathered before.
    pub(super) fn gather(&self, deliveries: impl Iterator<Item = Option<Waker>>) {
        let mut gathered = self.lock();
        let Gathered {
            sleepers,
            deliveries: count,
        } = &mut *gathered;
        sleepers.extend(deliveries.inspect(|_| *count += 1).flatten());
    }

    /// Wakes them all, where much was handed out.
    pub(super) fn wake_if_many(&self) {
        if self.lock().deliveries >= DELIVERIES_MAX {
            self.wake();
        }
    }

    /// Wakes them all.
    pub(super) fn wake(&self) {
        let mut gathered = self.lock();
        gathered.deliveries = 0;
        gathered.sleepers.drain(..).for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
