//! Mutes and bans: who may not speak in a room, or not be in it.

use chat::{Access, RoomId, RoomRole, Sanction, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use super::change::{Change, ChangeError, Limit, in_time};
use super::read::role;
use crate::error::ReadError;
use crate::{Actor, MessageLog};

/// The most people whom one room keeps from speaking or from coming in. Every instance that
/// watches the room keeps the list.
pub const ROOM_SANCTIONS_MAX: i64 = 1_000;

/// From what somebody is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// From what.
    pub sanction: Sanction,
    /// When that ends by itself, UTC, in whole microseconds as it is kept; `None` where it lasts
    /// until it is lifted.
    pub until: Option<OffsetDateTime>,
}

/// What somebody is in a room, and what he may not do there at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What he is, where he is a member.
    pub role: Option<RoomRole>,
    /// What he may not do.
    pub sanction: Option<Sanction>,
    /// When that ends by itself.
    pub until: Option<OffsetDateTime>,
}

/// Somebody who is muted or banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sanctioned {
    /// Who.
    pub user: UserId,
    /// From what he is kept.
    pub sanction: Sanction,
    /// By whom.
    pub by: UserId,
    /// Since when, UTC.
    pub since: OffsetDateTime,
    /// When that ends by itself, UTC.
    pub until: Option<OffsetDateTime>,
}

pub(crate) const STANDING: &str = "
SELECT
    (SELECT role FROM chat_room_member WHERE room_id = $1 AND user_id = $2) AS role,
    sanction.kind, sanction.until
FROM (SELECT) AS one
LEFT JOIN chat_room_sanction_in_force AS sanction
    ON sanction.room_id = $1 AND sanction.user_id = $2";

pub(crate) const SANCTIONED: &str = "
SELECT user_id, kind, by_user, since, until
FROM chat_room_sanction_in_force
WHERE room_id = $1 AND user_id > $2
ORDER BY user_id
LIMIT $3";

/// Those that are over go, so that the table does not grow by them.
const PUT: &str = "
WITH over AS (
    DELETE FROM chat_room_sanction
    WHERE room_id = $1 AND until <= clock_timestamp() AND user_id <> $2
)
INSERT INTO chat_room_sanction (room_id, user_id, kind, by_user, until)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (room_id, user_id) DO UPDATE
SET kind = excluded.kind, by_user = excluded.by_user, since = excluded.since,
    until = excluded.until";

const LIFT: &str = "DELETE FROM chat_room_sanction WHERE room_id = $1 AND user_id = $2";

const EXPEL: &str = "DELETE FROM chat_room_member WHERE room_id = $1 AND user_id = $2";

impl Sentence {
    /// One that lasts until it is lifted.
    pub fn for_good(sanction: Sanction) -> Self {
        Self {
            sanction,
            until: None,
        }
    }

    /// One that ends by itself.
    pub fn until(sanction: Sanction, end: OffsetDateTime) -> Self {
        let micros = end.nanosecond() / 1_000 * 1_000;
        Self {
            sanction,
            until: Some(end.replace_nanosecond(micros).unwrap_or(end)),
        }
    }
}

impl Standing {
    /// From what he is kept, and for how long.
    fn sentence(&self) -> Option<Sentence> {
        let until = self.until;
        self.sanction.map(|sanction| Sentence { sanction, until })
    }

    /// Whether he may hear and read a room.
    pub fn admits_to(&self, room: &RoomId) -> bool {
        let is_in = self.role.is_some() || !room.is_private();
        is_in && self.sanction != Some(Sanction::Ban)
    }
}

impl MessageLog {
    /// Mutes or bans somebody, member or not, for good or for a time, or lifts what he was kept
    /// from, for a moderator of the room or an administrator. What ends by itself takes no number
    /// of the rules then. Who is banned is no member any more. Returns the number of
    /// the rules that say so, or `None` where it was so before.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`]; [`ChangeError::NotAllowed`] where it is oneself, or one of a role
    /// that `by` may not take; [`ChangeError::LastOwner`]; [`ChangeError::LimitReached`] at
    /// [`ROOM_SANCTIONS_MAX`]; or Postgres does not do it.
    pub async fn sanction(
        &self,
        id: &RoomId,
        by: Actor,
        user: UserId,
        wanted: Option<Sentence>,
    ) -> Result<Option<Access>, ChangeError> {
        in_time(async {
            let mut change = if by.is_admin {
                self.begin_as_admin(id).await?
            } else {
                self.begin_change(id, by.user).await?
            };
            let known = change.standing_of(user).await?;
            if known.sentence() == wanted && change.role > RoomRole::Member {
                change.abandon().await;
                return Ok(None);
            }
            if let Some(why) = refusal(&mut change, by, user, known, wanted).await? {
                return Err(change.refuse(why).await);
            }
            carry_out(&mut change, by, user, wanted).await?;
            change.commit().await.map(Some)
        })
        .await
    }

