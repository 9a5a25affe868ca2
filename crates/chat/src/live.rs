//! What is told of a room beside its messages, and kept nowhere as an event.

use serde::{Deserialize, Serialize};

use crate::{RoomId, Seq, UserId};

/// Says up to where somebody has read a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatRead {
    /// The room.
    pub room_id: RoomId,
    /// Who.
    pub user_id: UserId,
    /// The place up to which he has.
    pub seq: Seq,
}
