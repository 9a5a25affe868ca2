//! Edits and deletes a message that is stored.

use std::time::Duration;

use chat::{
    Access, Content, Message, MessageId, Problem, ProblemCode, RoomId, RoomRole, Sanction, Seq,
    UserId,
};
use sqlx::Row;
use time::OffsetDateTime;

use crate::MessageLog;
use crate::append::{CommitError, commit, roll_back};
use crate::error::ReadError;
use crate::pool::Lease;
use crate::read::row;
use crate::rooms::change::{in_time, standing_on};
use crate::{Silence, Standing};

/// A change of a message that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// The message's room.
    pub room: RoomId,
    /// The message.
    pub id: MessageId,
    /// Who wants it.
    pub by: Actor,
    /// What is to be done.
    pub kind: AmendmentKind,
    /// The versions that it is meant for: where the message has another `rev` by now, nothing is
    /// done. Any version, where there is none.
    pub only_if: Option<Vec<Seq>>,
}

/// Who changes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose account it is.
    pub user: UserId,
    /// Whether the account may do everything.
    pub is_admin: bool,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmendmentKind {
    /// It says something else.
    Edit(Content),
    /// It is deleted: its place stays, and its content is shown to nobody any more.
    Delete,
}

/// A message after an amendment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amended {
    /// The message, as it is now.
    pub message: Message,
    /// The number of the room's rules that allowed it.
    pub access: Access,
    /// Whether it was so before: nothing was changed, and no number taken.
    pub already: bool,
}

/// Why a message was not changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AmendError {
    /// There is no such room, or whoever asks is no member of it.
    #[error("there is no such room")]
    NoRoom,
    /// There is no such message in the room.
    #[error("there is no such message")]
    NoMessage,
    /// Whoever asks is neither its author nor a moderator of the room.
    #[error("it is another's message")]
    NotAllowed,
    /// Whoever asks may not speak in the room, or nobody may.
    #[error("nothing may be changed in the room")]
    Silenced(Silence),
    /// It is to be edited, and is deleted.
    #[error("the message is deleted")]
    Deleted,
    /// It has changed since the version that was meant.
    #[error("the message has changed")]
    Changed {
        /// Its version now.
        rev: Seq,
    },
    /// Postgres does not do it. Whether the message was changed is not known where it is only
    /// unavailable; the same may be asked for again.
    #[error(transparent)]
    Store(#[from] ReadError),
}

/// When it is worth asking again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

const LOCK_ROOM: &str = "
SELECT access, archived_at IS NOT NULL FROM chat_room WHERE room_id = $1 FOR NO KEY UPDATE";

pub(crate) const FIND: &str = "
SELECT id, seq, rev, temp_id, sender, sender_id, content, created_at, edited_at, is_deleted
FROM chat_message
WHERE id = $2 AND room_id = $1";

/// `$3` is the content, or nothing where the message is deleted; `$4` is who does it.
pub(crate) const AMEND: &str = "
WITH room AS (
    UPDATE chat_room SET last_seq = last_seq + 1 WHERE room_id = $1 RETURNING last_seq
),
noted AS (
    INSERT INTO chat_message_change (room_id, rev, message_id, kind, by_user, changed_at)
    SELECT $1, last_seq, $2, CASE WHEN $3::text IS NULL THEN 'delete' ELSE 'edit' END, $4,
        clock_timestamp()
    FROM room
    ON CONFLICT (room_id, rev) DO UPDATE SET
        message_id = excluded.message_id, kind = excluded.kind, by_user = excluded.by_user,
        changed_at = excluded.changed_at
    RETURNING rev, changed_at
)
UPDATE chat_message
SET rev = noted.rev,
    content = coalesce($3, content),
    edited_at = CASE WHEN $3 IS NULL THEN edited_at ELSE noted.changed_at END,
    is_deleted = $3 IS NULL
FROM noted
WHERE id = $2
RETURNING chat_message.rev, edited_at";

impl MessageLog {
    /// Reads a message as it is now; `None` where it is not there.
    ///
    /// # Errors
    /// Postgres is away or refuses ([`ReadError`]); waits two seconds at most.
    pub async fn message(
        &self,
        room: &RoomId,
        id: MessageId,
    ) -> Result<Option<Message>, ReadError> {
        let rows = self
            .read(|| sqlx::query(FIND).bind(room.as_str()).bind(id.0))
            .await?;
        let found = rows.first().map(|found| row::message(found, room));
        found.transpose().map_err(ReadError::from)
    }

    /// Changes a message, for its author or a moderator of its room. The change takes the room's
    /// next number under the lock of the room's row, so that of two changes one is the first: what
    /// is deleted stays deleted. To ask again for what was done is no mistake.
    ///
    /// # Errors
    /// Why nothing was changed, or may not have been ([`AmendError`]).
    pub async fn amend(&self, amendment: &Amendment) -> Result<Amended, AmendError> {
        in_time(async {
            let mut lease = self.begin().await?;
            match amend_on(&mut lease, amendment).await {
                Ok(amended) if !amended.already => {
                    commit(lease).await?;
                    Ok(amended)
                }
                nothing_changed => {
                    roll_back(lease).await;
                    nothing_changed
                }
            }
        })
        .await
    }
}

