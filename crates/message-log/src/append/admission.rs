//! Which drafts of a batch may be stored: those of open rooms, and those of members.

use std::collections::HashMap;

use chat::{Access, Draft, RoomId};
use sqlx::FromRow;

use crate::lease::Lease;

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
SELECT draft.place - 1, room.access
FROM unnest($1::text[], $2::uuid[], $3::uuid[])
    WITH ORDINALITY AS draft (room_id, user_id, temp_id, place)
JOIN chat_room AS room ON room.room_id = draft.room_id
WHERE EXISTS (
    SELECT FROM chat_room_member AS member
    WHERE member.room_id = draft.room_id AND member.user_id = draft.user_id
) OR EXISTS (
    SELECT FROM chat_message AS m
    WHERE m.room_id = draft.room_id
        AND m.temp_id = draft.temp_id
        AND coalesce(m.sender_id::text, 'guest ' || m.sender) = draft.user_id::text
)";

/// Locks the rooms of the drafts and says of each draft under which rules it is let in; `None`
/// where its room is private and its sender no member who says something new, or the room not there.
///
/// Every instance locks open rooms first and private ones then, each kind in the order of the
/// names, so no two wait for each other.
pub(super) async fn admit(
    lease: &mut Lease,
    drafts: &[Draft],
) -> Result<Vec<Option<Access>>, sqlx::Error> {
    let (private, open) = rooms(drafts);
    sqlx::query(LOCK_ROOMS)
        .bind(&open)
        .execute(&mut **lease)
        .await?;
    if private.is_empty() {
        return Ok(vec![Some(Access::default()); drafts.len()]);
    }
    sqlx::query(LOCK_PRIVATE_ROOMS)
        .bind(&private)
        .execute(&mut **lease)
        .await?;
    // Asked only now: what was changed while the lock was waited for counts.
    let insiders = insiders(lease, drafts).await?;
    let admitted = drafts.iter().enumerate().map(|(place, draft)| {
        if draft.room.is_private() {
            insiders.get(&place).copied()
        } else {
            Some(Access::default())
        }
    });
    Ok(admitted.collect())
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

/// The places of the drafts whose senders may say them in their rooms, and the rooms' rules.
async fn insiders(
    lease: &mut Lease,
    drafts: &[Draft],
) -> Result<HashMap<usize, Access>, sqlx::Error> {
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
    rows.iter()
        .map(|row| {
            let (place, access): (i64, i64) = FromRow::from_row(row)?;
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            Ok((place, Access(access)))
        })
        .collect()
}