    /// Reads what somebody is in a room, and what he may not do there; nothing of either where the
    /// room is not there.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn standing(&self, id: &RoomId, user: UserId) -> Result<Standing, ReadError> {
        let rows = self
            .read(|| sqlx::query(STANDING).bind(id.as_str()).bind(user.0))
            .await?;
        let standing = rows.first().map(standing).transpose();
        standing
            .map(Option::unwrap_or_default)
            .map_err(ReadError::from)
    }

    /// Reads who is muted and banned in the order of their ids, behind `after`: at most `limit`,
    /// and never more than [`ROOMS_PAGE_MAX`](super::ROOMS_PAGE_MAX).
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn sanctioned(
        &self,
        id: &RoomId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Sanctioned>, ReadError> {
        let rows = self.people(SANCTIONED, id, after, limit).await?;
        rows.iter()
            .map(|row| {
                Ok(Sanctioned {
                    user: UserId(row.try_get("user_id")?),
                    sanction: kind(row.try_get("kind")?)?,
                    by: UserId(row.try_get("by_user")?),
                    since: row.try_get("since")?,
                    until: row.try_get("until")?,
                })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(ReadError::from)
    }
}

async fn refusal(
    change: &mut Change,
    by: Actor,
    user: UserId,
    known: Standing,
    wanted: Option<Sentence>,
) -> Result<Option<ChangeError>, ChangeError> {
    let taken = known.role.unwrap_or(RoomRole::Member);
    if user == by.user || !change.role.may_give(taken) {
        return Ok(Some(ChangeError::NotAllowed));
    }
    let is_owner = known.role == Some(RoomRole::Owner);
    let is_ban = wanted.is_some_and(|wanted| wanted.sanction == Sanction::Ban);
    if is_ban && is_owner && change.count_owners().await? == 1 {
        return Ok(Some(ChangeError::LastOwner));
    }
    if known.sanction.is_none() && change.count_sanctioned().await? >= ROOM_SANCTIONS_MAX {
        return Ok(Some(ChangeError::LimitReached(Limit::Sanctions)));
    }
    Ok(None)
}

async fn carry_out(
    change: &mut Change,
    by: Actor,
    user: UserId,
    wanted: Option<Sentence>,
) -> Result<(), sqlx::Error> {
    let id = change.id.clone();
    let Some(Sentence { sanction, until }) = wanted else {
        let lift = sqlx::query(LIFT).bind(id.as_str()).bind(user.0);
        return lift.execute(&mut *change.lease).await.map(drop);
    };
    sqlx::query(PUT)
        .bind(id.as_str())
        .bind(user.0)
        .bind(sanction.as_str())
        .bind(by.user.0)
        .bind(until)
        .execute(&mut *change.lease)
        .await?;
    if sanction == Sanction::Ban {
        let expel = sqlx::query(EXPEL).bind(id.as_str()).bind(user.0);
        expel.execute(&mut *change.lease).await?;
    }
    Ok(())
}

pub(crate) fn standing(row: &PgRow) -> Result<Standing, sqlx::Error> {
    let is_member = row.try_get::<Option<&str>, _>("role")?.is_some();
    Ok(Standing {
        role: is_member.then(|| role(row)).transpose()?,
        sanction: row
            .try_get::<Option<&str>, _>("kind")?
            .map(kind)
            .transpose()?,
        until: row.try_get("until")?,
    })
}

pub(super) fn kind(text: &str) -> Result<Sanction, sqlx::Error> {
    Sanction::parse(text).ok_or_else(|| sqlx::Error::Decode("no sanction of a room".into()))
}
