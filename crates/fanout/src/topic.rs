//! What can be watched.

use chat::{RoomId, UserId};

/// Whose events an instance hears.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Those of a room.
    Room(RoomId),
    /// Those that one user alone is told, on whichever instance he is.
    User(UserId),
}

impl Topic {
    /// The topic of a room.
    pub fn room(room: &RoomId) -> Self {
        Self::Room(room.clone())
    }
}
