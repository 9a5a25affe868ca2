//! Rooms that were made: what they are called, who is in them, and as what.
//!
//! A private room is its members'. Who is none is told the same as where there is no such room
//! ([`ChangeError::NotThere`], `None`). Every change of the members takes the room's next
//! [`Access`] under the lock of its row, which messages are committed under too: so a message and
//! a change of the members have an order, on all instances the same.

pub(crate) mod change;
mod invitation;
pub(crate) mod join;
mod link;
mod make;
mod members;
pub(crate) mod read;
pub(crate) mod sanction;

pub use change::{ChangeError, Limit};
pub use invitation::{
    INVITATION_LIFETIME, INVITATIONS_PER_ROOM_MAX, INVITATIONS_PER_USER_MAX, Invitation,
};
pub use join::{READERS_SHOWN_MAX, ReadTo};
pub use link::{LINK_LIFETIME_MAX, LINK_USES_MAX, LINKS_PER_ROOM_MAX, Link, LinkToken, Redeemed};
pub use make::{Made, NewRoom};
pub use members::ROOM_MEMBERS_MAX;
pub use read::{InForce, Member, ROOMS_PAGE_MAX, Room, Rules, UNREAD_MAX};
pub use sanction::{ROOM_SANCTIONS_MAX, Sanctioned, Sentence, Standing};

/// The most members of an open room, who are those that follow it: anybody may speak in it.
pub const OPEN_ROOM_MEMBERS_MAX: i64 = 10_000;

/// The most rooms that one user is a member of, as far as he joins them himself.
pub const ROOMS_JOINED_MAX: i64 = 1_000;

/// The most rooms that one user owns.
pub const ROOMS_OWNED_MAX: i64 = 100;
