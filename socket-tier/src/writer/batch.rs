//! One transaction's worth of messages, and what became of them.

use std::collections::HashSet;

use chat::{Draft, MessageId, Problem, ProblemCode, RoomId};
use message_log::{AppendError, Appended, LockWait, MessageLog};
use tokio::time::{self, Duration, Instant};
use traces::{Kind, Span, attribute};

use super::Queued;
use crate::failpoints;
use crate::limits::{OUTCOME_PATIENCE, STORE_TIME_MIN};
use crate::span;

/// How long the writer waits before it tries a batch again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// How long it may take to find out which rooms others hold.
const HELD_TIME_MAX: Duration = Duration::from_millis(250);

/// Messages that are stored together.
pub(super) struct Batch {
    pub(super) posts: Vec<Queued>,
    /// The room that is stored by itself; `None` where it is a batch of many.
    pub(super) room: Option<RoomId>,
    /// What became of the posts, in their order.
    pub(super) outcome: Result<Vec<Appended>, Failure>,
    /// How long that took.
    pub(super) took: Duration,
}

/// Why a batch was not stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Others hold these rooms of it; none of it is stored, and all may be tried again.
    Held(HashSet<RoomId>),
    /// Its only room is held by others. It is not stored.
    RoomBusy,
    /// The store did not do it. It is not stored.
    Unavailable,
    /// More is posted than the store takes. It is not stored.
    Overloaded,
    /// Nobody knows whether it is stored.
    Unknown,
}

impl Failure {
    /// Whether surely nothing is stored.
    pub(super) fn is_certain(&self) -> bool {
        *self != Self::Unknown
    }

    /// What the senders are told.
    pub(super) fn problem(&self) -> Problem {
        let (code, detail) = match self {
            Self::Held(_) | Self::RoomBusy => (
                ProblemCode::RoomBusy,
                "Others write in this room, and the message could not be stored in time; send it \
                 again with the same tempId.",
            ),
            Self::Unavailable => (
                ProblemCode::StoreUnavailable,
                "The message could not be stored; send it again with the same tempId.",
            ),
            Self::Overloaded => (
                ProblemCode::Overloaded,
                "More is said than can be stored just now; send the message again with the same \
                 tempId.",
            ),
            Self::Unknown => (
                ProblemCode::Timeout,
                "Whether the message was stored is not known; send it again with the same tempId, \
                 and it is stored once.",
            ),
        };
        Problem::new(code, detail).retry_after(Duration::from_secs(1))
    }

    /// The failure as the label of a metric.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Held(_) | Self::RoomBusy => "room-busy",
            Self::Unavailable => "unavailable",
            Self::Overloaded => "overloaded",
            Self::Unknown => "unknown",
        }
    }
}

impl Batch {
    /// A batch that is not stored yet.
    pub(super) fn new(posts: Vec<Queued>, room: Option<RoomId>) -> Self {
        Self {
            posts,
            room,
            outcome: Ok(Vec::new()),
            took: Duration::ZERO,
        }
    }

    /// Stores it, however often that takes, within the patience of its messages.
    pub(super) async fn store(
        mut self,
        log: MessageLog,
        lock_wait: LockWait,
        patience: Duration,
    ) -> Self {
        let began = Instant::now();
        let mut commits = self.commits();
        let mut drafts: Vec<Draft> = self
            .posts
            .iter()
            .map(|queued| queued.post.draft.clone())
            .collect();
        failpoints::doubled(&mut drafts);
        let waits_since = self.posts.iter().map(|queued| queued.since).min();
        let given_up = (waits_since.unwrap_or(began) + patience).max(began + STORE_TIME_MIN);
        let attempts = Attempts {
            log,
            drafts,
            lock_wait,
            given_up,
            own: HashSet::new(),
        };
        self.outcome = attempts.run(began).await;
        self.took = began.elapsed();
        if let Err(failure) = &self.outcome {
            commits
                .iter_mut()
                .for_each(|span| span.fails(failure.label()));
        }
        self
    }

    /// The commit as a part of the way of each message that is traced.
    fn commits(&self) -> Vec<Span> {
        let traced = self.posts.iter().map(|queued| &queued.post.span);
        traced
            .filter(|span| span.is_on())
            .map(|span| {
                let mut commit = span.begins(span::COMMIT, Kind::Internal);
                commit.counts(attribute::BATCH_MESSAGES, self.posts.len() as i64);
                commit
            })
            .collect()
    }
}

/// Appends, again and again while that can help and there is time. Appending the same drafts again
/// stores nothing twice, so a broken COMMIT is resolved by asking once more.
struct Attempts {
    log: MessageLog,
    drafts: Vec<Draft>,
    lock_wait: LockWait,
    /// When whoever waits is told that the store does not answer.
    given_up: Instant,
    /// What attempts of unknown outcome may have stored.
    own: HashSet<MessageId>,
}

impl Attempts {
    async fn run(mut self, began: Instant) -> Result<Vec<Appended>, Failure> {
        loop {
            let until = if self.own.is_empty() {
                self.given_up
            } else {
                began + OUTCOME_PATIENCE
            };
            let left = until.saturating_duration_since(Instant::now());
            let appending = self.log.append_within(&self.drafts, left, self.lock_wait);
            let error = match appending.await {
                Ok(appended) => return Ok(known_as_first(appended, self.own)),
                Err(error) => error,
            };
            tracing::warn!(%error, messages = self.drafts.len(), "a batch was not stored");
            let is_room_busy = error.is_room_busy();
            if let AppendError::Unknown { ids, .. } = error {
                self.own.extend(ids);
            }
            let may_be_stored = !self.own.is_empty();
            if is_room_busy && !may_be_stored {
                match self.held().await {
                    held if held.is_empty() => {}
                    _ if self.lock_wait == LockWait::Long => return Err(Failure::RoomBusy),
                    held => return Err(Failure::Held(held)),
                }
            }
            if Instant::now() + RETRY_PAUSE >= until {
                return Err(match self.lock_wait {
                    _ if may_be_stored => Failure::Unknown,
                    LockWait::Long if !self.held().await.is_empty() => Failure::RoomBusy,
                    LockWait::Long | LockWait::Brief => Failure::Unavailable,
                });
            }
            time::sleep(RETRY_PAUSE).await;
        }
    }

    /// The rooms of the batch that somebody holds, or that are only just being made by somebody.
    async fn held(&self) -> HashSet<RoomId> {
        let rooms: HashSet<_> = self.drafts.iter().map(|draft| &draft.room).collect();
        let rooms: Vec<_> = rooms.into_iter().collect();
        let asked = time::timeout(HELD_TIME_MAX, self.log.unheld(&rooms)).await;
        let Ok(Ok(unheld)) = asked else {
            return HashSet::new();
        };
        let held = rooms.into_iter().filter(|room| !unheld.contains(room));
        held.cloned().collect()
    }
}

/// The same answers, where what an earlier attempt of this batch stored is no duplicate: its sender
/// sent it once, and has no receipt of it yet. Of several sends of it, the first is no duplicate.
fn known_as_first(mut appended: Vec<Appended>, mut own: HashSet<MessageId>) -> Vec<Appended> {
    for answer in &mut appended {
        if let Appended::Stored {
            message, duplicate, ..
        } = answer
            && own.remove(&message.id)
        {
            *duplicate = false;
        }
    }
    appended
}
