//! A change of a room: one transaction that holds the lock of its row.

use chat::{Access, RoomId, RoomName, RoomRole, UserId};
use time::OffsetDateTime;
use tokio::time::timeout;

use super::join::come_in_on;
use super::read::role;
use super::sanction::{STANDING, Standing, standing};
use crate::MessageLog;
use crate::append::{BEGIN, CommitError, STORE_TIME_MAX, commit, roll_back};
use crate::error::{Cause, ReadError};
use crate::pool::Lease;

/// Why a room was not changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such room, or whoever asks is no member of it.
    #[error("there is no such room")]
    NotThere,
    /// Whoever asks is a member, and may not do this.
    #[error("the role does not allow it")]
    NotAllowed,
    /// The room would be left without an owner.
    #[error("the room would be left without an owner")]
    LastOwner,
    /// The user is banned from the room.
    #[error("the user is banned from the room")]
    Banned {
        /// When that ends by itself, UTC.
        until: Option<OffsetDateTime>,
    },
    /// There are as many as there may be.
    #[error("there are as many as there may be: {0:?}")]
    LimitReached(Limit),
    /// The room is there already, or somebody has spoken in it.
    #[error("the room is there already")]
    Exists,
    /// Postgres is away, overloaded or too slow. Whether the change was made is not known; each
    /// may be asked for again.
    #[error("Postgres is unavailable: {0}")]
    Unavailable(Cause),
    /// Postgres answered that it will not do this: a fault of the program or of the database.
    #[error("Postgres refused to change: {0}")]
    Failed(Cause),
}

/// Of what there are as many as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`ROOMS_OWNED_MAX`](super::ROOMS_OWNED_MAX) rooms of whoever would own one more.
    RoomsOwned,
    /// [`ROOMS_JOINED_MAX`](super::ROOMS_JOINED_MAX) rooms of whoever would come into one more.
    RoomsJoined,
    /// So many members of the room.
    Members(i64),
    /// [`ROOM_SANCTIONS_MAX`](super::ROOM_SANCTIONS_MAX) mutes and bans of the room.
    Sanctions,
    /// [`INVITATIONS_PER_ROOM_MAX`](super::INVITATIONS_PER_ROOM_MAX) invitations of the room.
    InvitationsOfRoom,
    /// [`INVITATIONS_PER_USER_MAX`](super::INVITATIONS_PER_USER_MAX) invitations of whoever would be
    /// asked once more.
    InvitationsOfUser,
    /// [`LINKS_PER_ROOM_MAX`](super::LINKS_PER_ROOM_MAX) links of the room.
    Links,
}

const LOCK_ROOM: &str = "SELECT FROM chat_room WHERE room_id = $1 FOR NO KEY UPDATE";
const ROLE: &str = "SELECT role FROM chat_room_member WHERE room_id = $1 AND user_id = $2";
const SET_ROOM: &str = "
UPDATE chat_room
SET name = coalesce($2, name),
    archived_at = CASE
        WHEN $3::boolean IS NULL THEN archived_at
        WHEN $3 THEN coalesce(archived_at, clock_timestamp())
    END
WHERE room_id = $1";
const MAKE_OPEN: &str = "INSERT INTO chat_room (room_id) VALUES ($1) ON CONFLICT DO NOTHING";
const IS_THERE: &str = "SELECT EXISTS (SELECT FROM chat_room WHERE room_id = $1)";
const NEXT_ACCESS: &str =
    "UPDATE chat_room SET access = access + 1 WHERE room_id = $1 RETURNING access";

impl MessageLog {
    /// Gives a room another name, archives it or opens it again, for an owner; what is `None`
    /// stays. In an archived room nothing is said or changed. Returns the number of the rules that
    /// say so.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`], [`ChangeError::NotAllowed`], or Postgres does not do it.
    pub async fn change_room(
        &self,
        id: &RoomId,
        by: UserId,
        name: Option<&RoomName>,
        archived: Option<bool>,
    ) -> Result<Access, ChangeError> {
        let change = self.begin_as_owner(id, by);
        in_time(async {
            let mut change = change.await?;
            sqlx::query(SET_ROOM)
                .bind(id.as_str())
                .bind(name.map(RoomName::as_str))
                .bind(archived)
                .execute(&mut *change.lease)
                .await?;
            change.commit().await
        })
        .await
    }

