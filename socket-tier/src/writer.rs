//! The one writer of an instance: group commits of whatever has arrived.
//!
//! While one transaction is under way, what arrives next gathers and becomes the next one, across
//! rooms. One commit's cost is shared by all of the batch, and a busy instance needs one
//! connection to Postgres for writing.
//!
//! A room that others hold would hold up all of its batch. It is taken out and written into by
//! itself, in a `BusyRoom`, until it is free again.

mod batch;
mod batch_size;
mod busy_room;

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::task::Waker;

use ::time::OffsetDateTime;
use chat::{ChatReject, Draft, Message, MessageId, Problem, ProblemCode, RoomId, Seq, TempId};
use fanout::{Event, Fanout};
use message_log::{Appended, LockWait, MessageLog};
use stomp::Ticket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;
use traces::{Kind, Span, attribute};

use crate::destination::no_such_room;
use crate::failpoints;
use crate::indexing::Noted;
use crate::limits::{
    BUSY_ROOMS_STORING_MAX, RECEIPT_PATIENCE, ROOM_PATIENCE, STORE_PATIENCE, TURN_PATIENCE,
    WRITER_BATCH_MAX, WRITER_QUEUE_MAX,
};
use crate::metrics::Metrics;
use crate::outbox::{Delivery, Outbox};
use crate::span;
use batch::{Batch, Failure};
use batch_size::BatchSize;
use busy_room::BusyRoom;

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
    /// Whether its sender hears the room, and so the message too.
    pub(crate) hears_room: bool,
    /// Its way, as far as it is traced.
    pub(crate) span: Span,
}

/// A post, how long it has waited, and its place among those that may.
struct Queued {
    post: Post,
    since: Instant,
    _place: OwnedSemaphorePermit,
}

impl Queued {
    fn room(&self) -> &RoomId {
        &self.post.draft.room
    }

    /// Whether it has waited so long.
    fn has_waited(&self, patience: time::Duration) -> bool {
        self.since.elapsed() >= patience
    }
}

/// The way to the writer, for connections.
#[derive(Clone)]
pub(crate) struct WriterHandle {
    queue: mpsc::Sender<Queued>,
    places: Arc<Semaphore>,
}

/// A place among the messages that wait for their answer.
pub(crate) struct Place<'a> {
    queue: &'a mpsc::Sender<Queued>,
    place: OwnedSemaphorePermit,
}

/// What is posted and not yet taken up.
pub(crate) struct WriterQueue(mpsc::Receiver<Queued>);

/// A queue for a writer, and the way to it.
pub(crate) fn queue() -> (WriterQueue, WriterHandle) {
    let (sender, receiver) = mpsc::channel(WRITER_QUEUE_MAX);
    let handle = WriterHandle {
        queue: sender,
        places: Arc::new(Semaphore::new(WRITER_QUEUE_MAX)),
    };
    (WriterQueue(receiver), handle)
}

impl WriterHandle {
    /// Takes a place, before anybody is shown the message; `None` where all are taken.
    pub(crate) fn reserve(&self) -> Option<Place<'_>> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place {
            queue: &self.queue,
            place,
        })
    }

    /// How many messages wait for their answer.
    pub(crate) fn waiting(&self) -> usize {
        WRITER_QUEUE_MAX - self.places.available_permits()
    }
}

impl Place<'_> {
    /// Hands the message over. The answer comes as [`Delivery::Posted`].
    pub(crate) fn post(self, post: Post) {
        if let Some(stored) = failpoints::feigned(&post.draft) {
            return post.outbox.push(Delivery::Posted {
                ticket: post.ticket,
                result: Box::new(Ok(stored)),
            });
        }
        // There is room for whoever has a place. A writer that is gone takes the instance with it.
        let _ = self.queue.try_send(Queued {
            post,
            since: Instant::now(),
            _place: self.place,
        });
    }
}

