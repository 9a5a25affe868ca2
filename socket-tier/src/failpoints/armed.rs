//! The passages of a test build.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::process;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chat::{ChatMessageReceive, Draft, MessageId, Problem, ProblemCode, RoomId, Seq, TempId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::writer::Stored;

#[cfg(not(debug_assertions))]
compile_error!("the feature `failpoints` is for tests; build without `--release`");

/// A fault and its number: `name:n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failpoint {
    name: &'static str,
    n: NonZeroU64,
}

/// Every name.
pub const NAMES: [&str; 14] = [
    "before-commit",
    "after-commit",
    "before-publish",
    "unpublished",
    "lose",
    "double",
    "swap",
    "receipt-unstored",
    "refuse-stored",
    "double-row",
    "slow-commit",
    "slow-hub",
    "later-version",
    "panic",
];

/// Says that a text is no failpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a failpoint is name:n")]
pub struct NoFailpoint;

impl FromStr for Failpoint {
    type Err = NoFailpoint;

    fn from_str(text: &str) -> Result<Self, NoFailpoint> {
        let (name, n) = text.split_once(':').ok_or(NoFailpoint)?;
        let name = NAMES.into_iter().find(|known| *known == name);
        Ok(Self {
            name: name.ok_or(NoFailpoint)?,
            n: n.parse().map_err(|_| NoFailpoint)?,
        })
    }
}

/// Arms these; whoever is not armed before an instance starts never strikes.
pub fn arm(failpoints: &[Failpoint]) {
    let armed = failpoints.iter().map(|failpoint| {
        tracing::warn!(name = failpoint.name, n = failpoint.n, "armed to fail");
        (failpoint.name, (failpoint.n, AtomicU64::new(0)))
    });
    let armed: Armed = armed.collect();
    if let Some((n, _)) = armed.get("later-version") {
        fanout::redis::later::speak(*n);
    }
    let _ = ARMED.set(armed);
    message_log::failpoint::before_commit(|| {
        die_at("before-commit");
        milliseconds("slow-commit")
    });
}

type Armed = HashMap<&'static str, (NonZeroU64, AtomicU64)>;

static ARMED: OnceLock<Armed> = OnceLock::new();

/// What `swap` keeps back, by room.
static SWAPPED: Mutex<Option<HashMap<RoomId, Arc<ChatMessageReceive>>>> = Mutex::new(None);

/// Counts a passage; true at every `n`th.
fn strikes(name: &str) -> bool {
    let Some((n, passages)) = ARMED.get().and_then(|armed| armed.get(name)) else {
        return false;
    };
    let strikes = (passages.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(n.get());
    if strikes {
        tracing::warn!(name, "a failpoint strikes");
    }
    strikes
}

/// Ends the process as a crash would: nothing is written, answered or closed any more.
fn die_at(name: &str) {
    if strikes(name) {
        process::abort();
    }
}

fn milliseconds(name: &str) -> Duration {
    let n = ARMED.get().and_then(|armed| armed.get(name));
    n.map_or(Duration::ZERO, |(n, _)| Duration::from_millis(n.get()))
}

/// A SEND is about to be taken.
pub(crate) fn before_posting() {
    assert!(!strikes("panic"), "a failpoint");
}

/// A batch is committed and nobody knows it.
pub(crate) fn after_commit() {
    die_at("after-commit");
}

/// A stored message is answered; false where the instances are not to be told.
pub(crate) fn before_publish() -> bool {
    die_at("before-publish");
    !strikes("unpublished")
}

/// What the listeners of a room are told where a change of it is let through.
pub(crate) fn told(
    change: &Arc<ChatMessageReceive>,
) -> impl Iterator<Item = Arc<ChatMessageReceive>> + use<> {
    let mut swapped = SWAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let swapped = swapped.get_or_insert_default();
    let mut told = Vec::new();
    if strikes("swap") {
        swapped.insert(change.room_id.clone(), Arc::clone(change));
    } else if !strikes("lose") {
        told.push(Arc::clone(change));
        told.extend(swapped.remove(&change.room_id));
        if strikes("double") {
            told.push(Arc::clone(change));
        }
    }
    told.into_iter()
}

/// The RECEIPT of a SEND that is not to be stored.
pub(crate) fn feigned(draft: &Draft) -> Option<Stored> {
    strikes("receipt-unstored").then(|| Stored {
        id: MessageId(Uuid::now_v7()),
        temp_id: draft.temp_id,
        seq: Seq(1),
        created_at: OffsetDateTime::UNIX_EPOCH,
        duplicate: false,
    })
}

/// What the sender of a stored message is told.
pub(crate) fn answered(stored: Stored) -> Result<Stored, Problem> {
    if strikes("refuse-stored") {
        let detail = "The message is stored, and this is a failpoint.";
        return Err(Problem::new(ProblemCode::StoreUnavailable, detail));
    }
    Ok(stored)
}

/// Adds what nobody sent to a batch; whoever answers it answers only what was sent.
pub(crate) fn doubled(drafts: &mut Vec<Draft>) {
    let mut doubles = drafts.clone();
    doubles.retain(|_| strikes("double-row"));
    for double in &mut doubles {
        double.temp_id = TempId(Uuid::now_v7());
    }
    doubles.truncate(message_log::APPEND_BATCH_MAX - drafts.len());
    drafts.append(&mut doubles);
}

/// The rooms' task is about to take an event.
pub(crate) async fn before_hearing() {
    let rest = milliseconds("slow-hub");
    if !rest.is_zero() {
        tokio::time::sleep(rest).await;
    }
}
