//! A session over HTTP, between its requests and its application.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use sockjs::{Session, Settings, Status};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::{self, Instant as Deadline};

/// A session that requests and an application use in turns.
pub(super) struct SharedSession {
    session: Mutex<Session>,
    changed: Notify,
}

impl SharedSession {
    /// A session that begins now.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            session: Mutex::new(Session::new(settings, now())),
            changed: Notify::new(),
        }
    }

    /// Uses the session without changing what others wait for.
    pub(super) fn look<R>(&self, work: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut session, now())
    }

    /// Changes the session and wakes everybody who waits for a change.
    pub(super) fn change<R>(&self, work: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let result = self.look(work);
        self.wake();
        result
    }

    /// Wakes everybody who waits for a change.
    pub(super) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// Resolves at the next change after this call. To be called before the look that finds
    /// nothing, so that no change is missed between the two.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Whether the session is to be forgotten.
    pub(super) fn is_gone(&self) -> bool {
        self.look(|session, now| {
            session.handle_timeout(now);
            session.status() == Status::Gone
        })
    }
}

/// Waits for a change, until `due` at the latest.
pub(super) async fn change_until(changed: Notified<'_>, due: Option<Instant>) {
    match due {
        // Either way whoever waited looks again.
        Some(due) => drop(time::timeout_at(due.into(), changed).await),
        None => changed.await,
    }
}

/// The rim is where the clock is read; the session takes the time as a parameter.
pub(super) fn now() -> Instant {
    Deadline::now().into_std()
}
