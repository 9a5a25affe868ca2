//! What is told.

use chat::{ChatMessageReceive, ChatReject, RoomId};

/// What one instance tells the others about a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message is shown before its row is committed (channel `chat-message`).
    Shown(ChatMessageReceive),
    /// A change of the room is committed (channel `chat-timestamp`): the message as it is now,
    /// complete, with `seq` and `rev`.
    Committed(ChatMessageReceive),
    /// A message that was shown is withdrawn (channel `chat-message`).
    Rejected(ChatReject),
}

impl Event {
    /// The room that the event belongs to.
    pub fn room(&self) -> &RoomId {
        match self {
            Self::Shown(message) | Self::Committed(message) => &message.room_id,
            Self::Rejected(reject) => &reject.room_id,
        }
    }

    /// Roughly the memory that the event holds, in bytes: what the queues are bounded by.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Shown(message) | Self::Committed(message) => {
                    message.content.len() + message.sender.len()
                }
                Self::Rejected(reject) => reject.reason.len(),
            }
    }
}
