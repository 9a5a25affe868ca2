//! A listener on its way from a number of its own to the room's present.

use std::sync::{Arc, Weak};

use chat::{ChatMessageReceive, RoomId, Seq};
use message_log::{MessageLog, ReadError};
use tokio::time;

use super::Listening;
use super::broadcast::Broadcast;
use super::order::Change;
use crate::limits::{MEANWHILE_MAX, RESUME_PAGE, RESUME_RETRY};
use crate::outbox::{Closed, Outbox};

/// A subscription that is told from Postgres what it missed, before it hears the room live.
///
/// What the room lets through meanwhile is kept for it. Too much of that is dropped, and Postgres
/// asked once more.
pub(super) struct Resuming {
    pub(super) listening: Listening,
    pub(super) outbox: Arc<Outbox>,
    /// The number up to which it was told.
    at: Seq,
    meanwhile: Vec<Change>,
    has_lost: bool,
    /// Whether Postgres is being asked.
    is_reading: bool,
    /// Ends a reading with the listener.
    alive: Arc<()>,
}

/// How far one reading brought a listener.
pub(super) enum Progress {
    /// It was told everything up to this number; there may be more.
    Further(Seq),
    /// Postgres has nothing behind this number.
    UpToDate(Seq),
    /// The room has not come as far as the listener says it was: its position is from another
    /// time, such as that before a restore. The room's last number.
    Ahead(Seq),
}

impl Resuming {
    pub(super) fn new(listening: Listening, outbox: Arc<Outbox>, since: Seq) -> Self {
        Self {
            listening,
            outbox,
            at: since,
            meanwhile: Vec::new(),
            has_lost: false,
            is_reading: false,
            alive: Arc::default(),
        }
    }

    /// Keeps what the room lets through.
    pub(super) fn keep(&mut self, change: &Change) {
        if self.meanwhile.len() < MEANWHILE_MAX {
            self.meanwhile.push(Arc::clone(change));
        } else {
            self.has_lost = true;
        }
    }

    /// Drops what was kept, of a room that has gone back.
    pub(super) fn forget(&mut self) {
        self.meanwhile.clear();
        self.has_lost = true;
    }

    /// Begins a reading, unless one is under way.
    pub(super) fn begin(&mut self, room: RoomId, is_selective: bool) -> Option<Reading> {
        if std::mem::replace(&mut self.is_reading, true) {
            return None;
        }
        Some(Reading {
            room,
            is_selective,
            listening: self.listening.clone(),
            outbox: Arc::clone(&self.outbox),
            at: self.at,
            alive: Arc::downgrade(&self.alive),
        })
    }

    /// Takes what a reading brought. True once the listener is at the room's present; what it
    /// still has to hear is then in [`finish`](Self::finish).
    pub(super) fn advance(&mut self, progress: Progress) -> bool {
        self.is_reading = false;
        match progress {
            Progress::Further(at) => {
                self.at = at;
                false
            }
            Progress::UpToDate(at) | Progress::Ahead(at) => {
                self.at = at;
                if self.has_lost {
                    self.has_lost = false;
                    self.meanwhile.clear();
                    return false;
                }
                true
            }
        }
    }

    /// The number the listener has come to, and what the room let through behind it meanwhile.
    pub(super) fn finish(self) -> (Seq, Vec<Change>) {
        let mut rest = self.meanwhile;
        rest.retain(|change| change.rev.is_some_and(|rev| rev > self.at));
        (self.at, rest)
    }
}

/// One reading of what a listener missed. It paces itself by the listener's outbox.
pub(super) struct Reading {
    room: RoomId,
    /// Whether not everybody may hear the room.
    is_selective: bool,
    pub(super) listening: Listening,
    outbox: Arc<Outbox>,
    /// The number behind which it reads.
    pub(super) at: Seq,
    alive: Weak<()>,
}

impl Reading {
    /// Reads one page and tells it. Tries for as long as Postgres is away.
    ///
    /// # Errors
    /// The listener is gone.
    pub(super) async fn run(self, log: MessageLog) -> Result<Progress, Closed> {
        loop {
            self.outbox.roomy().await?;
            match self.page(&log).await {
                Ok(page) => return self.tell(page).await,
                Err(error) => {
                    tracing::warn!(%error, "what a listener missed cannot be read");
                    time::sleep(RESUME_RETRY).await;
                }
            }
        }
    }