/// Stores what is posted, and tells the senders and the rooms.
///
/// Nobody waits for a store that does not answer: what waits behind a batch that hangs is refused
/// in its time, as the batch itself is.
pub(crate) struct Writer {
    queue: mpsc::Receiver<Queued>,
    log: MessageLog,
    fanout: Arc<dyn Fanout>,
    noted: Noted,
    metrics: Arc<Metrics>,
    /// What waits for the next batch.
    waiting: VecDeque<Queued>,
    batch_size: BatchSize,
    /// Since when a batch of many rooms is being stored.
    storing: Option<Instant>,
    /// Whether the last of these was not stored.
    is_failing: bool,
    busy_rooms: HashMap<RoomId, BusyRoom>,
    batches: JoinSet<Batch>,
    /// Senders that have their receipts and hear of the message next.
    sleepers: Vec<Waker>,
    /// The end of their sleep, should they not.
    wakes: JoinSet<()>,
}

impl Writer {
    /// Makes a writer of what is posted. [`run`](Self::run) is its life.
    pub(crate) fn new(
        WriterQueue(queue): WriterQueue,
        log: MessageLog,
        fanout: Arc<dyn Fanout>,
        noted: Noted,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            queue,
            log,
            fanout,
            noted,
            metrics,
            waiting: VecDeque::new(),
            batch_size: BatchSize::default(),
            storing: None,
            is_failing: false,
            busy_rooms: HashMap::new(),
            batches: JoinSet::new(),
            sleepers: Vec::new(),
            wakes: JoinSet::new(),
        }
    }

    /// Serves until `finish`, and then until all that was posted is answered.
    pub(crate) async fn run(mut self, finish: CancellationToken) {
        let mut arrived = Vec::new();
        let mut is_open = true;
        while is_open || !self.is_idle() {
            let wake = self.wakes_at();
            tokio::select! {
                count = self.queue.recv_many(&mut arrived, WRITER_BATCH_MAX), if is_open => {
                    is_open = count > 0;
                    arrived.drain(..).for_each(|queued| self.take_up(queued));
                }
                Some(batch) = self.batches.join_next() => {
                    self.finish(batch);
                    self.wake_soon();
                }
                Some(_) = self.wakes.join_next() => {}
                () = time::sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    self.refuse_late();
                }
                () = finish.cancelled(), if !self.queue.is_closed() => self.queue.close(),
            }
            self.store_next();
        }
    }

    fn is_idle(&self) -> bool {
        let rooms = &mut self.busy_rooms.values();
        self.waiting.is_empty()
            && self.storing.is_none()
            && rooms.all(BusyRoom::is_idle)
            && self.wakes.is_empty()
    }

    /// Wakes the senders that sleep on, where nothing else has woken them by then.
    fn wake_soon(&mut self) {
        let sleepers = mem::take(&mut self.sleepers);
        if !sleepers.is_empty() {
            self.wakes.spawn(async move {
                time::sleep(RECEIPT_PATIENCE).await;
                sleepers.into_iter().for_each(Waker::wake);
            });
        }
    }

    fn take_up(&mut self, queued: Queued) {
        match self.busy_rooms.get_mut(queued.room()) {
            Some(busy) => busy.waiting.push_back(queued),
            None => self.waiting.push_back(queued),
        }
    }

    /// Begins to store what may be: the next batch, and what waits for rooms that were busy.
    fn store_next(&mut self) {
        if self.storing.is_none() {
            let failure = if self.is_failing {
                Failure::Unavailable
            } else {
                Failure::Overloaded
            };
            self.refuse_waiting(TURN_PATIENCE, &failure);
        }
        if self.storing.is_none() && !self.waiting.is_empty() {
            let count = self.waiting.len().min(self.batch_size.get());
            let posts = self.waiting.drain(..count).collect();
            self.storing = Some(Instant::now());
            let batch = Batch::new(posts, None);
            self.batches
                .spawn(batch.store(self.log.clone(), LockWait::Brief, STORE_PATIENCE));
        }
        let mut storing = self
            .busy_rooms
            .values()
            .filter(|busy| busy.is_storing)
            .count();
        for (room, busy) in &mut self.busy_rooms {
            if storing == BUSY_ROOMS_STORING_MAX {
                break;
            }
            if let Some(posts) = busy.begin() {
                storing += 1;
                let batch = Batch::new(posts, Some(room.clone()));
                self.batches
                    .spawn(batch.store(self.log.clone(), LockWait::Long, ROOM_PATIENCE));
            }
        }
    }

    /// When somebody has waited for too long, or a room is no longer taken for busy.
    fn wakes_at(&self) -> Option<Instant> {
        let late = self.storing.and_then(|since| {
            let first = self.waiting.front()?;
            Some(since.max(first.since) + STORE_PATIENCE)
        });
        let busy = self.busy_rooms.values().filter_map(BusyRoom::wakes_at);
        late.into_iter().chain(busy).min()
    }

    /// Refuses who has waited for too long, and forgets rooms that are not busy any more.
    fn refuse_late(&mut self) {
        let hangs = self
            .storing
            .is_some_and(|since| since.elapsed() >= STORE_PATIENCE);
        if hangs {
            self.refuse_waiting(STORE_PATIENCE, &Failure::Unavailable);
        }
        let mut late = Vec::new();
        for busy in self.busy_rooms.values_mut() {
            late.extend(busy.late());
        }
        self.busy_rooms.retain(|_, busy| !busy.is_over());
        self.refuse_all(late, &Failure::RoomBusy);
    }

    /// Refuses who has waited for so long already.
    fn refuse_waiting(&mut self, patience: time::Duration, failure: &Failure) {
        let late = self
            .waiting
            .iter()
            .take_while(|queued| queued.has_waited(patience))
            .count();
        let late = self.waiting.drain(..late).collect();
        self.refuse_all(late, failure);
    }

    fn finish(&mut self, batch: Result<Batch, JoinError>) {
        let batch = match batch {
            Ok(batch) => batch,
            // Its tickets are gone with it; their sockets notice that no answer comes.
            Err(error) => {
                tracing::error!(%error, "a batch was not stored");
                self.storing = None;
                return;
            }
        };
        let is_free = batch.outcome.is_ok();
        match batch
            .room
            .as_ref()
            .map(|room| self.busy_rooms.get_mut(room))
        {
            None => {
                self.storing = None;
                match &batch.outcome {
                    Ok(_) => self.batch_size.stored(),
                    Err(Failure::Held(_)) => {}
                    Err(_) => self.batch_size.failed(),
                }
                self.is_failing = !matches!(&batch.outcome, Ok(_) | Err(Failure::Held(_)));
            }
            Some(busy) => busy.into_iter().for_each(|busy| busy.ended(is_free)),
        }
        let Batch {
            posts,
            outcome,
            took,
            ..
        } = batch;
        match outcome {
            Ok(appended) => {
                failpoints::after_commit();
                self.metrics.commit_seconds.observe(took.as_secs_f64());
                self.metrics.batch_messages.observe(posts.len() as f64);
                // Postgres need not wait until everybody is told.
                self.store_next();
                for (queued, appended) in posts.into_iter().zip(appended) {
                    self.settle(queued, appended);
                }
            }
            Err(Failure::Held(held)) => self.set_apart(posts, &held),
            Err(failure) => self.refuse_all(posts, &failure),
        }
    }

    /// Writes into these rooms by themselves from now on; whatever else was in their batch goes
    /// into the next.
    fn set_apart(&mut self, posts: Vec<Queued>, held: &HashSet<RoomId>) {
        self.metrics.batch_failures.inc(Failure::RoomBusy.label());
        tracing::warn!(
            rooms = held.len(),
            "rooms are held by others, and set apart"
        );
        for room in held {
            self.busy_rooms.entry(room.clone()).or_default();
        }
        let later = mem::take(&mut self.waiting);
        posts
            .into_iter()
            .chain(later)
            .for_each(|queued| self.take_up(queued));
    }

    fn refuse_all(&self, posts: Vec<Queued>, failure: &Failure) {
        if posts.is_empty() {
            return;
        }
        self.metrics.batch_failures.inc(failure.label());
        let problem = failure.problem();
        for queued in posts {
            // What may be stored is not withdrawn: the sender's retry decides.
            if failure.is_certain() {
                self.withdraw(&queued.post.draft, problem.detail());
            }
            self.answer(queued, Err(problem.clone()));
        }
    }

    fn answer(&self, queued: Queued, result: Result<Stored, Problem>) {
        let (outbox, delivery) = self.answered(queued, result);
        outbox.push(delivery);
    }

    /// Counts an answer, and gives it and where it goes.
    fn answered(
        &self,
        mut queued: Queued,
        result: Result<Stored, Problem>,
    ) -> (Arc<Outbox>, Delivery) {
        let metrics = &self.metrics;
        metrics
            .answer_seconds
            .observe(queued.since.elapsed().as_secs_f64());
        match &result {
            Ok(_) => {
                metrics.receipted.inc();
            }
            Err(problem) => {
                metrics.refused.inc(problem.code().as_str());
                queued.post.span.fails(problem.code().as_str());
            }
        }
        let delivery = Delivery::Posted {
            ticket: queued.post.ticket,
            result: Box::new(result),
        };
        (queued.post.outbox, delivery)
    }

    /// Answers whoever is told the message itself next, and lets him sleep until then: receipt and
    /// message go into one write.
    fn answer_quietly(&mut self, queued: Queued, result: Result<Stored, Problem>) {
        let (outbox, delivery) = self.answered(queued, result);
        self.sleepers.extend(outbox.leave(delivery));
    }

    fn settle(&mut self, mut queued: Queued, appended: Appended) {
        match appended {
            Appended::Stored {
                message,
                duplicate,
                access,
            } => {
                let counter = if duplicate {
                    &self.metrics.duplicates
                } else {
                    &self.metrics.committed
                };
                counter.inc();
                let mut span = mem::take(&mut queued.post.span);
                span.identifies(attribute::MESSAGE_ID, message.id.0);
                span.counts(attribute::SEQ, message.seq.0);
                self.noted.note(&message.room);
                let answer = failpoints::answered(stored(&message, duplicate));
                if queued.post.hears_room {
                    self.answer_quietly(queued, answer);
                } else {
                    self.answer(queued, answer);
                }
                // A duplicate is told too: it was shown once more, and its time ends that.
                if failpoints::before_publish() {
                    let publishing = span.begins(span::PUBLISH_COMMITTED, Kind::Producer);
                    self.fanout.publish(Arc::new(Event::Committed {
                        message: message.into(),
                        access,
                        trace: publishing.context(),
                    }));
                }
            }
            // Nobody was shown it.
            Appended::NotThere => self.answer(queued, Err(no_such_room())),
            Appended::Silenced(silence) => {
                let problem = silence.problem();
                self.withdraw(&queued.post.draft, problem.detail());
                self.answer(queued, Err(problem));
            }
            Appended::Conflict => {
                let problem = temp_id_conflict();
                self.withdraw(&queued.post.draft, problem.detail());
                self.answer(queued, Err(problem));
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

fn stored(message: &Message, duplicate: bool) -> Stored {
    Stored {
        id: message.id,
        temp_id: message.temp_id,
        seq: message.seq,
        created_at: message.created_at,
        duplicate,
    }
}

fn temp_id_conflict() -> Problem {
    Problem::new(
        ProblemCode::TempIdConflict,
        "This tempId stands for another message of yours in this room; use a new one.",
    )
    .pointing_at("/tempId", "was used before with another content")
}
