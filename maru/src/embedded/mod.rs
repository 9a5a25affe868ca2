//! The Postgres that `maru` brings itself.
//!
//! PostgreSQL, compiled to WebAssembly and ahead of time to native code, runs inside this process
//! and keeps its files in the data folder. It is *one* session without a socket. This module puts a
//! private Unix socket in front of it and lets many ordinary clients, such as a `sqlx` pool, take
//! turns on that session: a client has it from the first statement of a transaction to its end.
//!
//! ```text
//! client ─ client ─ client        startup, wire, exchange: what a client says (pure)
//!     └──────┼────────┘           statements, translation: made fit for a shared session (pure)
//!         session                 one at a time, rolled back behind whoever leaves
//!         engine                  PostgreSQL
//! ```
//!
//! What a client of a shared session has to do without: `SET` (use `SET LOCAL`), `LISTEN`,
//! `DISCARD` and `DEALLOCATE` are refused by name; temporary tables, session advisory locks and
//! `WITH HOLD` cursors are shared by all clients; a second connection taken inside a transaction
//! waits for that transaction, at most [`LOCK_WAIT_MAX`]; `statement_timeout` and cancelling have
//! no effect.

mod answer;
mod cache;
mod client;
mod engine;
mod error;
mod exchange;
mod folder;
mod maintenance;
mod postgres;
mod refusal;
mod server;
mod session;
mod socket;
mod sql;
mod startup;
mod statements;
mod translation;
mod wire;

pub use cache::relocate_cache;
pub use client::{IDLE_IN_TRANSACTION_MAX, LOCK_WAIT_MAX};
pub use error::EmbeddedError;
pub use postgres::{EmbeddedPostgres, serve_until};
pub use server::CLIENTS_MAX;
