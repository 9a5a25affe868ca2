//! `maru verify`: proves the promises on a running deployment, from outside.
//!
//! [`run`] drives senders and listeners over any number of socket URLs and writes a journal of
//! everything that they intended and saw. When all is quiet it reads the rooms over HTTP, and from
//! Postgres where it may, and [`check()`](check::check) decides: it is a pure function of the journal.
//!
//! It shares no type of messages with the server: it believes only what is on the wire.

pub mod check;
mod client;
mod dial;
mod endpoint;
mod event;
mod faults;
mod history;
mod http;
mod identity;
pub mod journal;
mod latency;
mod listener;
mod options;
mod plan;
mod progress;
mod report;
mod run;
mod sender;
mod sql;

pub use endpoint::Endpoint;
pub use options::Options;
pub use report::Report;
pub use run::run;
