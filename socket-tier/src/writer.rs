//! The one writer of an instance: group commits of whatever has arrived.
//!
//! While one transaction is under way, what arrives next gathers and becomes the next one, across
//! rooms. One commit's cost is shared by all of the batch, and a busy instance needs one
//! connection to Postgres for writing.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;

use chat::{ChatReject, Draft, Message, MessageId, Problem, ProblemCode, Seq, TempId};
use fanout::{Event, Fanout};
use message_log::{AppendError, Appended, MessageLog};
use stomp::Ticket;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use crate::destination::no_such_room;
use crate::failpoints;
use crate::limits::{OUTCOME_PATIENCE, STORE_PATIENCE, WRITER_BATCH_MAX, WRITER_QUEUE_MAX};
use crate::outbox::{Delivery, Outbox};

/// Where a message stands: what the RECEIPT of its SEND says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its id.
    pub(crate) id: MessageId,
    /// The sender's own id of it.
    pub(crate) temp_id: TempId,
    /// Its place in the room.
    pub(crate) seq: Seq,
    /// When it was stored.
    pub(crate) created_at: OffsetDateTime,
    /// Whether it had been stored before.
    pub(crate) duplicate: bool,
}

/// A message on its way into the store, and whom to answer.
pub(crate) struct Post {
    /// The message.
    pub(crate) draft: Draft,
    /// Its SEND, answered as [`Delivery::Posted`].
    pub(crate) ticket: Ticket,
    /// Whose SEND it is.
    pub(crate) outbox: Arc<Outbox>,
}

impl Post {
    fn answer(self, result: Result<Stored, Problem>) {
        self.outbox.push(Delivery::Posted {
            ticket: self.ticket,
            result,
        });
    }
}

/// A post and how long it has waited.
struct Queued {
    post: Post,
    since: Instant,
}

/// The way to the writer, for connections.
#[derive(Clone)]
pub(crate) struct WriterHandle(mpsc::Sender<Queued>);

/// A place in the writer's queue.
pub(crate) struct Place<'a>(mpsc::Permit<'a, Queued>);

impl WriterHandle {
    /// Takes a place in the queue, before anybody is shown the message; `None` where it is full.
    pub(crate) fn reserve(&self) -> Option<Place<'_>> {
        self.0.try_reserve().ok().map(Place)
    }
}

impl Place<'_> {
    /// Hands the message over. The answer comes as [`Delivery::Posted`].
    pub(crate) fn post(self, post: Post) {
        if let Some(stored) = failpoints::feigned(&post.draft) {
            return post.answer(Ok(stored));
        }
        self.0.send(Queued {
            post,
            since: Instant::now(),
        });
    }
}

/// Stores what is posted, and tells the senders and the rooms.
pub(crate) struct Writer {
    queue: mpsc::Receiver<Queued>,
    log: MessageLog,
    fanout: Arc<dyn Fanout>,
}

impl Writer {
    /// Makes a writer and the way to it. [`run`](Self::run) is its life.
    pub(crate) fn new(log: MessageLog, fanout: Arc<dyn Fanout>) -> (Self, WriterHandle) {
        let (sender, queue) = mpsc::channel(WRITER_QUEUE_MAX);
        let writer = Self { queue, log, fanout };
        (writer, WriterHandle(sender))
    }

    /// Serves until `finish`, and then until all that was posted is answered.
    pub(crate) async fn run(mut self, finish: CancellationToken) {
        let mut batch = Vec::new();
        loop {
            let count = tokio::select! {
                count = self.queue.recv_many(&mut batch, WRITER_BATCH_MAX) => count,
                () = finish.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
            };
            if count == 0 {
                return;
            }
            self.store(mem::take(&mut batch)).await;
        }
    }

