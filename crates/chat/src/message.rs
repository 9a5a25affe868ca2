//! A message on its way: sent, drafted, shown, stored.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

use crate::{
    Content, ContentError, Epoch, MessageId, Nickname, NicknameError, RoomId, RoomIdError, Sender,
    Seq, TempId, TempIdError, UserId,
};

/// What a client SENDs to `/app/chat`, as it stands in the JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessageSend {
    /// What is said.
    pub content: String,
    /// Where it is said.
    pub room_id: String,
    /// The guest's name; ignored where the connection has an identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sender: Option<String>,
    /// The idempotency key; the server mints one where the client gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub temp_id: Option<String>,
}

/// Why what was sent is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The content breaks a rule.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The room's name breaks a rule.
    #[error(transparent)]
    RoomId(#[from] RoomIdError),
    /// The guest's name breaks a rule.
    #[error(transparent)]
    Sender(#[from] NicknameError),
    /// The idempotency key is not a UUID.
    #[error(transparent)]
    TempId(#[from] TempIdError),
}

impl DraftError {
    /// The JSON pointer (RFC 6901) of the member that is wrong.
    pub fn pointer(&self) -> &'static str {
        match self {
            Self::Content(_) => "/content",
            Self::RoomId(_) => "/roomId",
            Self::Sender(_) => "/sender",
            Self::TempId(_) => "/tempId",
        }
    }
}

/// A message that may be stored: every part parsed, no place in the room's order yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where it is said.
    pub room: RoomId,
    /// Who says it.
    pub sender: Sender,
    /// The idempotency key, unique per room and sender.
    pub temp_id: TempId,
    /// What is said.
    pub content: Content,
}

impl ChatMessageSend {
    /// Parses the message of a guest, who speaks under the name that the message itself carries.
    /// `minted` becomes the idempotency key where the client gave none.
    ///
    /// # Errors
    /// Names the first member that breaks a rule.
    pub fn draft_of_guest(&self, minted: TempId) -> Result<Draft, DraftError> {
        let nickname = match &self.sender {
            Some(name) => Nickname::parse(name)?,
            None => Nickname::guest(),
        };
        self.draft_of(Sender::guest(nickname), minted)
    }

    /// Parses the message of a known sender; the name in the message is ignored.
    /// `minted` becomes the idempotency key where the client gave none.
    ///
    /// # Errors
    /// Names the first member that breaks a rule.
    pub fn draft_of(&self, sender: Sender, minted: TempId) -> Result<Draft, DraftError> {
        Ok(Draft {
            room: RoomId::parse(&self.room_id)?,
            content: Content::parse(&self.content)?,
            temp_id: match &self.temp_id {
                Some(text) => TempId::parse(text)?,
                None => minted,
            },
            sender,
        })
    }
}

/// A stored message, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id for ever.
    pub id: MessageId,
    /// Its room.
    pub room: RoomId,
    /// The room's number of its creation: its place in history.
    pub seq: Seq,
    /// The room's number of its last change.
    pub rev: Seq,
    /// The sender's own id of it.
    pub temp_id: TempId,
    /// The sender's name at the time of sending.
    pub sender: String,
    /// The sender's account, unless a guest.
    pub sender_id: Option<UserId>,
    /// What is said.
    pub content: String,
    /// When the row was made, UTC.
    pub created_at: OffsetDateTime,
    /// When it was last edited, UTC.
    pub edited_at: Option<OffsetDateTime>,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A message as clients see it: at once when it is sent (then without `seq` and `createdAt`,
/// under its tempId), in committed delivery and in a page of history (then complete).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessageReceive {
    /// The id of the stored message, or the tempId of one that is not stored yet.
    pub id: MessageId,
    /// The sender's own id of it.
    pub temp_id: TempId,
    /// The sender's name.
    pub sender: String,
    /// The sender's account; absent for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sender_id: Option<UserId>,
    /// What is said; empty where the message was deleted.
    pub content: String,
    /// Where it is said.
    pub room_id: RoomId,
    /// When it was stored; `null` before it is.
    #[serde(with = "rfc3339::option")]
    #[schema(required = true)]
    pub created_at: Option<OffsetDateTime>,
    /// When it was last edited.
    #[serde(with = "rfc3339::option")]
    #[schema(required = true)]
    pub edited_at: Option<OffsetDateTime>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Its place in the room; absent before it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seq: Option<Seq>,
    /// The room's number of its last change; absent before it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rev: Option<Seq>,
}

impl From<&Draft> for ChatMessageReceive {
    fn from(draft: &Draft) -> Self {
        Self {
            id: MessageId(draft.temp_id.0),
            temp_id: draft.temp_id,
            sender: draft.sender.nickname.as_str().to_owned(),
            sender_id: draft.sender.id,
            content: draft.content.as_str().to_owned(),
            room_id: draft.room.clone(),
            created_at: None,
            edited_at: None,
            deleted: false,
            seq: None,
            rev: None,
        }
    }
}

impl From<Message> for ChatMessageReceive {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            temp_id: message.temp_id,
            sender: message.sender,
            sender_id: message.sender_id,
            // What was deleted is not shown again to anyone.
            content: if message.deleted {
                String::new()
            } else {
                message.content
            },
            room_id: message.room,
            created_at: Some(message.created_at),
            edited_at: message.edited_at,
            deleted: message.deleted,
            seq: Some(message.seq),
            rev: Some(message.rev),
        }
    }
}

