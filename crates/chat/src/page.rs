//! A page of a room's history.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ChatMessageReceive, Epoch, Seq};

/// A page of history: messages ascending by `seq`, and how to go on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatMessagesReceive {
    /// The messages, oldest first.
    pub messages: Vec<ChatMessageReceive>,
    /// Where the page stands in the room.
    pub page: PageInfo,
}

/// Where a page of history stands in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// The limit that was applied.
    pub limit: u32,
    /// Pass it as `before` to read what is older; `null` where nothing is.
    #[schema(required = true)]
    pub before: Option<Seq>,
    /// Pass it as `after` to read what is newer; `null` where nothing is yet.
    #[schema(required = true)]
    pub after: Option<Seq>,
    /// The room's last number when the page was read; 0 where nothing was ever said.
    pub last_seq: Seq,
    /// The history of the database that the numbers belong to. It goes with `since` when one
    /// subscribes.
    pub epoch: Epoch,
}