    /// Ends a room's membership and name, for an owner. A private room is then nobody's, and its
    /// id is not given again; an open one exists by being named, as any other. What was said is
    /// kept. Returns the number of the rules that say so.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`], [`ChangeError::NotAllowed`], or Postgres does not do it.
    pub async fn close_room(&self, id: &RoomId, by: UserId) -> Result<Access, ChangeError> {
        let change = self.begin_as_owner(id, by);
        in_time(async {
            let mut change = change.await?;
            for sql in [
                "DELETE FROM chat_room_member WHERE room_id = $1",
                "DELETE FROM chat_room_invitation WHERE room_id = $1",
                "DELETE FROM chat_room_link WHERE room_id = $1",
                "UPDATE chat_room SET name = NULL WHERE room_id = $1",
            ] {
                sqlx::query(sql)
                    .bind(id.as_str())
                    .execute(&mut *change.lease)
                    .await?;
            }
            change.commit().await
        })
        .await
    }

    async fn begin_as_owner(&self, id: &RoomId, by: UserId) -> Result<Change, ChangeError> {
        let change = self.begin_change(id, by).await?;
        if change.role == RoomRole::Owner {
            Ok(change)
        } else {
            Err(change.refuse(ChangeError::NotAllowed).await)
        }
    }

    pub(super) async fn begin_as_moderator(
        &self,
        id: &RoomId,
        by: UserId,
    ) -> Result<Change, ChangeError> {
        let change = self.begin_change(id, by).await?;
        if change.role >= RoomRole::Moderator {
            Ok(change)
        } else {
            Err(change.refuse(ChangeError::NotAllowed).await)
        }
    }

    /// Begins a transaction, locks the room and finds out what `by` is in it.
    pub(super) async fn begin_change(
        &self,
        id: &RoomId,
        by: UserId,
    ) -> Result<Change, ChangeError> {
        let mut lease = self.begin().await?;
        sqlx::query(LOCK_ROOM)
            .bind(id.as_str())
            .execute(&mut *lease)
            .await?;
        // Asked only now: what was changed while the lock was waited for counts.
        match role_on(&mut lease, id, by).await? {
            Some(role) => Ok(Change {
                lease,
                id: id.clone(),
                role,
            }),
            None => {
                roll_back(lease).await;
                Err(ChangeError::NotThere)
            }
        }
    }

    /// Begins a change of an administrator, who may what an owner may; of an open room also where
    /// nobody made it.
    pub(super) async fn begin_as_admin(&self, id: &RoomId) -> Result<Change, ChangeError> {
        let mut lease = self.begin().await?;
        if !id.is_private() {
            sqlx::query(MAKE_OPEN)
                .bind(id.as_str())
                .execute(&mut *lease)
                .await?;
        }
        sqlx::query(LOCK_ROOM)
            .bind(id.as_str())
            .execute(&mut *lease)
            .await?;
        let is_there = sqlx::query_scalar(IS_THERE)
            .bind(id.as_str())
            .fetch_one(&mut *lease)
            .await?;
        let change = Change {
            lease,
            id: id.clone(),
            role: RoomRole::Owner,
        };
        if is_there {
            Ok(change)
        } else {
            Err(change.refuse(ChangeError::NotThere).await)
        }
    }

    /// Begins a change of whoever need not be a member.
    pub(super) async fn begin_as_stranger(&self, id: &RoomId) -> Result<Change, ChangeError> {
        let mut lease = self.begin().await?;
        sqlx::query(LOCK_ROOM)
            .bind(id.as_str())
            .execute(&mut *lease)
            .await?;
        Ok(Change {
            lease,
            id: id.clone(),
            role: RoomRole::Member,
        })
    }

    /// Begins a transaction with the limits of a short one.
    pub(crate) async fn begin(&self) -> Result<Lease, sqlx::Error> {
        let mut lease = self.lease().await?;
        sqlx::raw_sql(BEGIN).execute(&mut *lease).await?;
        Ok(lease)
    }
}

