//! Makes a room.

use chat::{RoomId, RoomName, RoomRole, UserId};

use super::change::{ChangeError, Limit, in_time};
use super::{ROOMS_OWNED_MAX, Room};
use crate::MessageLog;
use crate::append::{commit, roll_back};
use crate::pool::Lease;

/// A room to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// Its id, which says who may be in it.
    pub id: RoomId,
    /// What it is called.
    pub name: RoomName,
    /// Its first owner.
    pub owner: UserId,
}

/// A room that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The room, as its owner sees it.
    pub room: Room,
    /// Whether the same owner had made it before, under the same name.
    pub again: bool,
}

/// Keeps the rooms that one user makes apart in time, so that their count is true.
const LOCK_OWNER: &str = "SELECT pg_advisory_xact_lock(hashtextextended('room owner ' || $1, 0))";

const OWNED: &str = "
SELECT count(*) FROM chat_room_member WHERE user_id = $1 AND role = 'owner'";

const MAKE: &str = "
INSERT INTO chat_room (room_id, name, access, made_at)
VALUES ($1, $2, 1, clock_timestamp())
ON CONFLICT (room_id) DO NOTHING";

const FIRST_OWNER: &str = "
INSERT INTO chat_room_member (room_id, user_id, role) VALUES ($1, $2, 'owner')";

impl MessageLog {
    /// Makes a room with one owner. The same room, made again by an owner under the same name, is
    /// no mistake: it is as it was.
    ///
    /// # Errors
    /// [`ChangeError::Exists`] where the room is there or was spoken in,
    /// [`ChangeError::LimitReached`] at [`ROOMS_OWNED_MAX`], or Postgres does not do it.
    pub async fn make_room(&self, new: &NewRoom) -> Result<Made, ChangeError> {
        let is_new = in_time(async {
            let mut lease = self.begin().await?;
            match make_on(&mut lease, new).await? {
                Attempt::Made => {
                    commit(lease).await?;
                    Ok(true)
                }
                Attempt::IsThere => {
                    roll_back(lease).await;
                    Ok(false)
                }
                Attempt::TooMany => {
                    roll_back(lease).await;
                    Err(ChangeError::LimitReached(Limit::RoomsOwned))
                }
            }
        })
        .await?;
        let room = self.room(&new.id, new.owner).await?;
        let own = room.filter(|room| {
            is_new || (room.role == RoomRole::Owner && room.name.as_ref() == Some(&new.name))
        });
        let room = own.ok_or(ChangeError::Exists)?;
        let again = !is_new;
        Ok(Made { room, again })
    }
}

enum Attempt {
    Made,
    IsThere,
    TooMany,
}

async fn make_on(lease: &mut Lease, new: &NewRoom) -> Result<Attempt, sqlx::Error> {
    sqlx::query(LOCK_OWNER)
        .bind(new.owner.to_string())
        .execute(&mut **lease)
        .await?;
    let made = sqlx::query(MAKE)
        .bind(new.id.as_str())
        .bind(new.name.as_str())
        .execute(&mut **lease)
        .await?;
    if made.rows_affected() == 0 {
        return Ok(Attempt::IsThere);
    }
    let owned: i64 = sqlx::query_scalar(OWNED)
        .bind(new.owner.0)
        .fetch_one(&mut **lease)
        .await?;
    if owned >= ROOMS_OWNED_MAX {
        return Ok(Attempt::TooMany);
    }
    sqlx::query(FIRST_OWNER)
        .bind(new.id.as_str())
        .bind(new.owner.0)
        .execute(&mut **lease)
        .await?;
    Ok(Attempt::Made)
}
