//! The log of each room in Postgres: the only place that knows how messages are stored.
//!
//! [`MessageLog::append`] stores a batch of drafts, each once, and gives them the next numbers of
//! their rooms; [`MessageLog::page`], [`MessageLog::changes`] and [`MessageLog::heads`] read.
//! A message exists when its row is committed; numbers are taken in the committing transaction, so
//! commit order is number order and there are no holes. [`MessageLog::amend`] edits and deletes,
//! which takes a number too.
//!
//! [`MessageLog::search`] finds messages by what is said in them, through an index that
//! [`MessageLog::index_rooms`] fills behind the commits.
//!
//! Rooms may also be made, with a name and members ([`MessageLog::make_room`]); into a private one
//! only members say something, which is decided in the committing transaction.
//!
//! The SQL runs on PostgreSQL 15 and later, and on the one embedded in `maru`, whose connections
//! share one session and take turns by transaction: nothing here keeps session state, and nothing
//! asks for a second connection inside a transaction.

mod amend;
mod append;
mod epoch;
mod error;
#[cfg(feature = "failpoints")]
pub mod failpoint;
mod message_log;
mod migrate;
#[cfg(test)]
mod plans;
mod pool;
mod presence;
mod read;
mod rooms;
mod search;

pub use amend::{Actor, AmendError, Amended, Amendment, AmendmentKind};
pub use append::{APPEND_BATCH_MAX, AppendError, Appended, LockWait, Silence};
pub use error::{Cause, ConnectError, MigrateError, ReadError};
pub use message_log::{Connections, MessageLog};
pub use presence::{PRESENCE_LIST_MAX, Presence, Present};
pub use read::{CHANGES_MAX, Durability, Head, Look, PAGE_MESSAGES_MAX, Page, PageQuery, ReadPage};
pub use rooms::{
    ChangeError, INVITATION_LIFETIME, INVITATIONS_PER_ROOM_MAX, INVITATIONS_PER_USER_MAX, InForce,
    Invitation, LINK_LIFETIME_MAX, LINK_USES_MAX, LINKS_PER_ROOM_MAX, Limit, Link, LinkToken, Made,
    Member, NewRoom, OPEN_ROOM_MEMBERS_MAX, READERS_SHOWN_MAX, ROOM_MEMBERS_MAX,
    ROOM_SANCTIONS_MAX, ROOMS_JOINED_MAX, ROOMS_OWNED_MAX, ROOMS_PAGE_MAX, ReadTo, Redeemed, Room,
    Rules, Sanctioned, Sentence, Standing, UNREAD_MAX,
};
pub use search::{
    BySender, Found, FoundAcross, INDEX_ROOMS_MAX, Indexed, SEARCH_MESSAGES_MAX, SEARCH_ROOMS_MAX,
    SearchQuery,
};
