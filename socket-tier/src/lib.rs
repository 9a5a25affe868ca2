//! The socket tier: a long-lived server that keeps STOMP sessions over WebSocket, stores what is
//! said in Postgres and fans it out to every instance that has a listener.
//!
//! Top-down: `listener` accepts connections, `upgrade` makes sockets of them, `connection`
//! drives one STOMP session each; `sockjs` does the same for clients without WebSockets. A SEND
//! goes through `posting` to the `writer`, which commits in batches; what happened in a room
//! comes back through the fan-out to the `hub`, which puts it in order and hands it to the
//! `outbox` of every listener.

pub mod addresses;
pub mod admin;
mod amending;
pub mod config;
mod connection;
mod destination;
pub mod drain;
pub mod failpoints;
pub mod healthcheck;
mod hub;
mod identity;
mod indexing;
pub mod limits;
pub mod listener;
mod metrics;
mod outbox;
mod posting;
mod probes;
mod residents;
mod revocations;
pub mod sockjs;
mod span;
pub mod tier;
pub mod transport;
pub mod upgrade;
mod vitals;
mod writer;

#[doc(hidden)]
pub use hub::FullRoom;
pub use tier::{Access, SocketTier, Stores};
pub use vitals::{Forgetful, insist_on_durability};
