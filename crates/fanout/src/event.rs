//! What is told.

use chat::{
    Access, ChatMessageReceive, ChatOwnRoom, ChatRead, ChatReject, ChatTyping, RoomId, UserId,
};
use trace_context::TraceContext;

use crate::Topic;

/// What one instance tells the others about a room, or about one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message is shown before its row is committed (channel `chat-message`).
    Shown {
        /// The message, without a number.
        message: ChatMessageReceive,
        /// The trace that its sending is in.
        trace: Option<TraceContext>,
    },
    /// A change of the room is committed (channel `chat-timestamp`).
    Committed {
        /// The message as it is now, complete, with `seq` and `rev`.
        message: ChatMessageReceive,
        /// The number of the room's rules under which it was committed: whoever knows older ones
        /// reads them before he tells it. 0 where the room is open.
        access: Access,
        /// The trace that the change is in.
        trace: Option<TraceContext>,
    },
    /// Somebody came into a room, left it, or has another role (channel `chat-timestamp`).
    RulesChanged {
        /// The room.
        room: RoomId,
        /// The number of its rules now.
        access: Access,
    },
    /// A member of a small room has read on, which the others may see (channel `chat-message`).
    Read(ChatRead),
    /// A user has read on, which his other devices are told (channel `chat-user`).
    OwnRead(ChatRead),
    /// Something became of a user in a room (channel `chat-user`).
    OwnRoom {
        /// Who is told.
        user: UserId,
        /// What.
        news: ChatOwnRoom,
    },
    /// Somebody writes, or has stopped (channel `chat-message`).
    Typing(ChatTyping),
    /// Somebody came into a room of an instance, or left the last of his places in it there; it is
    /// noted in Postgres already (channel `chat-message`).
    Presence {
        /// The room.
        room: RoomId,
        /// Who.
        user: UserId,
        /// Under which name.
        nickname: String,
        /// Whether he is there now.
        is_here: bool,
    },
    /// A message that was shown is withdrawn (channel `chat-message`).
    Rejected(ChatReject),
}

impl Event {
    /// What has to be watched to hear it.
    pub fn topic(&self) -> Topic {
        let room = match self {
            Self::Shown { message, .. } | Self::Committed { message, .. } => &message.room_id,
            Self::RulesChanged { room, .. } => room,
            Self::Read(read) => &read.room_id,
            Self::OwnRead(read) => return Topic::User(read.user_id),
            Self::OwnRoom { user, .. } => return Topic::User(*user),
            Self::Typing(typing) => &typing.room_id,
            Self::Presence { room, .. } => room,
            Self::Rejected(reject) => &reject.room_id,
        };
        Topic::room(room)
    }

    /// Roughly the memory that the event holds, in bytes: what the queues are bounded by.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Shown { message, .. } | Self::Committed { message, .. } => {
                    message.content.len() + message.sender.len()
                }
                Self::RulesChanged { .. }
                | Self::Read(_)
                | Self::OwnRead(_)
                | Self::OwnRoom { .. } => 0,
                Self::Typing(typing) => typing.nickname.len(),
                Self::Presence { nickname, .. } => nickname.len(),
                Self::Rejected(reject) => reject.reason.len(),
            }
    }
}
