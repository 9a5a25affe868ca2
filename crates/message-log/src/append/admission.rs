//! Which drafts of a batch may be stored: those of members and, in open rooms, of everybody who is
//! not kept from speaking.

use chat::{Access, Draft, Problem, ProblemCode, RoomId, Sanction, Seq};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::pool::Lease;
use crate::rooms::sanction::standing;

const LOCK_ROOMS: &str = include_str!("lock_rooms.sql");

/// Locks rooms that are there, in the order of their names, and makes none.
const LOCK_PRIVATE_ROOMS: &str = "
SELECT FROM chat_room
WHERE room_id = ANY ($1::text[])
ORDER BY room_id
FOR NO KEY UPDATE";

/// What decides about each draft, with one look into the index of the key per draft, and where its
/// room's numbers stand.
pub(crate) const LOOK: &str = include_str!("look.sql");

/// Why a draft is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Its room is private and its sender no member, or the room not there.
    NotThere,
    /// Its room lets its sender not speak.
    Refused(Silence),
}

/// Why somebody may not speak in a room that he knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// He is banned.
    Banned {
        /// When that ends by itself, UTC.
        until: Option<OffsetDateTime>,
    },
    /// He is muted.
    Muted {
        /// When that ends by itself, UTC.
        until: Option<OffsetDateTime>,
    },
    /// The room is archived.
    Archived,
}

impl Silence {
    /// What whoever wants to speak is told.
    pub fn problem(self) -> Problem {
        match self {
            Self::Banned { until } => {
                Problem::new(ProblemCode::Banned, "You are banned from the room.").until(until)
            }
            Self::Muted { until } => {
                Problem::new(ProblemCode::Muted, "You are muted in the room.").until(until)
            }
            Self::Archived => Problem::new(
                ProblemCode::RoomArchived,
                "The room is archived; an owner may open it again.",
            ),
        }
    }
}

/// What is known of a draft once its room is locked.
pub(super) struct Looked {
    /// Under which rules it is let in, or why not.
    pub(super) admitted: Result<Access, Stopped>,
    /// What was stored before under its key.
    pub(super) earlier: Option<Earlier>,
    /// Where its room stands.
    pub(super) room: RoomHead,
}

/// Where a locked room stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RoomHead {
    /// Its last number.
    pub(super) last_seq: Seq,
    /// Now, and no earlier than its last message.
    pub(super) now: OffsetDateTime,
}

/// A message that was stored before this batch.
pub(super) struct Earlier {
    pub(super) id: Uuid,
    pub(super) seq: Seq,
    pub(super) rev: Seq,
    pub(super) sender: String,
    pub(super) content: String,
    pub(super) created_at: OffsetDateTime,
    pub(super) edited_at: Option<OffsetDateTime>,
    pub(super) is_deleted: bool,
}

/// Locks the rooms of the drafts and looks at what decides about each; `None` where its private
/// room is not there.
///
/// Every instance locks open rooms first and private ones then, each kind in the order of the
/// names, so no two wait for each other.
pub(super) async fn look(
    lease: &mut Lease,
    drafts: &[Draft],
) -> Result<Vec<Option<Looked>>, sqlx::Error> {
    let (private, open) = rooms(drafts);
    sqlx::query(LOCK_ROOMS)
        .bind(&open)
        .execute(&mut **lease)
        .await?;
    if !private.is_empty() {
        sqlx::query(LOCK_PRIVATE_ROOMS)
            .bind(&private)
            .execute(&mut **lease)
            .await?;
    }
    // Asked only now: what was changed while the locks were waited for counts.
    let rooms: Vec<&str> = drafts.iter().map(|draft| draft.room.as_str()).collect();
    let temp_ids: Vec<_> = drafts.iter().map(|draft| draft.temp_id.0).collect();
    let senders: Vec<_> = drafts
        .iter()
        .map(|draft| draft.sender.nickname.as_str())
        .collect();
    let sender_ids: Vec<_> = drafts
        .iter()
        .map(|draft| draft.sender.id.map(|id| id.0))
        .collect();
    let rows = sqlx::query(LOOK)
        .bind(&rooms)
        .bind(&temp_ids)
        .bind(&senders)
        .bind(&sender_ids)
        .fetch_all(&mut **lease)
        .await?;
    let mut looked: Vec<_> = drafts.iter().map(|_| None).collect();
    for row in &rows {
        let place: i64 = row.try_get("place")?;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let (Some(slot), Some(draft)) = (looked.get_mut(place), drafts.get(place)) {
            let earlier = earlier(row)?;
            *slot = Some(Looked {
                admitted: decide(row, draft, earlier.is_some())?,
                earlier,
                room: RoomHead {
                    last_seq: Seq(row.try_get("last_seq")?),
                    now: row.try_get("now")?,
                },
            });
        }
    }
    Ok(looked)
}

/// Lets in members, and accounts that say again what is stored already: they may have been let in
/// then, and may not know yet what became of it.
fn decide(
    row: &PgRow,
    draft: &Draft,
    is_stored: bool,
) -> Result<Result<Access, Stopped>, sqlx::Error> {
    let standing = standing(row)?;
    let access = Access(row.try_get("access")?);
    if is_stored && draft.sender.id.is_some() {
        return Ok(Ok(access));
    }
    Ok(if draft.room.is_private() && standing.role.is_none() {
        Err(Stopped::NotThere)
    } else if let Some(sanction) = standing.sanction {
        let until = standing.until;
        Err(Stopped::Refused(match sanction {
            Sanction::Ban => Silence::Banned { until },
            Sanction::Mute => Silence::Muted { until },
        }))
    } else if row.try_get("is_archived")? {
        Err(Stopped::Refused(Silence::Archived))
    } else {
        Ok(access)
    })
}

fn earlier(row: &PgRow) -> Result<Option<Earlier>, sqlx::Error> {
    let Some(id) = row.try_get("earlier_id")? else {
        return Ok(None);
    };
    Ok(Some(Earlier {
        id,
        seq: Seq(row.try_get("earlier_seq")?),
        rev: Seq(row.try_get("earlier_rev")?),
        sender: row.try_get("earlier_sender")?,
        content: row.try_get("earlier_content")?,
        created_at: row.try_get("earlier_created_at")?,
        edited_at: row.try_get("earlier_edited_at")?,
        is_deleted: row.try_get("earlier_is_deleted")?,
    }))
}

/// The private and the open rooms of the drafts, each once and in the order of their names.
fn rooms(drafts: &[Draft]) -> (Vec<&str>, Vec<&str>) {
    let (mut private, mut open): (Vec<_>, Vec<_>) = drafts
        .iter()
        .map(|draft| &draft.room)
        .partition(|room| room.is_private());
    for rooms in [&mut private, &mut open] {
        rooms.sort_unstable();
        rooms.dedup();
    }
    (names(private), names(open))
}

fn names(rooms: Vec<&RoomId>) -> Vec<&str> {
    rooms.into_iter().map(RoomId::as_str).collect()
}
