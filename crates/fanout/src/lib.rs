//! What one instance tells the others, and how it hears them: one port, two adapters.
//!
//! The port is [`Fanout`]; its doc comment is the contract, and one contract test runs on both
//! adapters. [`memory`] carries events inside one process, which is what `cargo run` serves;
//! [`redis`] carries them between instances. Either is a hint and never the truth: it says when
//! events may have been lost ([`Incoming::Interrupted`]), and whoever needs every one of them
//! reads the room's log.

mod counters;
mod event;
mod port;
mod topic;

pub mod config;
pub mod memory;
pub mod redis;

pub use counters::{Counters, Rejection, Rejections};
pub use event::Event;
pub use port::{Fanout, Herald, INCOMING_EVENTS_MAX, Incoming, Unavailable};
pub use topic::Topic;
