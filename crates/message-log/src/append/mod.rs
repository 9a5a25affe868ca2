//! Stores a batch of drafts, each once, with the next numbers of their rooms.

pub(crate) mod admission;
mod batch;

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use chat::{Access, Draft, Message, MessageId};
use tokio::time::timeout;

use crate::MessageLog;
use crate::error::{Cause, error_class, is_lost, sqlstate};
use crate::pool::Lease;
use admission::Repeats;
use batch::Batch;

pub use admission::Silence;

/// The most drafts of one batch.
pub const APPEND_BATCH_MAX: usize = 1024;

/// How long a batch may take up to its COMMIT, waiting for a connection and for locks included.
pub(crate) const STORE_TIME_MAX: Duration = Duration::from_secs(3);

/// How long the COMMIT may take; it waits for disks and replicas.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(5);

/// How long undoing may take, after which the connection is closed instead.
const ROLLBACK_TIME_MAX: Duration = Duration::from_millis(250);

/// How often a batch is tried that Postgres gave up for the sake of another, or whose connection
/// broke, before its COMMIT was sent.
const ATTEMPTS_MAX: u32 = 3;

/// How many batches look for what was stored before, after one that should have.
const LOOKING_BATCHES: u32 = 64;

/// How long a batch waits for a room that others write in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// A quarter of a second, so that one room holds up the others of its batch no longer.
    Brief,
    /// A second.
    Long,
}

/// What became of one draft of a stored batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The message is committed.
    Stored {
        /// The message, as it is now.
        message: Message,
        /// Whether it was stored before, by an earlier batch or an earlier draft of this one.
        duplicate: bool,
        /// The number of the room's rules that let the draft in; 0 where the room is open.
        access: Access,
    },
    /// The same sender used the same tempId in the same room for another content. Nothing was
    /// stored for this draft.
    Conflict,
    /// There is no such private room, or the sender is no member of it and stored nothing under
    /// this tempId while he was. Nothing was stored for this draft.
    NotThere,
    /// The sender may not speak in the room, or nobody may. Nothing was stored for this draft.
    Silenced(Silence),
}

/// Why a batch was not stored, or may not have been.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// It failed before its COMMIT was sent, or the COMMIT was refused: surely no row of it exists.
    #[error("the batch was not stored: {0}")]
    NotStored(Cause),
    /// The COMMIT was sent and its outcome never heard: all of it is stored, or nothing. Appending
    /// the same drafts again finds out: what is then a duplicate under one of `ids` was stored by
    /// this very attempt.
    #[error("whether the batch was stored is not known: {cause}")]
    Unknown {
        /// What happened to the COMMIT.
        cause: Cause,
        /// The ids that the messages have if they are stored.
        ids: Vec<MessageId>,
    },
}

/// Why a COMMIT did not succeed, or may have.
pub(crate) enum CommitError {
    /// It was refused: nothing was stored.
    Refused(Cause),
    /// Its outcome was never heard.
    Unknown(Cause),
}

impl AppendError {
    /// Whether a room of the batch stayed locked by others for too long: a batch of the other
    /// rooms would pass.
    pub fn is_room_busy(&self) -> bool {
        matches!(self, Self::NotStored(cause) if cause.is_lock_wait())
    }
}

impl MessageLog {
    /// Stores at most [`APPEND_BATCH_MAX`] drafts in one transaction and answers for each, in
    /// their order. Drafts of one room are numbered in their order.
    ///
    /// A draft whose room, sender (account, or guest's name) and tempId were stored before, for
    /// ever, is not stored again: it gets the first result as a duplicate, or a conflict where its
    /// content is another. Where the first was edited or deleted since, its content is not
    /// compared. A draft for a private room is stored where its sender is a member, which the
    /// transaction itself decides, under the lock of the room; the first result is also repeated to
    /// a sender who is none any more.
    ///
    /// # Errors
    /// No draft of the batch was stored, or it is not known whether all were ([`AppendError`]).
    /// A dropped call leaves it open too.
    pub async fn append(&self, drafts: &[Draft]) -> Result<Vec<Appended>, AppendError> {
        self.append_within(drafts, STORE_TIME_MAX, LockWait::Long)
            .await
    }

