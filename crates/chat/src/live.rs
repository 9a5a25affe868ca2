//! What is told of a room beside its messages, and kept nowhere as an event.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{RoomId, RoomRole, Seq, UserId};

/// Says up to where somebody has read a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatRead {
    /// The room.
    pub room_id: RoomId,
    /// Who.
    pub user_id: UserId,
    /// The place up to which he has.
    pub seq: Seq,
}

/// Tells somebody what becomes of him in a room, on `/user/queue/rooms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
pub enum ChatOwnRoom {
    /// He is asked to come in.
    Invited {
        /// The room.
        room_id: RoomId,
        /// What it is called; its id where nobody named it.
        name: String,
        /// Who asks.
        by: UserId,
        /// Until when it can be answered, UTC.
        #[serde(with = "time::serde::rfc3339")]
        expires_at: OffsetDateTime,
    },
    /// He is not asked any more: it was taken back, or he declined.
    Uninvited {
        /// The room.
        room_id: RoomId,
    },
    /// He is a member, in this role.
    Joined {
        /// The room.
        room_id: RoomId,
        /// As what.
        role: RoomRole,
    },
    /// He is a member no more.
    Left {
        /// The room.
        room_id: RoomId,
    },
}

/// Says that somebody writes, for a moment, or has stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatTyping {
    /// The room.
    pub room_id: RoomId,
    /// Who.
    pub user_id: UserId,
    /// Under which name.
    pub nickname: String,
    /// Whether he writes.
    pub typing: bool,
    /// After how many milliseconds it is no longer so, unless it is said again.
    pub expires_in_ms: u64,
}

/// Who is in a room: all of it for whoever begins to listen, then what changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ChatPresence {
    /// Who is there now.
    State {
        /// The room.
        room_id: RoomId,
        /// How many people.
        count: i64,
        /// Who they are; empty where they are too many to be listed.
        members: Vec<ChatPerson>,
        /// Whether all of them are listed.
        listed: bool,
    },
    /// Somebody came in.
    Join {
        /// The room.
        room_id: RoomId,
        /// Who.
        #[serde(flatten)]
        person: ChatPerson,
        /// How many people are there now.
        count: i64,
    },
    /// Somebody left.
    Leave {
        /// The room.
        room_id: RoomId,
        /// Who.
        #[serde(flatten)]
        person: ChatPerson,
        /// How many people are there now.
        count: i64,
    },
    /// How many people are there now, who are too many to be listed.
    Count {
        /// The room.
        room_id: RoomId,
        /// How many people.
        count: i64,
    },
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatPerson {
    /// Who.
    pub user_id: UserId,
    /// Under which name.
    pub nickname: String,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_event_of_presence_says_what_it_is() {
        let room_id = RoomId::parse("lobby").expect("a room");
        let person = ChatPerson {
            user_id: UserId(Uuid::nil()),
            nickname: "Ada".into(),
        };
        let state = ChatPresence::State {
            room_id: room_id.clone(),
            count: 1,
            members: vec![person.clone()],
            listed: true,
        };
        assert_eq!(
            serde_json::to_string(&state).expect("JSON"),
            r#"{"type":"state","roomId":"lobby","count":1,"members":[{"userId":"00000000-0000-0000-0000-000000000000","nickname":"Ada"}],"listed":true}"#
        );
        let leave = ChatPresence::Leave {
            room_id,
            person,
            count: 0,
        };
        assert_eq!(
            serde_json::to_string(&leave).expect("JSON"),
            r#"{"type":"leave","roomId":"lobby","userId":"00000000-0000-0000-0000-000000000000","nickname":"Ada","count":0}"#
        );
    }
}