/// Tells that a message that was shown is stored: swap `tempId` for `id` and show the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatTimestampReceive {
    /// The id of the stored message.
    pub id: MessageId,
    /// The id under which it was shown.
    pub temp_id: TempId,
    /// When it was stored.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last edited.
    #[serde(with = "rfc3339::option")]
    #[schema(required = true)]
    pub edited_at: Option<OffsetDateTime>,
    /// Its room.
    pub room_id: RoomId,
    /// Its place in the room.
    pub seq: Seq,
    /// The room's number of its last change.
    pub rev: Seq,
}

impl From<&Message> for ChatTimestampReceive {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id,
            temp_id: message.temp_id,
            created_at: message.created_at,
            edited_at: message.edited_at,
            room_id: message.room.clone(),
            seq: message.seq,
            rev: message.rev,
        }
    }
}

/// Withdraws a message that was shown and could not be stored for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatReject {
    /// The id under which it was shown.
    pub temp_id: TempId,
    /// Its room.
    pub room_id: RoomId,
    /// Always true: what tells this event from the others.
    pub rejected: bool,
    /// Why, for people.
    pub reason: String,
}

/// Ends what a resumed listener missed: the numbers up to `resumedTo` have all been told, or were
/// overtaken by a later change that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatResumed {
    /// The room.
    pub room_id: RoomId,
    /// The number up to which the listener is complete.
    pub resumed_to: Seq,
    /// The history of the database that the number belongs to.
    pub epoch: Epoch,
}

/// Says that a listener's position is not of this room's history: it reads the history anew, and
/// hears what follows `lastSeq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatSnapshot {
    /// The room.
    pub room_id: RoomId,
    /// Always true: what tells this event from the others.
    pub snapshot: bool,
    /// The room's last number.
    pub last_seq: Seq,
    /// The history of the database that the number belongs to.
    pub epoch: Epoch,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::uuid;

    const TEMP_ID: TempId = TempId(uuid!("0198c0de-0000-7000-8000-00000000000a"));

    fn stored() -> Message {
        Message {
            id: MessageId(uuid!("0198c0de-0000-7000-8000-0000000000ff")),
            room: RoomId::parse("lobby").expect("a room"),
            seq: Seq(7),
            rev: Seq(7),
            temp_id: TEMP_ID,
            sender: "Ada".into(),
            sender_id: None,
            content: "안녕".into(),
            created_at: datetime!(2026-11-23 12:00:00.5 UTC),
            edited_at: None,
            deleted: false,
        }
    }

    #[test]
    fn a_message_shown_at_once_has_exactly_the_contracts_members() {
        let sent: ChatMessageSend =
            serde_json::from_str(r#"{"sender":"Ada","content":"hi","roomId":"lobby","x":[1]}"#)
                .expect("good JSON");
        let draft = sent.draft_of_guest(TEMP_ID).expect("good message");
        assert_eq!(
            serde_json::to_string(&ChatMessageReceive::from(&draft)).expect("JSON"),
            r#"{"id":"0198c0de-0000-7000-8000-00000000000a","tempId":"0198c0de-0000-7000-8000-00000000000a","sender":"Ada","content":"hi","roomId":"lobby","createdAt":null,"editedAt":null,"deleted":false}"#
        );
    }

    #[test]
    fn the_timestamp_has_exactly_the_contracts_members() {
        assert_eq!(
            serde_json::to_string(&ChatTimestampReceive::from(&stored())).expect("JSON"),
            r#"{"id":"0198c0de-0000-7000-8000-0000000000ff","tempId":"0198c0de-0000-7000-8000-00000000000a","createdAt":"2026-11-23T12:00:00.5Z","editedAt":null,"roomId":"lobby","seq":7,"rev":7}"#
        );
    }

    #[test]
    fn a_deleted_message_keeps_its_place_and_loses_its_content() {
        let shown = ChatMessageReceive::from(Message {
            deleted: true,
            ..stored()
        });
        assert_eq!((shown.content.as_str(), shown.seq), ("", Some(Seq(7))));
        assert!(shown.deleted);
    }

    #[test]
    fn the_member_that_is_wrong_is_pointed_at() {
        let sent = ChatMessageSend {
            content: "hi".into(),
            room_id: "lobby".into(),
            sender: Some("Ada".into()),
            temp_id: None,
        };
        let pointer =
            |wrong: ChatMessageSend| wrong.draft_of_guest(TEMP_ID).expect_err("wrong").pointer();
        assert_eq!(
            pointer(ChatMessageSend {
                content: " ".into(),
                ..sent.clone()
            }),
            "/content"
        );
        assert_eq!(
            pointer(ChatMessageSend {
                room_id: "auth".into(),
                ..sent.clone()
            }),
            "/roomId"
        );
        assert_eq!(
            pointer(ChatMessageSend {
                sender: Some(String::new()),
                ..sent.clone()
            }),
            "/sender"
        );
        assert_eq!(
            pointer(ChatMessageSend {
                temp_id: Some("7".into()),
                ..sent.clone()
            }),
            "/tempId"
        );
    }

    #[test]
    fn a_known_sender_cannot_be_overridden_by_the_message() {
        let sent = ChatMessageSend {
            content: "hi".into(),
            room_id: "lobby".into(),
            sender: Some("somebody else".into()),
            temp_id: None,
        };
        let ada = Sender::guest(Nickname::parse("Ada").expect("a name"));
        assert_eq!(
            sent.draft_of(ada.clone(), TEMP_ID).expect("good").sender,
            ada
        );
    }
}
