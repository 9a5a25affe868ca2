//! Which drafts of a batch may be stored: those of members and, in open rooms, of everybody who is
//! not kept from speaking.

use chat::{Access, Draft, Problem, ProblemCode, RoomId, Sanction};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::lease::Lease;
use crate::rooms::sanction::standing;

const LOCK_ROOMS: &str = include_str!("lock_rooms.sql");

/// Locks rooms that are there, in the order of their names, and makes none.
const LOCK_PRIVATE_ROOMS: &str = "
SELECT FROM chat_room
WHERE room_id = ANY ($1::text[])
ORDER BY room_id
FOR NO KEY UPDATE";

/// Members, and whoever says again what is stored already: he may have been a member then, and may
/// not know yet what became of it.
pub(crate) const ADMIT: &str = "
SELECT draft.place - 1 AS place, room.access, room.archived_at IS NOT NULL AS is_archived,
    member.role, sanction.kind, sanction.until,
    CASE
        WHEN sanction.kind IS NOT NULL OR room.archived_at IS NOT NULL
            OR (member.role IS NULL AND starts_with(draft.room_id, 'private-'))
        THEN EXISTS (
            SELECT FROM chat_message AS m
            WHERE m.room_id = draft.room_id
                AND m.temp_id = draft.temp_id
                AND coalesce(m.sender_id::text, 'guest ' || m.sender) = draft.user_id::text
        )
        ELSE false
    END AS is_stored
FROM unnest($1::text[], $2::uuid[], $3::uuid[])
    WITH ORDINALITY AS draft (room_id, user_id, temp_id, place)
JOIN chat_room AS room ON room.room_id = draft.room_id
LEFT JOIN chat_room_member AS member
    ON member.room_id = draft.room_id AND member.user_id = draft.user_id
LEFT JOIN chat_room_sanction_in_force AS sanction
    ON sanction.room_id = draft.room_id AND sanction.user_id = draft.user_id";

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
    Banned,
    /// He is muted.
    Muted,
    /// The room is archived.
    Archived,
}

impl Silence {
    /// What whoever wants to speak is told.
    pub fn problem(self) -> Problem {
        let (code, detail) = match self {
            Self::Banned => (ProblemCode::Banned, "You are banned from the room."),
            Self::Muted => (ProblemCode::Muted, "You are muted in the room."),
            Self::Archived => (
                ProblemCode::RoomArchived,
                "The room is archived; an owner may open it again.",
            ),
        };
        Problem::new(code, detail)
    }
}

/// Locks the rooms of the drafts and says of each draft under which rules it is let in, or why not.
///
/// Every instance locks open rooms first and private ones then, each kind in the order of the
/// names, so no two wait for each other.
pub(super) async fn admit(
    lease: &mut Lease,
    drafts: &[Draft],
) -> Result<Vec<Result<Access, Stopped>>, sqlx::Error> {
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
    let senders: Vec<_> = drafts
        .iter()
        .map(|draft| draft.sender.id.map(|id| id.0))
        .collect();
    let temp_ids: Vec<_> = drafts.iter().map(|draft| draft.temp_id.0).collect();
    let rows = sqlx::query(ADMIT)
        .bind(&rooms)
        .bind(&senders)
        .bind(&temp_ids)
        .fetch_all(&mut **lease)
        .await?;
    let mut admitted = vec![Err(Stopped::NotThere); drafts.len()];
    for row in &rows {
        let place: i64 = row.try_get("place")?;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let (Some(slot), Some(draft)) = (admitted.get_mut(place), drafts.get(place)) {
            *slot = decide(row, &draft.room)?;
        }
    }
    Ok(admitted)
}

fn decide(row: &PgRow, room: &RoomId) -> Result<Result<Access, Stopped>, sqlx::Error> {
    let standing = standing(row)?;
    let access = Access(row.try_get("access")?);
    if row.try_get("is_stored")? {
        return Ok(Ok(access));
    }
    Ok(if room.is_private() && standing.role.is_none() {
        Err(Stopped::NotThere)
    } else if let Some(sanction) = standing.sanction {
        Err(Stopped::Refused(match sanction {
            Sanction::Ban => Silence::Banned,
            Sanction::Mute => Silence::Muted,
        }))
    } else if row.try_get("is_archived")? {
        Err(Stopped::Refused(Silence::Archived))
    } else {
        Ok(access)
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
