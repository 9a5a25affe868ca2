//! A room that others held, written into apart from the others.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::Queued;
use crate::limits::{BUSY_ROOM_REST, ROOM_PATIENCE, WRITER_BATCH_MAX};

/// What waits for one room. Whoever is late is refused; the room stays apart for a while after it
/// was free again, so that one that is held time and again holds up nobody else.
#[derive(Default)]
pub(super) struct BusyRoom {
    pub(super) waiting: VecDeque<Queued>,
    /// Whether a batch of it is being stored.
    pub(super) is_storing: bool,
    /// When it is taken for busy no longer, unless somebody speaks in it.
    over_at: Option<Instant>,
}

impl BusyRoom {
    /// Whether nobody waits for an answer.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.is_storing
    }

    /// The next batch, where one is to be stored and none is.
    pub(super) fn begin(&mut self) -> Option<Vec<Queued>> {
        if self.is_storing || self.waiting.is_empty() {
            return None;
        }
        self.is_storing = true;
        let count = self.waiting.len().min(WRITER_BATCH_MAX);
        Some(self.waiting.drain(..count).collect())
    }

    /// Takes the end of a batch: whether it was stored.
    pub(super) fn ended(&mut self, is_free: bool) {
        self.is_storing = false;
        if !is_free || self.over_at.is_none() {
            self.over_at = Some(Instant::now() + BUSY_ROOM_REST);
        }
    }

    /// When somebody is late, or the room is over.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        match self.waiting.front() {
            Some(first) => Some(first.since + ROOM_PATIENCE),
            None if self.is_storing => None,
            None => self.over_at,
        }
    }

    /// Takes out who has waited for too long.
    pub(super) fn late(&mut self) -> Vec<Queued> {
        let late = self
            .waiting
            .iter()
            .take_while(|queued| queued.has_waited(ROOM_PATIENCE))
            .count();
        self.waiting.drain(..late).collect()
    }

    /// Whether the room may be forgotten.
    pub(super) fn is_over(&self) -> bool {
        self.is_idle()
            && self
                .over_at
                .is_some_and(|over_at| over_at <= Instant::now())
    }
}
