//! The domain of the chat: rooms, senders, messages and their one public JSON form.
//!
//! Everything a stranger sends is parsed here, once, into a type that cannot be wrong
//! ([`RoomId`], [`Content`], [`Nickname`], [`TempId`]); everything behind the border takes those
//! types. The crate does no IO, knows no async and reads no clock.

mod auth_mode;
mod content;
mod epoch;
mod ids;
mod live;
mod membership;
mod message;
mod page;
mod problem;
mod room;
mod schema;
mod search;
mod sender;

pub use auth_mode::AuthMode;
pub use content::{Content, ContentError};
pub use epoch::Epoch;
pub use ids::{MessageId, Seq, TempId, TempIdError, UserId};
pub use live::{ChatOwnRoom, ChatPerson, ChatPresence, ChatRead, ChatTyping};
pub use membership::{Access, Membership, RoomName, RoomNameError, RoomRole, Sanction, Visibility};
pub use message::{
    ChatMessageReceive, ChatMessageSend, ChatReject, ChatResumed, ChatSnapshot,
    ChatTimestampReceive, Draft, DraftError, Message,
};
pub use page::{ChatMessagesReceive, PageInfo};
pub use problem::{Problem, ProblemCode, ProblemError};
pub use room::{RESERVED_SEGMENTS, RoomId, RoomIdError};
pub use search::{Gram, SearchText, SearchTextError, grams};
pub use sender::{Nickname, NicknameError, Sender};
