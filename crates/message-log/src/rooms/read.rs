//! Reads rooms and their members.

use std::collections::HashMap;

use chat::{Access, RoomId, RoomName, RoomRole, Seq, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::MessageLog;
use crate::error::ReadError;

/// The most rooms, or members, of one answer.
pub const ROOMS_PAGE_MAX: u32 = 200;

/// A room as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What it is called.
    pub name: RoomName,
    /// What the member may do.
    pub role: RoomRole,
    /// When it was made, UTC.
    pub made_at: OffsetDateTime,
    /// Its last number.
    pub last_seq: Seq,
}

/// A member of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: RoomRole,
    /// Since when, UTC.
    pub since: OffsetDateTime,
}

/// Who is in a room, as of one number of its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The number.
    pub access: Access,
    /// Everybody who is in.
    pub members: HashMap<UserId, RoomRole>,
}

pub(crate) const ROOMS_OF: &str = "
SELECT member.room_id, room.name, member.role, room.made_at, room.last_seq
FROM chat_room_member AS member
JOIN chat_room AS room ON room.room_id = member.room_id
WHERE member.user_id = $1 AND member.room_id > $2
ORDER BY member.room_id
LIMIT $3";

const ROOM: &str = "
SELECT member.room_id, room.name, member.role, room.made_at, room.last_seq
FROM chat_room_member AS member
JOIN chat_room AS room ON room.room_id = member.room_id
WHERE member.room_id = $1 AND member.user_id = $2";

const ROLE: &str = "SELECT role FROM chat_room_member WHERE room_id = $1 AND user_id = $2";

pub(crate) const MEMBERS: &str = "
SELECT user_id, role, since
FROM chat_room_member
WHERE room_id = $1 AND user_id > $2
ORDER BY user_id
LIMIT $3";

/// One row at least where the room is there, from one snapshot.
pub(crate) const RULES: &str = "
SELECT room.access, member.user_id, member.role
FROM chat_room AS room
LEFT JOIN chat_room_member AS member ON member.room_id = room.room_id
WHERE room.room_id = $1";

impl MessageLog {
    /// Reads the rooms that a user is a member of, in the order of their ids, behind `after`: at
    /// most `limit`, and never more than [`ROOMS_PAGE_MAX`].
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn rooms_of(
        &self,
        user: UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<Room>, ReadError> {
        let after = after.map_or("", RoomId::as_str);
        let rows = self
            .read(|| {
                sqlx::query(ROOMS_OF)
                    .bind(user.0)
                    .bind(after)
                    .bind(i64::from(limit.min(ROOMS_PAGE_MAX)))
            })
            .await?;
        let rooms = rows.iter().map(room);
        rooms.collect::<Result<_, _>>().map_err(ReadError::from)
    }

    /// Reads a room as a member sees it; `None` where it is not there, or the user no member.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn room(&self, id: &RoomId, user: UserId) -> Result<Option<Room>, ReadError> {
        let rows = self
            .read(|| sqlx::query(ROOM).bind(id.as_str()).bind(user.0))
            .await?;
        rows.first().map(room).transpose().map_err(ReadError::from)
    }

    /// Reads what a user is in a room; `None` where it is not there, or the user no member.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn role_in(&self, id: &RoomId, user: UserId) -> Result<Option<RoomRole>, ReadError> {
        let rows = self
            .read(|| sqlx::query(ROLE).bind(id.as_str()).bind(user.0))
            .await?;
        rows.first().map(role).transpose().map_err(ReadError::from)
    }

    /// Reads the members of a room in the order of their ids, behind `after`: at most `limit`,
    /// and never more than [`ROOMS_PAGE_MAX`].
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn members(
        &self,
        id: &RoomId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Member>, ReadError> {
        let after = after.map_or(Uuid::nil(), |user| user.0);
        let rows = self
            .read(|| {
                sqlx::query(MEMBERS)
                    .bind(id.as_str())
                    .bind(after)
                    .bind(i64::from(limit.min(ROOMS_PAGE_MAX)))
            })
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Member {
                    user: UserId(row.try_get("user_id")?),
                    role: role(row)?,
                    since: row.try_get("since")?,
                })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(ReadError::from)
    }

    /// Reads who is in a room; `None` where it is not there. What was committed before the call
    /// was committed under rules no newer than these.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn rules(&self, id: &RoomId) -> Result<Option<Rules>, ReadError> {
        let rows = self.read(|| sqlx::query(RULES).bind(id.as_str())).await?;
        rules(&rows).map_err(ReadError::from)
    }
}

fn room(row: &PgRow) -> Result<Room, sqlx::Error> {
    let (id, name): (String, String) = (row.try_get("room_id")?, row.try_get("name")?);
    Ok(Room {
        id: RoomId::parse(&id).map_err(|error| sqlx::Error::Decode(error.into()))?,
        name: RoomName::parse(&name).map_err(|error| sqlx::Error::Decode(error.into()))?,
        role: role(row)?,
        made_at: row.try_get("made_at")?,
        last_seq: Seq(row.try_get("last_seq")?),
    })
}

fn rules(rows: &[PgRow]) -> Result<Option<Rules>, sqlx::Error> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut members = HashMap::with_capacity(rows.len());
    for row in rows {
        if let Some(user) = row.try_get::<Option<Uuid>, _>("user_id")? {
            members.insert(UserId(user), role(row)?);
        }
    }
    Ok(Some(Rules {
        access: Access(first.try_get("access")?),
        members,
    }))
}

pub(super) fn role(row: &PgRow) -> Result<RoomRole, sqlx::Error> {
    let text: &str = row.try_get("role")?;
    RoomRole::parse(text).ok_or_else(|| sqlx::Error::Decode("no role of a room".into()))
}
