//! Links: whoever has one comes in by it, so often and so long.

use std::fmt;
use std::time::Duration;

use chat::{Access, RoomId, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::change::{ChangeError, Limit, in_time};
use super::{OPEN_ROOM_MEMBERS_MAX, ROOM_MEMBERS_MAX};
use crate::MessageLog;
use crate::error::ReadError;
use crate::read::row;

/// The most links of one room that are good.
pub const LINKS_PER_ROOM_MAX: i64 = 20;

/// The longest that a link is good.
pub const LINK_LIFETIME_MAX: Duration = Duration::from_hours(30 * 24);

/// The most people whom one link brings in.
pub const LINK_USES_MAX: u32 = 1_000;

/// A link as the room's moderators see it; what it says is told to whoever made it, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: Uuid,
    /// Who made it.
    pub by: UserId,
    /// When, UTC.
    pub made_at: OffsetDateTime,
    /// Until when it is good, UTC.
    pub expires_at: OffsetDateTime,
    /// How many people it still brings in.
    pub uses_left: u32,
}

/// What a link says: 64 hexadecimal digits, of which 244 bits are random. Its hash alone is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

/// Somebody came in by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// The room.
    pub room: RoomId,
    /// The number of its rules that say so; `None` where he was a member before, which uses
    /// nothing of the link.
    pub access: Option<Access>,
}

/// Those that bring nobody in any more make place.
const SWEEP: &str = "
DELETE FROM chat_room_link
WHERE room_id = $1 AND (expires_at <= clock_timestamp() OR uses_left = 0)";

const COUNT: &str = "SELECT count(*) FROM chat_room_link WHERE room_id = $1";

const MAKE: &str = "
INSERT INTO chat_room_link (id, room_id, token_hash, by_user, expires_at, uses_left)
VALUES ($1, $2, sha256($3), $4, clock_timestamp() + make_interval(secs => $5), $6)
RETURNING id, by_user, made_at, expires_at, uses_left";

const LINKS: &str = "
SELECT id, by_user, made_at, expires_at, uses_left
FROM chat_room_link
WHERE room_id = $1 AND expires_at > clock_timestamp() AND uses_left > 0
ORDER BY id
LIMIT $2";

const REVOKE: &str = "DELETE FROM chat_room_link WHERE room_id = $1 AND id = $2";

const ROOM_OF: &str = "
SELECT room_id FROM chat_room_link WHERE token_hash = sha256($1)";

const IS_GOOD: &str = "
SELECT EXISTS (
    SELECT FROM chat_room_link
    WHERE token_hash = sha256($1) AND expires_at > clock_timestamp() AND uses_left > 0
)";

const USE: &str =
    "UPDATE chat_room_link SET uses_left = uses_left - 1 WHERE token_hash = sha256($1)";

impl LinkToken {
    /// A new one.
    pub fn mint() -> Self {
        let (first, last) = (Uuid::new_v4(), Uuid::new_v4());
        Self(format!("{}{}", first.simple(), last.simple()))
    }

    /// Reads what [`LinkToken::as_str`] wrote; `None` where the text is no such thing.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_token = text.len() == 64 && text.bytes().all(is_digit);
        is_token.then(|| Self(text.to_owned()))
    }

    /// What is handed on.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It is as good as a key.
        f.write_str("LinkToken(…)")
    }
}

impl MessageLog {
    /// Makes a link into a room, for a moderator: good for `lifetime`, up to
    /// [`LINK_LIFETIME_MAX`], and for `uses` people, up to [`LINK_USES_MAX`]; what is more is cut.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`], [`ChangeError::NotAllowed`], [`ChangeError::LimitReached`] at
    /// [`LINKS_PER_ROOM_MAX`], or Postgres does not do it.
    pub async fn make_link(
        &self,
        id: &RoomId,
        by: UserId,
        lifetime: Duration,
        uses: u32,
    ) -> Result<(Link, LinkToken), ChangeError> {
        in_time(async {
            let mut change = self.begin_as_moderator(id, by).await?;
            sqlx::query(SWEEP)
                .bind(id.as_str())
                .execute(&mut *change.lease)
                .await?;
            let count: i64 = sqlx::query_scalar(COUNT)
                .bind(id.as_str())
                .fetch_one(&mut *change.lease)
                .await?;
            if count >= LINKS_PER_ROOM_MAX {
                let reached = ChangeError::LimitReached(Limit::Links);
                return Err(change.refuse(reached).await);
            }
            let token = LinkToken::mint();
            let made = sqlx::query(MAKE)
                .bind(Uuid::now_v7())
                .bind(id.as_str())
                .bind(token.as_str().as_bytes())
                .bind(by.0)
                .bind(lifetime.min(LINK_LIFETIME_MAX).as_secs_f64())
                .bind(i32::try_from(uses.clamp(1, LINK_USES_MAX)).unwrap_or(1))
                .fetch_one(&mut *change.lease)
                .await?;
            let link = link(&made)?;
            change.keep().await?;
            Ok((link, token))
        })
        .await
    }