    /// Stores a batch, however often it takes, and answers every post in it.
    async fn store(&self, batch: Vec<Queued>) {
        let first_since = batch.iter().map(|queued| queued.since).min();
        let (mut drafts, waiting): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|Queued { post, .. }| (post.draft.clone(), post))
            .unzip();
        failpoints::doubled(&mut drafts);
        let began = first_since.unwrap_or_else(Instant::now);
        match self.append(&drafts, began).await {
            Ok(appended) => {
                failpoints::after_commit();
                for (post, appended) in waiting.into_iter().zip(appended) {
                    self.settle(post, appended);
                }
            }
            Err(problem) => {
                // What may be stored is not withdrawn: the sender's retry decides.
                let is_certain = problem.code() == ProblemCode::StoreUnavailable;
                for post in waiting {
                    if is_certain {
                        self.withdraw(&post.draft, problem.detail());
                    }
                    post.answer(Err(problem.clone()));
                }
            }
        }
    }

    /// Appends, again and again while that can help and there is time. Appending the same drafts
    /// again stores nothing twice, so a broken COMMIT is resolved by asking once more.
    async fn append(&self, drafts: &[Draft], began: Instant) -> Result<Vec<Appended>, Problem> {
        // What attempts of unknown outcome may have stored.
        let mut own = HashSet::new();
        loop {
            let may_be_stored = !own.is_empty();
            let patience = if may_be_stored {
                OUTCOME_PATIENCE
            } else {
                STORE_PATIENCE
            };
            let error = match self.log.append(drafts).await {
                Ok(appended) => return Ok(known_as_first(appended, own)),
                Err(error) => error,
            };
            tracing::warn!(%error, messages = drafts.len(), "a batch was not stored");
            if let AppendError::Unknown { ids, .. } = error {
                own.extend(ids);
            }
            let may_be_stored = !own.is_empty();
            if began.elapsed() + RETRY_PAUSE >= patience {
                return Err(if may_be_stored {
                    outcome_unknown()
                } else {
                    store_unavailable()
                });
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    fn settle(&self, post: Post, appended: Appended) {
        match appended {
            Appended::Stored {
                message,
                duplicate,
                access,
            } => {
                post.answer(failpoints::answered(stored(&message, duplicate)));
                // A duplicate is told too: it was shown once more, and its time ends that.
                if failpoints::before_publish() {
                    self.fanout.publish(Arc::new(Event::Committed {
                        message: message.into(),
                        access,
                    }));
                }
            }
            // Nobody was shown it.
            Appended::NotThere => post.answer(Err(no_such_room())),
            Appended::Conflict => {
                let problem = temp_id_conflict();
                self.withdraw(&post.draft, problem.detail());
                post.answer(Err(problem));
            }
        }
    }

    /// Withdraws what was shown and is not stored.
    fn withdraw(&self, draft: &Draft, reason: &str) {
        self.fanout.publish(Arc::new(Event::Rejected(ChatReject {
            temp_id: draft.temp_id,
            room_id: draft.room.clone(),
            rejected: true,
            reason: reason.to_owned(),
        })));
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

/// How long the writer waits before it tries a batch again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

fn stored(message: &Message, duplicate: bool) -> Stored {
    Stored {
        id: message.id,
        temp_id: message.temp_id,
        seq: message.seq,
        created_at: message.created_at,
        duplicate,
    }
}

fn store_unavailable() -> Problem {
    Problem::new(
        ProblemCode::StoreUnavailable,
        "The message could not be stored; send it again with the same tempId.",
    )
    .retry_after(Duration::from_secs(1))
}

fn outcome_unknown() -> Problem {
    Problem::new(
        ProblemCode::Timeout,
        "Whether the message was stored is not known; send it again with the same tempId, and it \
         is stored once.",
    )
    .retry_after(Duration::from_secs(1))
}

fn temp_id_conflict() -> Problem {
    Problem::new(
        ProblemCode::TempIdConflict,
        "This tempId stands for another message of yours in this room; use a new one.",
    )
    .pointing_at("/tempId", "was used before with another content")
}