    async fn page(&self, log: &MessageLog) -> Result<Page, ReadError> {
        let rows = log.changes(&self.room, self.at, RESUME_PAGE).await?;
        // Asked behind the rows: what was said after a removal is not among them.
        if !self.is_let_in(log).await? {
            return Ok(Page::OfOthers);
        }
        if !rows.is_empty() {
            return Ok(Page::Rows(rows));
        }
        let heads = log.heads(std::slice::from_ref(&self.room)).await?;
        Ok(Page::Empty {
            head: heads.first().map_or(Seq::ZERO, |(_, head)| head.seq),
        })
    }

    async fn is_let_in(&self, log: &MessageLog) -> Result<bool, ReadError> {
        match self.listening.user {
            _ if !self.is_selective => Ok(true),
            Some(user) => {
                let standing = log.standing(&self.room, user).await?;
                Ok(standing.admits_to(&self.room))
            }
            None => Ok(!self.room.is_private()),
        }
    }

    /// Tells one page.
    ///
    /// # Errors
    /// The listener is gone.
    pub(super) async fn tell(&self, page: Page) -> Result<Progress, Closed> {
        let rows = match page {
            Page::Rows(rows) => rows,
            Page::Empty { head } if head < self.at => {
                self.outbox.push(
                    self.listening
                        .delivery(Broadcast::snapshot(&self.room, head)),
                );
                return Ok(Progress::Ahead(head));
            }
            Page::Empty { .. } => return Ok(Progress::UpToDate(self.at)),
            // The room learns it too, and ends the subscription.
            Page::OfOthers => return Err(Closed),
        };
        let was_full = rows.len() == RESUME_PAGE as usize;
        let mut at = self.at;
        for row in rows {
            at = row.rev;
            self.outbox.roomy().await?;
            if self.alive.strong_count() == 0 {
                return Err(Closed);
            }
            if let Some(broadcast) = Broadcast::committed(&ChatMessageReceive::from(row)) {
                self.outbox.push(self.listening.delivery(broadcast));
            }
        }
        Ok(if was_full {
            Progress::Further(at)
        } else {
            Progress::UpToDate(at)
        })
    }
}

/// What one reading brought.
pub(super) enum Page {
    /// The next changes.
    Rows(Vec<chat::Message>),
    /// There are none; the room's last number.
    Empty {
        /// That number.
        head: Seq,
    },
    /// The room is not the listener's to hear.
    OfOthers,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::order::tests::change;
    use crate::hub::{ConnectionId, Mode};

    fn resuming() -> Resuming {
        let listening = Listening {
            connection: ConnectionId(1),
            user: None,
            nickname: None,
            subscription: "sub-0".into(),
            version: stomp::Version::V1_2,
            mode: Mode::Committed,
            tracked: false,
        };
        Resuming::new(listening, Arc::default(), Seq(3))
    }

    fn finished(resuming: Resuming) -> (i64, Vec<i64>) {
        let (at, rest) = resuming.finish();
        let revs = rest.iter().filter_map(|change| change.rev);
        (at.0, revs.map(|rev| rev.0).collect())
    }

    #[test]
    fn what_was_let_through_meanwhile_follows_what_was_read_without_repeats() {
        let mut resuming = resuming();
        for rev in 5..=8 {
            resuming.keep(&change(rev));
        }
        assert!(resuming.advance(Progress::UpToDate(Seq(6))));
        assert_eq!(finished(resuming), (6, vec![7, 8]));
    }

    #[test]
    fn a_full_page_asks_for_the_next() {
        let mut resuming = resuming();
        assert!(!resuming.advance(Progress::Further(Seq(200))));
        assert!(resuming.advance(Progress::UpToDate(Seq(201))));
    }

    #[test]
    fn what_was_too_much_to_keep_is_read_once_more() {
        let mut resuming = resuming();
        let many = MEANWHILE_MAX as i64 + 10;
        for rev in 4..4 + many {
            resuming.keep(&change(rev));
        }
        assert!(!resuming.advance(Progress::UpToDate(Seq(3))));
        resuming.keep(&change(4 + many));
        assert!(resuming.advance(Progress::UpToDate(Seq(3 + many))));
        assert_eq!(finished(resuming), (3 + many, vec![4 + many]));
    }

    #[test]
    fn one_reading_at_a_time_is_under_way() {
        let room = RoomId::parse("lobby").expect("a room");
        let mut resuming = resuming();
        assert!(resuming.begin(room.clone(), false).is_some());
        assert!(resuming.begin(room.clone(), false).is_none());
        resuming.advance(Progress::Further(Seq(4)));
        assert_eq!(resuming.begin(room, false).expect("the next").at, Seq(4));
    }
}
