//! Invitations: a room asks somebody to come in, and he answers.

use std::time::Duration;

use chat::{Access, RoomId, RoomName, Sanction, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use super::change::{ChangeError, Limit, in_time};
use super::{ROOM_MEMBERS_MAX, ROOMS_PAGE_MAX};
use crate::MessageLog;
use crate::error::ReadError;
use crate::read::row;

/// How long an invitation waits for its answer.
pub const INVITATION_LIFETIME: Duration = Duration::from_hours(14 * 24);

/// The most people whom one room has asked and who have not answered.
pub const INVITATIONS_PER_ROOM_MAX: i64 = 100;

/// The most rooms that one user is asked into and has not answered, so that nobody buries him.
pub const INVITATIONS_PER_USER_MAX: i64 = 100;

/// Somebody is asked into a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The room.
    pub room: RoomId,
    /// What it is called; nothing where nobody made it.
    pub name: Option<RoomName>,
    /// Who is asked.
    pub user: UserId,
    /// By whom.
    pub by: UserId,
    /// Since when, UTC.
    pub invited_at: OffsetDateTime,
    /// Until when he may answer, UTC.
    pub expires_at: OffsetDateTime,
}

/// Those that nobody can answer any more make place.
const SWEEP: &str = "
DELETE FROM chat_room_invitation
WHERE (room_id = $1 OR user_id = $2) AND expires_at <= clock_timestamp()";

const COUNT: &str = "
SELECT
    (SELECT count(*) FROM chat_room_invitation WHERE room_id = $1 AND user_id <> $2) AS of_room,
    (SELECT count(*) FROM chat_room_invitation WHERE user_id = $2 AND room_id <> $1) AS of_user";

const INVITE: &str = "
INSERT INTO chat_room_invitation (room_id, user_id, by_user, expires_at)
VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
ON CONFLICT (room_id, user_id) DO UPDATE
SET by_user = excluded.by_user, invited_at = excluded.invited_at, expires_at = excluded.expires_at
RETURNING room_id, (SELECT name FROM chat_room WHERE room_id = $1) AS name, user_id, by_user,
    invited_at, expires_at";

pub(super) const WITHDRAW: &str =
    "DELETE FROM chat_room_invitation WHERE room_id = $1 AND user_id = $2";

const ACCEPT: &str = "
DELETE FROM chat_room_invitation
WHERE room_id = $1 AND user_id = $2 AND expires_at > clock_timestamp()";

pub(crate) const INVITATIONS_OF: &str = "
SELECT i.room_id, room.name, i.user_id, i.by_user, i.invited_at, i.expires_at
FROM chat_room_invitation AS i
JOIN chat_room AS room ON room.room_id = i.room_id
WHERE i.user_id = $1 AND i.room_id > $2 AND i.expires_at > clock_timestamp()
ORDER BY i.room_id
LIMIT $3";

pub(crate) const INVITED_TO: &str = "
SELECT i.room_id, room.name, i.user_id, i.by_user, i.invited_at, i.expires_at
FROM chat_room_invitation AS i
JOIN chat_room AS room ON room.room_id = i.room_id
WHERE i.room_id = $1 AND i.user_id > $2 AND i.expires_at > clock_timestamp()
ORDER BY i.user_id
LIMIT $3";

impl MessageLog {
    /// Asks somebody into a room, for a moderator. Who is asked already is asked anew. `None` where
    /// he is a member.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`], [`ChangeError::NotAllowed`], [`ChangeError::Banned`];
    /// [`ChangeError::LimitReached`] at [`INVITATIONS_PER_ROOM_MAX`] or
    /// [`INVITATIONS_PER_USER_MAX`]; or Postgres does not do it.
    pub async fn invite(
        &self,
        id: &RoomId,
        by: UserId,
        user: UserId,
    ) -> Result<Option<Invitation>, ChangeError> {
        in_time(async {
            let mut change = self.begin_as_moderator(id, by).await?;
            let standing = change.standing_of(user).await?;
            if standing.sanction == Some(Sanction::Ban) {
                let until = standing.until;
                return Err(change.refuse(ChangeError::Banned { until }).await);
            }
            if standing.role.is_some() {
                change.abandon().await;
                return Ok(None);
            }
            sqlx::query(SWEEP)
                .bind(id.as_str())
                .bind(user.0)
                .execute(&mut *change.lease)
                .await?;
            let count = sqlx::query(COUNT)
                .bind(id.as_str())
                .bind(user.0)
                .fetch_one(&mut *change.lease)
                .await?;
            let (of_room, of_user): (i64, i64) =
                (count.try_get("of_room")?, count.try_get("of_user")?);
            let reached = if of_room >= INVITATIONS_PER_ROOM_MAX {
                Some(Limit::InvitationsOfRoom)
            } else if of_user >= INVITATIONS_PER_USER_MAX {
                Some(Limit::InvitationsOfUser)
            } else {
                None
            };
            if let Some(limit) = reached {
                return Err(change.refuse(ChangeError::LimitReached(limit)).await);
            }
            let invited = sqlx::query(INVITE)
                .bind(id.as_str())
                .bind(user.0)
                .bind(by.0)
                .bind(INVITATION_LIFETIME.as_secs_f64())
                .fetch_one(&mut *change.lease)
                .await?;
            let invitation = invitation(&invited)?;
            change.keep().await?;
            Ok(Some(invitation))
        })
        .await
    }

