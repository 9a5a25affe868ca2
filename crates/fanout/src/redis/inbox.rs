//! What waits to be told to this instance.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::{Event, Incoming};

/// At how many waiting events nothing more is read from Redis: the instance's slowness becomes
/// the server's back-pressure, and own events alone still come in.
const READ_EVENTS_MAX: usize = 1_024;

/// The most that waits, in bytes of events. What comes then is lost, and the instance is told so.
const BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A bounded queue of what arrives.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: VecDeque<Incoming>,
    bytes: usize,
}

impl Inbox {
    /// Whether more may be read from Redis.
    pub(super) fn may_read(&self) -> bool {
        self.waiting.len() < READ_EVENTS_MAX
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in an event, and says whether there was room for it.
    #[must_use]
    pub(super) fn take_in(&mut self, event: Arc<Event>) -> bool {
        let bytes = self.bytes + event.bytes();
        if bytes > BYTES_MAX {
            return false;
        }
        self.bytes = bytes;
        self.waiting.push_back(Incoming::Event(event));
        true
    }

    /// Takes in that events of others may be lost from here on.
    pub(super) fn interrupted(&mut self) {
        self.waiting.push_back(Incoming::Interrupted);
    }

    /// Takes in that events of others arrive again.
    pub(super) fn restored(&mut self) {
        self.waiting.push_back(Incoming::Restored);
    }

    /// Whether the last that waits is [`Incoming::Restored`], which also tells of whatever is
    /// lost before it is read.
    pub(super) fn ends_restored(&self) -> bool {
        matches!(self.waiting.back(), Some(Incoming::Restored))
    }

    /// Hands out what came first.
    pub(super) fn next(&mut self) -> Option<Incoming> {
        let next = self.waiting.pop_front()?;
        if let Incoming::Event(event) = &next {
            self.bytes -= event.bytes();
        }
        Some(next)
    }
}