    /// The same, in less time up to the COMMIT: whoever's time is over is surely not stored.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub async fn append_within(
        &self,
        drafts: &[Draft],
        time_max: Duration,
        lock_wait: LockWait,
    ) -> Result<Vec<Appended>, AppendError> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        if drafts.len() > APPEND_BATCH_MAX {
            return Err(AppendError::NotStored(Cause::told(format!(
                "a batch takes {APPEND_BATCH_MAX} drafts, not {}",
                drafts.len()
            ))));
        }
        let Ok(stored) = timeout(time_max, self.store(drafts, lock_wait)).await else {
            return Err(AppendError::NotStored(Cause::late(
                "storing the batch",
                time_max,
            )));
        };
        let (lease, batch) = stored?;
        #[cfg(feature = "failpoints")]
        crate::failpoint::pass().await;
        match commit(lease).await {
            Ok(()) => Ok(batch.into_answers()),
            Err(CommitError::Refused(cause)) => Err(AppendError::NotStored(cause)),
            Err(CommitError::Unknown(cause)) => Err(AppendError::Unknown {
                cause,
                ids: batch.message_ids(),
            }),
        }
    }

    /// Does everything but the COMMIT, which the returned connection waits for.
    async fn store<'a>(
        &self,
        drafts: &'a [Draft],
        lock_wait: LockWait,
    ) -> Result<(Lease, Batch<'a>), AppendError> {
        let mut repeats = self.repeats.expected();
        let mut attempt = 1;
        loop {
            let mut lease = self.lease().await.map_err(|error| not_stored(&error))?;
            let error = match store_on(&mut lease, drafts, lock_wait, repeats).await {
                Ok(batch) => return Ok((lease, batch)),
                Err(error) => error,
            };
            if !is_lost(&error) {
                roll_back(lease).await;
            }
            if repeats == Repeats::Unlikely && is_repeated(&error) {
                self.repeats.met();
                repeats = Repeats::Looked;
                continue;
            }
            if attempt == ATTEMPTS_MAX || !is_worth_another_attempt(&error) {
                return Err(not_stored(&error));
            }
            tracing::debug!(attempt, error = %Cause::of(&error), "batch is stored anew");
            attempt += 1;
        }
    }
}

pub(crate) const BEGIN: &str = include_str!("begin.sql");
const BEGIN_IMPATIENT: &str = concat!(
    include_str!("begin.sql"),
    "SET LOCAL lock_timeout = '250ms';"
);
pub(crate) const STORE: &str = include_str!("store.sql");

async fn store_on<'a>(
    lease: &mut Lease,
    drafts: &'a [Draft],
    lock_wait: LockWait,
    repeats: Repeats,
) -> Result<Batch<'a>, sqlx::Error> {
    let begin = match lock_wait {
        LockWait::Brief => BEGIN_IMPATIENT,
        LockWait::Long => BEGIN,
    };
    sqlx::raw_sql(begin).execute(&mut **lease).await?;
    let looked = admission::look(lease, drafts, repeats).await?;
    let batch = Batch::of(drafts, looked);
    let columns = batch.columns();
    if !columns.ids.is_empty() {
        sqlx::query(STORE)
            .bind(&columns.ids)
            .bind(&columns.room_ids)
            .bind(&columns.seqs)
            .bind(&columns.temp_ids)
            .bind(&columns.senders)
            .bind(&columns.sender_ids)
            .bind(&columns.contents)
            .bind(&columns.created_ats)
            .bind(&columns.rooms)
            .bind(&columns.last_seqs)
            .bind(&columns.nows)
            .execute(&mut **lease)
            .await?;
    }
    Ok(batch)
}

pub(crate) async fn commit(mut lease: Lease) -> Result<(), CommitError> {
    match timeout(
        COMMIT_TIME_MAX,
        sqlx::raw_sql("COMMIT").execute(&mut *lease),
    )
    .await
    {
        Ok(Ok(_)) => {
            lease.give_back();
            Ok(())
        }
        Ok(Err(error)) if is_refused_commit(&error) => {
            lease.give_back();
            Err(CommitError::Refused(Cause::of(&error)))
        }
        Ok(Err(error)) => Err(CommitError::Unknown(Cause::of(&error))),
        Err(_) => Err(CommitError::Unknown(Cause::late(
            "the COMMIT",
            COMMIT_TIME_MAX,
        ))),
    }
}

/// Ends the transaction so that the connection can be used again; one that does not answer is
/// closed, which ends it too.
pub(crate) async fn roll_back(mut lease: Lease) {
    let undone = timeout(
        ROLLBACK_TIME_MAX,
        sqlx::raw_sql("ROLLBACK").execute(&mut *lease),
    );
    if let Ok(Ok(_)) = undone.await {
        lease.give_back();
    }
}

/// Whether the next batches look first for what was stored before.
#[derive(Debug, Default)]
pub(crate) struct RepeatsState {
    /// How many of them.
    left: AtomicU32,
}

impl RepeatsState {
    /// Takes a batch's turn.
    fn expected(&self) -> Repeats {
        let one_less = |left: u32| left.checked_sub(1);
        match self.left.fetch_update(Relaxed, Relaxed, one_less) {
            Ok(_) => Repeats::Looked,
            Err(_) => Repeats::Unlikely,
        }
    }

    /// A batch that did not look was begun anew: who says something again mostly says more again.
    fn met(&self) {
        self.left.store(LOOKING_BATCHES, Relaxed);
    }
}

fn not_stored(error: &sqlx::Error) -> AppendError {
    AppendError::NotStored(Cause::of(error))
}

/// Whether a unique index has it already (unique_violation): a key, most likely.
fn is_repeated(error: &sqlx::Error) -> bool {
    sqlstate(error) == Some("23505")
}

/// Deadlock or serialization failure (class 40), or a connection that broke under us: an idle one
/// may have been dead for long.
fn is_worth_another_attempt(error: &sqlx::Error) -> bool {
    is_lost(error) || error_class(error) == Some("40")
}

/// Whether Postgres answered the COMMIT with a rollback for certain: a constraint (class 23) or a
/// serialization failure (class 40). Anything else may have come after the commit was recorded,
/// such as the end of the wait for a replica.
fn is_refused_commit(error: &sqlx::Error) -> bool {
    !is_lost(error) && matches!(error_class(error), Some("23" | "40"))
}