async fn amend_on(lease: &mut Lease, amendment: &Amendment) -> Result<Amended, AmendError> {
    let Amendment { room, id, by, .. } = amendment;
    let locked: Option<(i64, bool)> = sqlx::query_as(LOCK_ROOM)
        .bind(room.as_str())
        .fetch_optional(&mut **lease)
        .await?;
    let (access, is_archived) = locked.unwrap_or_default();
    let access = Access(access);
    // Asked only now: what was changed while the lock was waited for counts.
    let standing = standing_on(lease, room, by.user).await?;
    if room.is_private() && standing.role.is_none() {
        return Err(AmendError::NoRoom);
    }
    if is_archived {
        return Err(AmendError::Silenced(Silence::Archived));
    }
    let found = sqlx::query(FIND)
        .bind(room.as_str())
        .bind(id.0)
        .fetch_optional(&mut **lease)
        .await?;
    let found = found.ok_or(AmendError::NoMessage)?;
    let message = row::message(&found, room)?;
    let already = match amendment.decide(&message, standing)? {
        Decision::AsItIs => true,
        Decision::Change => false,
    };
    let message = if already {
        message
    } else {
        change_on(lease, amendment, message).await?
    };
    Ok(Amended {
        message,
        access,
        already,
    })
}

async fn change_on(
    lease: &mut Lease,
    amendment: &Amendment,
    message: Message,
) -> Result<Message, sqlx::Error> {
    let content = match &amendment.kind {
        AmendmentKind::Edit(content) => Some(content.as_str()),
        AmendmentKind::Delete => None,
    };
    let changed = sqlx::query(AMEND)
        .bind(amendment.room.as_str())
        .bind(amendment.id.0)
        .bind(content)
        .bind(amendment.by.user.0)
        .fetch_one(&mut **lease)
        .await?;
    let edited_at: Option<OffsetDateTime> = changed.try_get("edited_at")?;
    Ok(Message {
        rev: Seq(changed.try_get("rev")?),
        edited_at,
        deleted: content.is_none(),
        content: content.map_or_else(String::new, str::to_owned),
        ..message
    })
}

enum Decision {
    Change,
    AsItIs,
}

impl Amendment {
    fn decide(&self, message: &Message, standing: Standing) -> Result<Decision, AmendError> {
        let Standing {
            role,
            sanction,
            until,
        } = standing;
        let is_author = message.sender_id == Some(self.by.user);
        let moderates = role.is_some_and(|role| role >= RoomRole::Moderator) || self.by.is_admin;
        if !is_author && !moderates {
            return Err(AmendError::NotAllowed);
        }
        match (sanction, &self.kind) {
            (Some(Sanction::Ban), _) => {
                return Err(AmendError::Silenced(Silence::Banned { until }));
            }
            // To take back what one said is not to speak.
            (Some(Sanction::Mute), AmendmentKind::Edit(_)) => {
                return Err(AmendError::Silenced(Silence::Muted { until }));
            }
            (Some(Sanction::Mute), AmendmentKind::Delete) | (None, _) => {}
        }
        // What was done already is not refused for having changed the version (RFC 9110, 13.1.1).
        match &self.kind {
            AmendmentKind::Delete if message.deleted => return Ok(Decision::AsItIs),
            AmendmentKind::Edit(_) if message.deleted => return Err(AmendError::Deleted),
            AmendmentKind::Edit(content) if message.content == content.as_str() => {
                return Ok(Decision::AsItIs);
            }
            AmendmentKind::Delete | AmendmentKind::Edit(_) => {}
        }
        match &self.only_if {
            Some(revs) if !revs.contains(&message.rev) => {
                Err(AmendError::Changed { rev: message.rev })
            }
            _ => Ok(Decision::Change),
        }
    }
}

impl AmendError {
    /// What whoever asked is told.
    pub fn problem(&self) -> Problem {
        let (code, detail) = match self {
            Self::NoRoom => (
                ProblemCode::NotFound,
                "There is no such room, or you are no member of it.",
            ),
            Self::NoMessage => (
                ProblemCode::NotFound,
                "There is no such message in the room.",
            ),
            Self::NotAllowed => (
                ProblemCode::Forbidden,
                "Only its sender and the room's moderators change a message.",
            ),
            Self::Silenced(silence) => return silence.problem(),
            Self::Deleted => (ProblemCode::Gone, "The message is deleted."),
            Self::Changed { rev } => {
                let detail = format!("The message has changed since; its version is {rev} now.");
                return Problem::new(ProblemCode::PreconditionFailed, detail);
            }
            Self::Store(ReadError::Unavailable(_)) => {
                return Problem::new(
                    ProblemCode::StoreUnavailable,
                    "Whether the message was changed is not known; ask for the same again.",
                )
                .retry_after(RETRY_AFTER);
            }
            Self::Store(ReadError::Failed(_)) => {
                (ProblemCode::Internal, "The server failed to change it.")
            }
        };
        Problem::new(code, detail)
    }
}

impl From<sqlx::Error> for AmendError {
    fn from(error: sqlx::Error) -> Self {
        ReadError::from(error).into()
    }
}

impl From<CommitError> for AmendError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(cause) | CommitError::Unknown(cause) => {
                Self::Store(ReadError::Unavailable(cause))
            }
        }
    }
}
