//! Keeps the index of what is said up with the rooms.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat::RoomId;
use message_log::{ChangeError, INDEX_ROOMS_MAX, Indexed, MessageLog};
use tokio::time::{self, Instant};

use crate::limits::{INDEX_INTERVAL, INDEX_NOTED_MAX, INDEX_SWEEP_INTERVAL};
use crate::metrics::Metrics;

/// The rooms in which this instance has stored something since they were taken into the index.
#[derive(Clone, Default)]
pub(crate) struct Noted(Arc<Mutex<HashSet<RoomId>>>);

impl Noted {
    /// Notes a room. One too many is found when all rooms are looked through.
    pub(crate) fn note(&self, room: &RoomId) {
        let mut rooms = self.lock();
        if rooms.len() < INDEX_NOTED_MAX && !rooms.contains(room) {
            rooms.insert(room.clone());
        }
    }

    fn take(&self) -> Vec<RoomId> {
        mem::take(&mut *self.lock()).into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<RoomId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what is stored into the index, for ever: soon where this instance has stored it, and at
/// every look through all rooms what others left behind, and what was said before there was an
/// index.
pub(crate) async fn follow(noted: Noted, log: MessageLog, metrics: Arc<Metrics>) {
    let mut swept: Option<Instant> = None;
    loop {
        if swept.is_none_or(|swept| swept.elapsed() >= INDEX_SWEEP_INTERVAL) {
            sweep(&log, &metrics).await;
            swept = Some(Instant::now());
        }
        for rooms in noted.take().chunks(INDEX_ROOMS_MAX) {
            if !index(rooms, &log, &metrics).await {
                rooms.iter().for_each(|room| noted.note(room));
            }
        }
        time::sleep(INDEX_INTERVAL).await;
    }
}

/// Takes in what the index lacks of any room.
async fn sweep(log: &MessageLog, metrics: &Metrics) {
    let mut after = None;
    loop {
        let rooms = match log.rooms_to_index(after.as_ref()).await {
            Ok(rooms) => rooms,
            Err(error) => {
                tracing::debug!(%error, "rooms were not looked through for what the index lacks");
                return;
            }
        };
        let Some(last) = rooms.last() else { return };
        if !index(&rooms, log, metrics).await {
            return;
        }
        after = Some(last.clone());
    }
}

/// Takes these rooms in. False where it is to be done another time.
async fn index(rooms: &[RoomId], log: &MessageLog, metrics: &Metrics) -> bool {
    loop {
        let began = Instant::now();
        let indexed = log.index_rooms(rooms).await;
        match indexed {
            Ok(Indexed::Done { messages, has_more }) => {
                metrics.indexed.inc_by(messages);
                if !has_more {
                    return true;
                }
            }
            Ok(Indexed::Elsewhere) => return false,
            Err(ChangeError::Unavailable(cause)) => {
                tracing::debug!(%cause, "the index of what is said waits for Postgres");
                return false;
            }
            Err(error) => {
                tracing::warn!(%error, "the index of what is said was not brought up to date");
                return false;
            }
        }
        // Whoever talks comes first: at the most half of Postgres' time for this is taken.
        time::sleep(began.elapsed().max(Duration::from_millis(1))).await;
    }
}
