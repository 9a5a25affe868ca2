//! Who is in which room: said by each instance of its own sockets, and believed for as long as it
//! holds its lease.

use std::time::Duration;

use chat::{Nickname, RoomId, UserId};
use sqlx::Row;
use uuid::Uuid;

use crate::MessageLog;
use crate::append::commit;
use crate::error::ReadError;
use crate::rooms::{ChangeError, change::in_time};

/// In rooms of more people than this they are counted and not listed.
pub const PRESENCE_LIST_MAX: u32 = 100;

/// Somebody who came into a room of an instance, or left the last of his places in it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// Under which name.
    pub nickname: Nickname,
    /// Whether he is there now.
    pub is_here: bool,
}

/// Who is in a room, on whichever instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// How many people.
    pub count: i64,
    /// Who they are, each once, in the order of their ids; of a larger crowd than
    /// [`PRESENCE_LIST_MAX`] the first of them.
    pub people: Vec<(UserId, String)>,
}

/// True where nobody knew the lease, and with it what the instance had said.
const RENEW: &str = "
INSERT INTO chat_presence_lease (instance, expires_at)
VALUES ($1, clock_timestamp() + make_interval(secs => $2))
ON CONFLICT (instance) DO UPDATE SET expires_at = excluded.expires_at
RETURNING xmax = 0 AS is_new";

/// Takes away what instances had said whose leases ran out long ago.
const SWEEP: &str = "
WITH ended AS (
    DELETE FROM chat_presence_lease
    WHERE instance IN (
        SELECT instance FROM chat_presence_lease
        WHERE expires_at < clock_timestamp() - make_interval(secs => $1)
        LIMIT 16
        FOR UPDATE SKIP LOCKED
    )
    RETURNING instance
)
DELETE FROM chat_presence USING ended WHERE chat_presence.instance = ended.instance";

const END: &str = "
WITH ended AS (
    DELETE FROM chat_presence_lease WHERE instance = $1
)
DELETE FROM chat_presence WHERE instance = $1";

const ENTER: &str = "
INSERT INTO chat_presence (room_id, instance, user_id, nickname)
SELECT room_id, $1, user_id, nickname
FROM unnest($2::text[], $3::uuid[], $4::text[]) AS entered (room_id, user_id, nickname)
ON CONFLICT (room_id, instance, user_id) DO UPDATE SET nickname = excluded.nickname";

const LEAVE: &str = "
DELETE FROM chat_presence AS p
USING unnest($2::text[], $3::uuid[]) AS gone (room_id, user_id)
WHERE p.instance = $1 AND p.room_id = gone.room_id AND p.user_id = gone.user_id";

pub(crate) const PRESENT: &str = "
SELECT asked.place - 1 AS place, person.user_id, person.nickname, person.count
FROM unnest($1::text[]) WITH ORDINALITY AS asked (room_id, place)
CROSS JOIN LATERAL (
    SELECT p.user_id, min(p.nickname) AS nickname, count(*) OVER () AS count
    FROM chat_presence AS p
    JOIN chat_presence_lease AS lease ON lease.instance = p.instance
    WHERE p.room_id = asked.room_id AND lease.expires_at > clock_timestamp()
    GROUP BY p.user_id
    ORDER BY p.user_id
    LIMIT $2
) AS person
ORDER BY asked.place, person.user_id";

impl MessageLog {
    /// Holds the lease of an instance from now for as long as it `lasts`: so long an instance that says
    /// nothing more is believed. True where there was none: then whatever it has said before has to be
    /// said anew.
    ///
    /// # Errors
    /// Postgres does not do it, or did it and nobody knows.
    pub async fn renew_presence(
        &self,
        instance: Uuid,
        lasts: Duration,
    ) -> Result<bool, ChangeError> {
        in_time(async {
            let mut lease = self.begin().await?;
            let is_new = sqlx::query_scalar(RENEW)
                .bind(instance)
                .bind(lasts.as_secs_f64())
                .fetch_one(&mut *lease)
                .await?;
            sqlx::query(SWEEP)
                .bind(lasts.as_secs_f64())
                .execute(&mut *lease)
                .await?;
            commit(lease).await?;
            Ok(is_new)
        })
        .await
    }

    /// Notes who came and who left on an instance. Each person and room is to be named once.
    ///
    /// # Errors
    /// Postgres does not do it; the same may be said again.
    pub async fn note_presence(
        &self,
        instance: Uuid,
        changes: &[Presence],
    ) -> Result<(), ChangeError> {
        let (entered, left): (Vec<_>, Vec<_>) =
            changes.iter().partition(|presence| presence.is_here);
        in_time(async {
            let mut lease = self.begin().await?;
            sqlx::query(LEAVE)
                .bind(instance)
                .bind(rooms(&left))
                .bind(users(&left))
                .execute(&mut *lease)
                .await?;
            let names: Vec<&str> = entered
                .iter()
                .map(|presence| presence.nickname.as_str())
                .collect();
            sqlx::query(ENTER)
                .bind(instance)
                .bind(rooms(&entered))
                .bind(users(&entered))
                .bind(names)
                .execute(&mut *lease)
                .await?;
            commit(lease).await?;
            Ok(())
        })
        .await
    }

    /// Takes away the lease of an instance, and all that it has said.
    ///
    /// # Errors
    /// Postgres does not do it; the lease then runs out by itself.
    pub async fn end_presence(&self, instance: Uuid) -> Result<(), ReadError> {
        self.read(|| sqlx::query(END).bind(instance))
            .await
            .map(drop)
    }

    /// Reads who is in each of these rooms, in their order.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn present(&self, rooms: &[RoomId]) -> Result<Vec<Present>, ReadError> {
        let names: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
        let rows = self
            .read(|| {
                sqlx::query(PRESENT)
                    .bind(&names)
                    .bind(i64::from(PRESENCE_LIST_MAX))
            })
            .await?;
        let mut present = vec![Present::default(); rooms.len()];
        for row in &rows {
            let place: i64 = row.try_get("place")?;
            let Some(room) = usize::try_from(place)
                .ok()
                .and_then(|at| present.get_mut(at))
            else {
                continue;
            };
            room.count = row.try_get("count")?;
            let person = (UserId(row.try_get("user_id")?), row.try_get("nickname")?);
            room.people.push(person);
        }
        Ok(present)
    }
}

fn rooms<'a>(changes: &[&'a Presence]) -> Vec<&'a str> {
    changes
        .iter()
        .map(|presence| presence.room.as_str())
        .collect()
}

fn users(changes: &[&Presence]) -> Vec<Uuid> {
    changes.iter().map(|presence| presence.user.0).collect()
}
