//! A listener on its way from a number of its own to the room's present.

use std::sync::{Arc, Weak};

use chat::{ChatMessageReceive, Epoch, RoomId, Seq};
use message_log::{MessageLog, ReadError};
use tokio::time;

use super::Listening;
use super::broadcast::Broadcast;
use super::order::Change;
use crate::limits::{MEANWHILE_MAX, RESUME_PAGE, RESUME_RETRY};
use crate::outbox::{Closed, Outbox};

/// Up to where a listener knows a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The last number.
    pub(crate) seq: Seq,
    /// Whose number that is, where the listener says it.
    pub(crate) epoch: Option<Epoch>,
}

/// A subscription that is told from Postgres what it missed, before it hears the room live.
///
/// What the room lets through meanwhile is kept for it. Too much of that is dropped, and Postgres
/// asked once more.
pub(super) struct Resuming {
    pub(super) listening: Listening,
    pub(super) outbox: Arc<Outbox>,
    /// The number up to which it was told.
    at: Seq,
    /// The epoch that it began with, where it said so.
    epoch: Option<Epoch>,
    /// Whether the room has gone back since.
    is_sent_back: bool,
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
    pub(super) fn new(listening: Listening, outbox: Arc<Outbox>, since: Position) -> Self {
        Self {
            listening,
            outbox,
            at: since.seq,
            epoch: since.epoch,
            is_sent_back: false,
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

    /// The room has gone back: what the listener was told may be of another history.
    pub(super) fn send_back(&mut self) {
        self.meanwhile.clear();
        self.is_sent_back = true;
    }

    /// Whether its position cannot be served in this epoch. A reading that is under way comes to
    /// its end first, so that nothing of it is told behind the instruction.
    pub(super) fn is_astray(&self, epoch: Epoch) -> bool {
        let is_foreign = self.epoch.is_some_and(|own| own != epoch);
        !self.is_reading && (self.is_sent_back || is_foreign)
    }

    /// Begins a reading, unless one is under way.
    pub(super) fn begin(
        &mut self,
        room: RoomId,
        epoch: Epoch,
        is_selective: bool,
    ) -> Option<Reading> {
        if std::mem::replace(&mut self.is_reading, true) {
            return None;
        }
        Some(Reading {
            room,
            epoch,
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
        if self.is_sent_back {
            return false;
        }
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
    /// The room's when it began.
    epoch: Epoch,
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
                let snapshot = Broadcast::snapshot(&self.room, head, self.epoch);
                self.outbox.push(self.listening.delivery(snapshot));
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

    const POSITION: Position = Position {
        seq: Seq(3),
        epoch: None,
    };

    fn epoch() -> Epoch {
        Epoch::of_hash(7)
    }

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
        Resuming::new(listening, Arc::default(), POSITION)
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
        assert!(resuming.begin(room.clone(), epoch(), false).is_some());
        assert!(resuming.begin(room.clone(), epoch(), false).is_none());
        resuming.advance(Progress::Further(Seq(4)));
        let next = resuming.begin(room, epoch(), false);
        assert_eq!(next.expect("the next").at, Seq(4));
    }

    #[test]
    fn who_comes_from_another_epoch_or_was_sent_back_is_astray_once_nothing_is_read_for_him() {
        let mut resuming = resuming();
        assert!(!resuming.is_astray(epoch()), "he names no epoch");
        resuming.epoch = Some(epoch());
        assert!(!resuming.is_astray(epoch()));
        assert!(resuming.is_astray(Epoch::named("another")));
        let room = RoomId::parse("lobby").expect("a room");
        assert!(resuming.begin(room, epoch(), false).is_some());
        resuming.send_back();
        assert!(!resuming.is_astray(epoch()), "he is being told something");
        assert!(!resuming.advance(Progress::UpToDate(Seq(9))));
        assert!(resuming.is_astray(epoch()));
    }
}