    /// Takes an invitation back, for a moderator, or declines one's own. False where there was
    /// none.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`] and [`ChangeError::NotAllowed`] for whoever is neither; or Postgres
    /// does not do it.
    pub async fn withdraw_invitation(
        &self,
        id: &RoomId,
        by: UserId,
        user: UserId,
    ) -> Result<bool, ChangeError> {
        in_time(async {
            let mut change = if by == user {
                self.begin_as_stranger(id).await?
            } else {
                self.begin_as_moderator(id, by).await?
            };
            let gone = sqlx::query(WITHDRAW)
                .bind(id.as_str())
                .bind(user.0)
                .execute(&mut *change.lease)
                .await?;
            change.keep().await?;
            Ok(gone.rows_affected() > 0)
        })
        .await
    }

    /// Makes somebody a member of the private room that he is asked into. Returns the number of the
    /// rules that say so, or `None` where he is one already.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`] where he is not asked, or banned since;
    /// [`ChangeError::LimitReached`] where there are as many members, or rooms of his; or Postgres
    /// does not do it.
    pub async fn accept_invitation(
        &self,
        id: &RoomId,
        user: UserId,
    ) -> Result<Option<Access>, ChangeError> {
        in_time(async {
            let mut change = self.begin_as_stranger(id).await?;
            let accepted = sqlx::query(ACCEPT)
                .bind(id.as_str())
                .bind(user.0)
                .execute(&mut *change.lease)
                .await?;
            if accepted.rows_affected() == 0 {
                let is_member = change.role_of(user).await?.is_some();
                let outcome = is_member.then_some(None).ok_or(ChangeError::NotThere);
                change.abandon().await;
                return outcome;
            }
            match change.come_in(user, ROOM_MEMBERS_MAX).await {
                Ok(true) => change.commit().await.map(Some),
                Ok(false) => {
                    change.keep().await?;
                    Ok(None)
                }
                Err(refused) => Err(change.refuse(refused).await),
            }
        })
        .await
    }

    /// Reads the invitations that a user may answer, in the order of the rooms' ids, behind
    /// `after`: at most `limit`, and never more than [`ROOMS_PAGE_MAX`].
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn invitations_of(
        &self,
        user: UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<Invitation>, ReadError> {
        let after = after.map_or("", RoomId::as_str);
        let rows = self
            .read(|| {
                sqlx::query(INVITATIONS_OF)
                    .bind(user.0)
                    .bind(after)
                    .bind(i64::from(limit.min(ROOMS_PAGE_MAX)))
            })
            .await?;
        invitations(&rows)
    }

    /// Reads whom a room has asked and who has not answered, in the order of their ids, behind
    /// `after`: at most `limit`, and never more than [`ROOMS_PAGE_MAX`].
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn invited_to(
        &self,
        id: &RoomId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Invitation>, ReadError> {
        invitations(&self.people(INVITED_TO, id, after, limit).await?)
    }
}

fn invitations(rows: &[PgRow]) -> Result<Vec<Invitation>, ReadError> {
    let rows = rows.iter().map(invitation);
    rows.collect::<Result<_, _>>().map_err(ReadError::from)
}

fn invitation(row: &PgRow) -> Result<Invitation, sqlx::Error> {
    let name: Option<String> = row.try_get("name")?;
    let name = name.map(|name| RoomName::parse(&name)).transpose();
    Ok(Invitation {
        room: row::room(row)?,
        name: name.map_err(|error| sqlx::Error::Decode(error.into()))?,
        user: UserId(row.try_get("user_id")?),
        by: UserId(row.try_get("by_user")?),
        invited_at: row.try_get("invited_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}
