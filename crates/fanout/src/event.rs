//! What is told.

use chat::{Access, ChatMessageReceive, ChatRead, ChatReject, ChatTyping, RoomId, UserId};
use trace_context::TraceContext;

/// What one instance tells the others about a room.
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
    /// A member has read on (channel `chat-message`).
    Read {
        /// Who, and up to where.
        read: ChatRead,
        /// Whether the room is so small that the others may see it.
        is_shown: bool,
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
    /// The room that the event belongs to.
    pub fn room(&self) -> &RoomId {
        match self {
            Self::Shown { message, .. } | Self::Committed { message, .. } => &message.room_id,
            Self::RulesChanged { room, .. } => room,
            Self::Read { read, .. } => &read.room_id,
            Self::Typing(typing) => &typing.room_id,
            Self::Presence { room, .. } => room,
            Self::Rejected(reject) => &reject.room_id,
        }
    }

    /// Roughly the memory that the event holds, in bytes: what the queues are bounded by.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Shown { message, .. } | Self::Committed { message, .. } => {
                    message.content.len() + message.sender.len()
                }
                Self::RulesChanged { .. } | Self::Read { .. } => 0,
                Self::Typing(typing) => typing.nickname.len(),
                Self::Presence { nickname, .. } => nickname.len(),
                Self::Rejected(reject) => reject.reason.len(),
            }
    }
}
