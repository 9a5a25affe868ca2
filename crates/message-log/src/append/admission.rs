//! Which drafts of a batch may be stored: those of members and, in open rooms, of everybody who is
//! not kept from speaking.

use std::collections::HashMap;

use chat::{Access, Draft, Problem, ProblemCode, RoomId, Sanction, Seq, UserId};
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

/// What decides about each sender in each room, and where the room's numbers stand.
pub(crate) const LOOK: &str = include_str!("look.sql");

/// What was stored before, with one look into the index of the key per draft.
pub(crate) const EARLIER: &str = include_str!("earlier.sql");

/// Whether to look for what was stored before under the keys of a batch. Nearly always nothing was,
/// and the keys' index finds out as well while it takes them in; only then all of it begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    /// Something of this batch, or of one lately, was said again.
    Looked,
    /// Nothing is believed to be.
    Unlikely,
}

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
    /// The number of the room's rules.
    access: Access,
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
    repeats: Repeats,
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
    let (people, places) = people(drafts);
    let facts = facts(lease, &people).await?;
    let mut looked: Vec<Option<Looked>> = places
        .iter()
        .map(|&place| facts[place].map(Looked::of))
        .collect();
    let is_stopped = |(looked, draft): (&Option<Looked>, &Draft)| {
        let is_stopped = looked
            .as_ref()
            .is_some_and(|looked| looked.admitted.is_err());
        is_stopped && draft.sender.id.is_some()
    };
    if repeats == Repeats::Looked || looked.iter().zip(drafts).any(is_stopped) {
        for row in &earlier_of(lease, drafts).await? {
            let place: i64 = row.try_get("place")?;
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            if let (Some(Some(looked)), Some(draft)) = (looked.get_mut(place), drafts.get(place)) {
                looked.earlier = Some(earlier(row)?);
                // He may have been let in then, and may not know yet what became of it.
                if draft.sender.id.is_some() {
                    looked.admitted = Ok(looked.access);
                }
            }
        }
    }
    Ok(looked)
}

/// What is known of somebody in a room that is there.
#[derive(Clone, Copy)]
struct Facts {
    access: Access,
    stopped: Option<Stopped>,
    room: RoomHead,
}

impl Looked {
    fn of(facts: Facts) -> Self {
        Self {
            admitted: facts.stopped.map_or(Ok(facts.access), Err),
            access: facts.access,
            earlier: None,
            room: facts.room,
        }
    }
}

/// Who speaks where, each once, and for each draft which of them it is.
fn people(drafts: &[Draft]) -> (Vec<(&RoomId, Option<UserId>)>, Vec<usize>) {
    let mut people = Vec::new();
    let mut known = HashMap::new();
    let places = drafts.iter().map(|draft| {
        let person = (&draft.room, draft.sender.id);
        *known.entry(person).or_insert_with(|| {
            people.push(person);
            people.len() - 1
        })
    });
    let places = places.collect();
    (people, places)
}

/// What is known of each of these people; `None` where the private room is not there.
async fn facts(
    lease: &mut Lease,
    people: &[(&RoomId, Option<UserId>)],
) -> Result<Vec<Option<Facts>>, sqlx::Error> {
    let rooms: Vec<&str> = people.iter().map(|(room, _)| room.as_str()).collect();
    let users: Vec<_> = people
        .iter()
        .map(|(_, user)| user.map(|user| user.0))
        .collect();
    let rows = sqlx::query(LOOK)
        .bind(&rooms)
        .bind(&users)
        .fetch_all(&mut **lease)
        .await?;
    let mut facts = vec![None; people.len()];
    for row in &rows {
        let place: i64 = row.try_get("place")?;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let (Some(slot), Some((room, _))) = (facts.get_mut(place), people.get(place)) {
            *slot = Some(Facts {
                access: Access(row.try_get("access")?),
                stopped: stopped(row, room)?,
                room: RoomHead {
                    last_seq: Seq(row.try_get("last_seq")?),
                    now: row.try_get("now")?,
                },
            });
        }
    }
    Ok(facts)
}

/// Lets in members and, in open rooms, whoever is not kept from speaking.
fn stopped(row: &PgRow, room: &RoomId) -> Result<Option<Stopped>, sqlx::Error> {
    let standing = standing(row)?;
    Ok(if room.is_private() && standing.role.is_none() {
        Some(Stopped::NotThere)
    } else if let Some(sanction) = standing.sanction {
        let until = standing.until;
        Some(Stopped::Refused(match sanction {
            Sanction::Ban => Silence::Banned { until },
            Sanction::Mute => Silence::Muted { until },
        }))
    } else if row.try_get("is_archived")? {
        Some(Stopped::Refused(Silence::Archived))
    } else {
        None
    })
}

async fn earlier_of(lease: &mut Lease, drafts: &[Draft]) -> Result<Vec<PgRow>, sqlx::Error> {
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
    sqlx::query(EARLIER)
        .bind(&rooms)
        .bind(&temp_ids)
        .bind(&senders)
        .bind(&sender_ids)
        .fetch_all(&mut **lease)
        .await
}

fn earlier(row: &PgRow) -> Result<Earlier, sqlx::Error> {
    Ok(Earlier {
        id: row.try_get("id")?,
        seq: Seq(row.try_get("seq")?),
        rev: Seq(row.try_get("rev")?),
        sender: row.try_get("sender")?,
        content: row.try_get("content")?,
        created_at: row.try_get("created_at")?,
        edited_at: row.try_get("edited_at")?,
        is_deleted: row.try_get("is_deleted")?,
    })
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
