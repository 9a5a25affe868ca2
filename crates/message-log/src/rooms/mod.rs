//! Rooms that were made: what they are called, who is in them, and as what.
//!
//! A private room is its members'. Who is none is told the same as where there is no such room
//! ([`ChangeError::NotThere`], `None`). Every change of the members takes the room's next
//! [`Access`] under the lock of its row, which messages are committed under too: so a message and
//! a change of the members have an order, on all instances the same.

pub(crate) mod change;
mod make;
mod members;
pub(crate) mod read;

pub use change::ChangeError;
pub use make::{Made, NewRoom};
pub use members::ROOM_MEMBERS_MAX;
pub use read::{Member, ROOMS_PAGE_MAX, Room, Rules};

/// The most rooms that one user owns.
pub const ROOMS_OWNED_MAX: i64 = 100;