    /// Reads the links of a room that are good, oldest first: [`LINKS_PER_ROOM_MAX`] at most.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn links(&self, id: &RoomId) -> Result<Vec<Link>, ReadError> {
        let rows = self
            .read(|| {
                sqlx::query(LINKS)
                    .bind(id.as_str())
                    .bind(LINKS_PER_ROOM_MAX)
            })
            .await?;
        let links = rows.iter().map(link);
        links.collect::<Result<_, _>>().map_err(ReadError::from)
    }

    /// Ends a link, for a moderator: it brings nobody in any more. To end one that is none is no
    /// mistake.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`], [`ChangeError::NotAllowed`], or Postgres does not do it.
    pub async fn revoke_link(
        &self,
        id: &RoomId,
        by: UserId,
        link: Uuid,
    ) -> Result<(), ChangeError> {
        in_time(async {
            let mut change = self.begin_as_moderator(id, by).await?;
            sqlx::query(REVOKE)
                .bind(id.as_str())
                .bind(link)
                .execute(&mut *change.lease)
                .await?;
            change.keep().await
        })
        .await
    }

    /// Brings somebody in by a link.
    ///
    /// # Errors
    /// [`ChangeError::NotThere`] where the link is none, over, used up or revoked, or leads into a
    /// private room that he is banned from; [`ChangeError::Banned`] where the room is open;
    /// [`ChangeError::LimitReached`] where there are as many members, or rooms of his; or Postgres
    /// does not do it.
    pub async fn redeem_link(
        &self,
        token: &LinkToken,
        user: UserId,
    ) -> Result<Redeemed, ChangeError> {
        let rows = self
            .read(|| sqlx::query(ROOM_OF).bind(token.as_str().as_bytes()))
            .await?;
        let room = row::room(rows.first().ok_or(ChangeError::NotThere)?)?;
        let members_max = if room.is_private() {
            ROOM_MEMBERS_MAX
        } else {
            OPEN_ROOM_MEMBERS_MAX
        };
        in_time(async {
            let mut change = self.begin_as_stranger(&room).await?;
            // Asked only now, under the lock of the room: of two who are one too many one is first.
            let is_good: bool = sqlx::query_scalar(IS_GOOD)
                .bind(token.as_str().as_bytes())
                .fetch_one(&mut *change.lease)
                .await?;
            if !is_good && change.role_of(user).await?.is_none() {
                return Err(change.refuse(ChangeError::NotThere).await);
            }
            let access = match change.come_in(user, members_max).await {
                Ok(true) => {
                    sqlx::query(USE)
                        .bind(token.as_str().as_bytes())
                        .execute(&mut *change.lease)
                        .await?;
                    Some(change.commit().await?)
                }
                Ok(false) => {
                    change.abandon().await;
                    None
                }
                Err(refused) => return Err(change.refuse(refused).await),
            };
            let room = room.clone();
            Ok(Redeemed { room, access })
        })
        .await
    }
}

fn link(row: &PgRow) -> Result<Link, sqlx::Error> {
    let uses_left: i32 = row.try_get("uses_left")?;
    Ok(Link {
        id: row.try_get("id")?,
        by: UserId(row.try_get("by_user")?),
        made_at: row.try_get("made_at")?,
        expires_at: row.try_get("expires_at")?,
        uses_left: u32::try_from(uses_left).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_never_shown() {
        let token = LinkToken::mint();
        assert_ne!(token, LinkToken::mint());
        assert_eq!(LinkToken::parse(token.as_str()), Some(token.clone()));
        assert!(!format!("{token:?}").contains(token.as_str()));
        let longer = format!("{}0", token.as_str());
        for wrong in ["", "0", &"g".repeat(64), &"A".repeat(64), &longer] {
            assert_eq!(LinkToken::parse(wrong), None);
        }
    }
}
