//! Reads rooms and their members.

use std::collections::HashMap;
use std::time::Duration;

use chat::{Access, Message, RoomId, RoomName, RoomRole, Sanction, Seq, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::sanction;
use crate::MessageLog;
use crate::error::ReadError;
use crate::read::row;

/// The most rooms, or members, of one answer.
pub const ROOMS_PAGE_MAX: u32 = 200;

/// A room as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What it is called; nothing where nobody made it.
    pub name: Option<RoomName>,
    /// What the member may do.
    pub role: RoomRole,
    /// When it was made, UTC; nothing where nobody did.
    pub made_at: Option<OffsetDateTime>,
    /// Its last number.
    pub last_seq: Seq,
    /// Whether it is archived.
    pub is_archived: bool,
    /// Up to where the member has read.
    pub read_seq: Seq,
    /// How many messages of others he has not, counted up to [`UNREAD_MAX`].
    pub unread: i64,
    /// The message that was said last, deleted or not.
    pub last: Option<Message>,
}

/// Up to how many unread messages are counted.
pub const UNREAD_MAX: i64 = 100;

/// A member of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: RoomRole,
    /// Since when, UTC.
    pub since: OffsetDateTime,
    /// Up to where he has read.
    pub read_seq: Seq,
}

/// Who is in a room, as of one number of its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The number.
    pub access: Access,
    /// Everybody who is in; not read of an open room, which is everybody's.
    pub members: HashMap<UserId, RoomRole>,
    /// Who is muted or banned.
    pub sanctions: HashMap<UserId, InForce>,
}

/// A mute or a ban at the moment at which the rules were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// From what somebody is kept.
    pub sanction: Sanction,
    /// For how long from that moment on, by Postgres' clock; `None` where it does not end by
    /// itself.
    pub remaining: Option<Duration>,
    /// When that is, UTC, for people.
    pub until: Option<OffsetDateTime>,
}

/// Rooms of the user `$1`. Counting the unread looks at a bounded number of messages, however many
/// of them are one's own or deleted.
macro_rules! rooms_sql {
    ($which:literal) => {
        concat!(
            "
SELECT member.room_id, room.name, member.role, room.made_at, room.last_seq,
    room.archived_at IS NOT NULL AS is_archived, member.read_seq,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM (
                SELECT m.sender_id, m.is_deleted
                FROM chat_message AS m
                WHERE m.room_id = member.room_id AND m.seq > member.read_seq
                ORDER BY m.seq
                LIMIT 1000
            ) AS next
            WHERE NOT next.is_deleted AND next.sender_id IS DISTINCT FROM $1
            LIMIT 100
        ) AS unread
    ) AS unread,
    last.*
FROM chat_room_member AS member
JOIN chat_room AS room ON room.room_id = member.room_id
LEFT JOIN LATERAL (
    SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
    FROM chat_message AS m
    WHERE m.room_id = member.room_id
    ORDER BY m.seq DESC
    LIMIT 1
) AS last ON true
",
            $which
        )
    };
}

pub(crate) const ROOMS_OF: &str = rooms_sql!(
    "WHERE member.user_id = $1 AND member.room_id > $2 ORDER BY member.room_id LIMIT $3"
);

const ROOM: &str = rooms_sql!("WHERE member.user_id = $1 AND member.room_id = $2");

const ROLE: &str = "SELECT role FROM chat_room_member WHERE room_id = $1 AND user_id = $2";

pub(crate) const MEMBERS: &str = "
SELECT user_id, role, since, read_seq
FROM chat_room_member
WHERE room_id = $1 AND user_id > $2
ORDER BY user_id
LIMIT $3";

/// One row at least where the room is there, from one snapshot.
pub(crate) const RULES: &str = "
SELECT room.access, person.user_id, person.role, person.kind, person.remaining_seconds, person.until
FROM chat_room AS room
LEFT JOIN LATERAL (
    SELECT member.user_id, member.role, NULL AS kind, NULL::float8 AS remaining_seconds,
        NULL::timestamptz AS until
    FROM chat_room_member AS member
    WHERE member.room_id = room.room_id AND $2
    UNION ALL
    SELECT sanction.user_id, NULL, sanction.kind,
        extract(epoch FROM sanction.until - clock_timestamp())::float8, sanction.until
    FROM chat_room_sanction_in_force AS sanction
    WHERE sanction.room_id = room.room_id
) AS person ON true
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
            .read(|| sqlx::query(ROOM).bind(user.0).bind(id.as_str()))
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
        let rows = self.people(MEMBERS, id, after, limit).await?;
        rows.iter()
            .map(|row| {
                Ok(Member {
                    user: UserId(row.try_get("user_id")?),
                    role: role(row)?,
                    since: row.try_get("since")?,
                    read_seq: Seq(row.try_get("read_seq")?),
                })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(ReadError::from)
    }

    /// Reads a page of people of a room: `sql` takes the room, whom they follow, and how many.
    pub(super) async fn people(
        &self,
        sql: &'static str,
        id: &RoomId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<PgRow>, ReadError> {
        let after = after.map_or(Uuid::nil(), |user| user.0);
        self.read(|| {
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(after)
                .bind(i64::from(limit.min(ROOMS_PAGE_MAX)))
        })
        .await
    }

    /// Reads who is in a room; `None` where it is not there. What was committed before the call
    /// was committed under rules no newer than these.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn rules(&self, id: &RoomId) -> Result<Option<Rules>, ReadError> {
        let is_private = id.is_private();
        let rows = self
            .read(|| sqlx::query(RULES).bind(id.as_str()).bind(is_private))
            .await?;
        rules(&rows).map_err(ReadError::from)
    }
}

fn room(row: &PgRow) -> Result<Room, sqlx::Error> {
    let id = row::room(row)?;
    let name: Option<String> = row.try_get("name")?;
    let name = name.map(|name| RoomName::parse(&name)).transpose();
    let has_message = row.try_get::<Option<Uuid>, _>("id")?.is_some();
    Ok(Room {
        name: name.map_err(|error| sqlx::Error::Decode(error.into()))?,
        role: role(row)?,
        made_at: row.try_get("made_at")?,
        last_seq: Seq(row.try_get("last_seq")?),
        is_archived: row.try_get("is_archived")?,
        read_seq: Seq(row.try_get("read_seq")?),
        unread: row.try_get("unread")?,
        last: has_message.then(|| row::message(row, &id)).transpose()?,
        id,
    })
}

fn rules(rows: &[PgRow]) -> Result<Option<Rules>, sqlx::Error> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut members = HashMap::new();
    let mut sanctions = HashMap::new();
    for row in rows {
        let Some(user) = row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId) else {
            continue;
        };
        match row.try_get::<Option<&str>, _>("kind")? {
            Some(kind) => {
                let seconds: Option<f64> = row.try_get("remaining_seconds")?;
                let in_force = InForce {
                    sanction: sanction::kind(kind)?,
                    remaining: seconds.map(|seconds| {
                        // Longer than a duration may be is as good as for good.
                        Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
                    }),
                    until: row.try_get("until")?,
                };
                sanctions.insert(user, in_force);
            }
            None => {
                members.insert(user, role(row)?);
            }
        }
    }
    Ok(Some(Rules {
        access: Access(first.try_get("access")?),
        members,
        sanctions,
    }))
}

pub(super) fn role(row: &PgRow) -> Result<RoomRole, sqlx::Error> {
    let text: &str = row.try_get("role")?;
    RoomRole::parse(text).ok_or_else(|| sqlx::Error::Decode("no role of a room".into()))
}
