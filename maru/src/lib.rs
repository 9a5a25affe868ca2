//! The whole chat in one process: what `cargo run` starts.
//!
//! [`serve`] puts the socket tier, the functions' routers and the page on one listener, on the
//! parts that [`config`] names, or on embedded ones where it names none.

pub mod admin;
pub mod config;
pub mod docs;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod epoch;
pub mod functions;
mod identity;
pub mod keys;
pub mod migrate;
mod page;
mod parts;
pub mod rooms;
pub mod serve;
pub mod token;
mod traced;
