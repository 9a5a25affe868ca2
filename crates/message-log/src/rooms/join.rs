//! Coming into an open room, and how far a member has read.

use chat::{RoomId, Sanction, Seq, UserId};
use sqlx::Row;

use super::change::{ChangeError, Limit, in_time, standing_on};
use super::invitation::WITHDRAW;
use super::{OPEN_ROOM_MEMBERS_MAX, ROOMS_JOINED_MAX};
use crate::MessageLog;
use crate::append::{commit, roll_back};
use crate::pool::Lease;

const MAKE_OPEN: &str = "INSERT INTO chat_room (room_id) VALUES ($1) ON CONFLICT DO NOTHING";

const LOCK_ROOM: &str = "SELECT FROM chat_room WHERE room_id = $1 FOR NO KEY UPDATE";

/// How many there are, as far as it matters.
const CROWD: &str = "
SELECT
    (SELECT count(*) FROM (
        SELECT FROM chat_room_member WHERE room_id = $1 LIMIT $3
    ) AS members) AS members,
    (SELECT count(*) FROM (
        SELECT FROM chat_room_member WHERE user_id = $2 LIMIT $4
    ) AS rooms) AS rooms";

const JOIN: &str = "
INSERT INTO chat_room_member (room_id, user_id, role, read_seq)
SELECT room_id, $2, 'member', last_seq FROM chat_room WHERE room_id = $1";

/// Only forward, and not past the end: two devices at once leave the farther of both.
pub(crate) const READ_TO: &str = "
UPDATE chat_room_member AS member
SET read_seq = least($3, room.last_seq), read_at = clock_timestamp()
FROM chat_room AS room
WHERE member.room_id = $1 AND member.user_id = $2 AND room.room_id = $1
    AND member.read_seq < least($3, room.last_seq)";

const READ_SEQ: &str = "
SELECT read_seq, (SELECT count(*) FROM (
    SELECT FROM chat_room_member WHERE room_id = $1 LIMIT $3
) AS members) AS members
FROM chat_room_member
WHERE room_id = $1 AND user_id = $2";

/// In rooms of at most so many members each of them sees how far the others have read.
pub const READERS_SHOWN_MAX: i64 = 100;

/// How far a member has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadTo {
    /// The place up to which he has.
    pub seq: Seq,
    /// Whether that is new.
    pub is_new: bool,
    /// Whether the room is so small that the others may see it.
    pub is_shown: bool,
}

impl MessageLog {
    /// Makes somebody a member of an open room, in which he then has nothing unread; one who is a
    /// member stays what he is.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`] where the room is private, [`ChangeError::Banned`],
    /// [`ChangeError::LimitReached`], or Postgres does not do it.
    pub async fn join_room(&self, id: &RoomId, user: UserId) -> Result<(), ChangeError> {
        if id.is_private() {
            return Err(ChangeError::NotThere);
        }
        in_time(async {
            let mut lease = self.begin().await?;
            match join_on(&mut lease, id, user).await {
                Ok(()) => Ok(commit(lease).await?),
                Err(refused) => {
                    roll_back(lease).await;
                    Err(refused)
                }
            }
        })
        .await
    }

    /// Notes that somebody has read a room up to a place: never back, and not past its end. In an
    /// open room it makes him a member.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`] where he is no member of a private room, what [`join_room`] says,
    /// or Postgres does not do it.
    ///
    /// [`join_room`]: Self::join_room
    pub async fn read_to(
        &self,
        id: &RoomId,
        user: UserId,
        seq: Seq,
    ) -> Result<ReadTo, ChangeError> {
        if let Some(read) = self.read_as_member(id, user, seq).await? {
            return Ok(read);
        }
        self.join_room(id, user).await?;
        let read = self.read_as_member(id, user, seq).await?;
        read.ok_or(ChangeError::NotThere)
    }

    async fn read_as_member(
        &self,
        id: &RoomId,
        user: UserId,
        seq: Seq,
    ) -> Result<Option<ReadTo>, ChangeError> {
        in_time(async {
            let mut lease = self.begin().await?;
            let moved = sqlx::query(READ_TO)
                .bind(id.as_str())
                .bind(user.0)
                .bind(seq.0)
                .execute(&mut *lease)
                .await?;
            let now = sqlx::query(READ_SEQ)
                .bind(id.as_str())
                .bind(user.0)
                .bind(READERS_SHOWN_MAX + 1)
                .fetch_optional(&mut *lease)
                .await?;
            commit(lease).await?;
            let Some(now) = now else { return Ok(None) };
            Ok(Some(ReadTo {
                seq: Seq(now.try_get("read_seq")?),
                is_new: moved.rows_affected() > 0,
                is_shown: now.try_get::<i64, _>("members")? <= READERS_SHOWN_MAX,
            }))
        })
        .await
    }
}

async fn join_on(lease: &mut Lease, id: &RoomId, user: UserId) -> Result<(), ChangeError> {
    for sql in [MAKE_OPEN, LOCK_ROOM] {
        sqlx::query(sql)
            .bind(id.as_str())
            .execute(&mut **lease)
            .await?;
    }
    come_in_on(lease, id, user, OPEN_ROOM_MEMBERS_MAX).await?;
    Ok(())
}

/// Makes somebody a member of a room whose row is locked, which nothing but a ban or a limit stands
/// against. False where he is one already.
pub(super) async fn come_in_on(
    lease: &mut Lease,
    id: &RoomId,
    user: UserId,
    members_max: i64,
) -> Result<bool, ChangeError> {
    // Asked only now: what was changed while the lock was waited for counts.
    let standing = standing_on(lease, id, user).await?;
    if standing.sanction == Some(Sanction::Ban) {
        return Err(if id.is_private() {
            ChangeError::NotThere
        } else {
            ChangeError::Banned {
                until: standing.until,
            }
        });
    }
    if standing.role.is_some() {
        return Ok(false);
    }
    let crowd = sqlx::query(CROWD)
        .bind(id.as_str())
        .bind(user.0)
        .bind(members_max)
        .bind(ROOMS_JOINED_MAX)
        .fetch_one(&mut **lease)
        .await?;
    let (members, rooms): (i64, i64) = (crowd.try_get("members")?, crowd.try_get("rooms")?);
    if members >= members_max {
        return Err(ChangeError::LimitReached(Limit::Members(members_max)));
    }
    if rooms >= ROOMS_JOINED_MAX {
        return Err(ChangeError::LimitReached(Limit::RoomsJoined));
    }
    for sql in [JOIN, WITHDRAW] {
        sqlx::query(sql)
            .bind(id.as_str())
            .bind(user.0)
            .execute(&mut **lease)
            .await?;
    }
    Ok(true)
}
