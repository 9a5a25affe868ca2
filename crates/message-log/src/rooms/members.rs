//! Brings members in, gives them roles, and removes them.

use chat::{Access, Membership, RoomId, RoomRole, Sanction, UserId};

use super::Standing;
use super::change::{Change, ChangeError, Limit, in_time};
use super::invitation::WITHDRAW;
use crate::MessageLog;

/// The most members of one room. Every instance that watches the room keeps the list.
pub const ROOM_MEMBERS_MAX: i64 = 1_000;

const SET: &str = "
INSERT INTO chat_room_member (room_id, user_id, role, read_seq)
SELECT room_id, $2, $3, last_seq FROM chat_room WHERE room_id = $1
ON CONFLICT (room_id, user_id) DO UPDATE SET role = excluded.role";

const REMOVE: &str = "DELETE FROM chat_room_member WHERE room_id = $1 AND user_id = $2";

impl MessageLog {
    /// Brings a member in, or gives one another role. Returns the number of the rules that say so,
    /// or `None` where it was so before.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`]; [`ChangeError::NotAllowed`] where `by` may not give the role, or
    /// not take the one that was given; [`ChangeError::Banned`]; [`ChangeError::LastOwner`];
    /// [`ChangeError::LimitReached`] at [`ROOM_MEMBERS_MAX`]; or Postgres does not do it.
    pub async fn set_member(
        &self,
        id: &RoomId,
        by: UserId,
        membership: Membership,
    ) -> Result<Option<Access>, ChangeError> {
        in_time(async {
            let mut change = self.begin_change(id, by).await?;
            let Standing {
                role: known,
                sanction,
                until,
            } = change.standing_of(membership.user).await?;
            if sanction == Some(Sanction::Ban) {
                return Err(change.refuse(ChangeError::Banned { until }).await);
            }
            if known == Some(membership.role) {
                change.abandon().await;
                return Ok(None);
            }
            if let Some(why) = refusal_to_set(&mut change, known, membership.role).await? {
                return Err(change.refuse(why).await);
            }
            sqlx::query(SET)
                .bind(id.as_str())
                .bind(membership.user.0)
                .bind(membership.role.as_str())
                .execute(&mut *change.lease)
                .await?;
            if known.is_none() {
                sqlx::query(WITHDRAW)
                    .bind(id.as_str())
                    .bind(membership.user.0)
                    .execute(&mut *change.lease)
                    .await?;
            }
            change.commit().await.map(Some)
        })
        .await
    }

    /// Removes a member; everybody may remove himself. Returns the number of the rules that say
    /// so, or `None` where the user was no member.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`]; [`ChangeError::NotAllowed`] where `by` may not take the role that
    /// the member has; [`ChangeError::LastOwner`]; or Postgres does not do it.
    pub async fn remove_member(
        &self,
        id: &RoomId,
        by: UserId,
        user: UserId,
    ) -> Result<Option<Access>, ChangeError> {
        in_time(async {
            let mut change = self.begin_change(id, by).await?;
            let Some(known) = change.role_of(user).await? else {
                change.abandon().await;
                return Ok(None);
            };
            if user != by && !change.role.may_give(known) {
                return Err(change.refuse(ChangeError::NotAllowed).await);
            }
            if known == RoomRole::Owner && change.count_owners().await? == 1 {
                return Err(change.refuse(ChangeError::LastOwner).await);
            }
            sqlx::query(REMOVE)
                .bind(id.as_str())
                .bind(user.0)
                .execute(&mut *change.lease)
                .await?;
            change.commit().await.map(Some)
        })
        .await
    }
}

/// Why a role is not to be given to one who has been `known` as another, or as none.
async fn refusal_to_set(
    change: &mut Change,
    known: Option<RoomRole>,
    role: RoomRole,
) -> Result<Option<ChangeError>, ChangeError> {
    let may = |role| change.role.may_give(role);
    if !may(role) || !known.is_none_or(may) {
        return Ok(Some(ChangeError::NotAllowed));
    }
    if known == Some(RoomRole::Owner) && change.count_owners().await? == 1 {
        return Ok(Some(ChangeError::LastOwner));
    }
    if known.is_none() && change.count_members().await? >= ROOM_MEMBERS_MAX {
        let limit = Limit::Members(ROOM_MEMBERS_MAX);
        return Ok(Some(ChangeError::LimitReached(limit)));
    }
    Ok(None)
}