/// A change under way. Dropped, it never was.
pub(super) struct Change {
    pub(super) lease: Lease,
    pub(super) id: RoomId,
    /// What whoever makes it is in the room.
    pub(super) role: RoomRole,
}

impl Change {
    /// What a user is in the room.
    pub(super) async fn role_of(&mut self, user: UserId) -> Result<Option<RoomRole>, ChangeError> {
        Ok(role_on(&mut self.lease, &self.id, user).await?)
    }

    /// What a user is in the room, and what he may not do there.
    pub(super) async fn standing_of(&mut self, user: UserId) -> Result<Standing, ChangeError> {
        Ok(standing_on(&mut self.lease, &self.id, user).await?)
    }

    /// How many people are kept from speaking or from coming in.
    pub(super) async fn count_sanctioned(&mut self) -> Result<i64, ChangeError> {
        self.count("SELECT count(*) FROM chat_room_sanction_in_force WHERE room_id = $1")
            .await
    }

    /// How many members the room has.
    pub(super) async fn count_members(&mut self) -> Result<i64, ChangeError> {
        self.count("SELECT count(*) FROM chat_room_member WHERE room_id = $1")
            .await
    }

    /// How many of them own it.
    pub(super) async fn count_owners(&mut self) -> Result<i64, ChangeError> {
        self.count("SELECT count(*) FROM chat_room_member WHERE room_id = $1 AND role = 'owner'")
            .await
    }

    async fn count(&mut self, sql: &'static str) -> Result<i64, ChangeError> {
        let counted = sqlx::query_scalar(sql).bind(self.id.as_str());
        Ok(counted.fetch_one(&mut *self.lease).await?)
    }

    /// Makes the change that was prepared, under the next number of the room's rules.
    pub(super) async fn commit(mut self) -> Result<Access, ChangeError> {
        let access = sqlx::query_scalar(NEXT_ACCESS)
            .bind(self.id.as_str())
            .fetch_one(&mut *self.lease)
            .await?;
        commit(self.lease).await?;
        Ok(Access(access))
    }

    /// Keeps what was done, which is none of the rules.
    pub(super) async fn keep(self) -> Result<(), ChangeError> {
        Ok(commit(self.lease).await?)
    }

    /// Makes somebody a member, which nothing but a ban or a limit stands against. False where he is
    /// one already.
    pub(super) async fn come_in(
        &mut self,
        user: UserId,
        members_max: i64,
    ) -> Result<bool, ChangeError> {
        come_in_on(&mut self.lease, &self.id, user, members_max).await
    }

    /// Gives the change up.
    pub(super) async fn refuse(self, why: ChangeError) -> ChangeError {
        roll_back(self.lease).await;
        why
    }

    /// Ends a change that turned out to change nothing.
    pub(super) async fn abandon(self) {
        roll_back(self.lease).await;
    }
}

pub(crate) async fn role_on(
    lease: &mut Lease,
    id: &RoomId,
    user: UserId,
) -> Result<Option<RoomRole>, sqlx::Error> {
    let row = sqlx::query(ROLE)
        .bind(id.as_str())
        .bind(user.0)
        .fetch_optional(&mut **lease)
        .await?;
    row.as_ref().map(role).transpose()
}

pub(crate) async fn standing_on(
    lease: &mut Lease,
    id: &RoomId,
    user: UserId,
) -> Result<Standing, sqlx::Error> {
    let row = sqlx::query(STANDING)
        .bind(id.as_str())
        .bind(user.0)
        .fetch_one(&mut **lease)
        .await?;
    standing(&row)
}

/// Bounds the time of a change; one that took too long is undone by the server.
pub(crate) async fn in_time<T, E: From<ReadError>>(
    change: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(STORE_TIME_MAX, change).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let late = Cause::late("changing the room", STORE_TIME_MAX);
            Err(ReadError::Unavailable(late).into())
        }
    }
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        ReadError::from(error).into()
    }
}

impl From<ReadError> for ChangeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(cause) => Self::Unavailable(cause),
            ReadError::Failed(cause) => Self::Failed(cause),
        }
    }
}

impl From<CommitError> for ChangeError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(cause) | CommitError::Unknown(cause) => Self::Unavailable(cause),
        }
    }
}
