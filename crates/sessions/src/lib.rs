//! Short-lived state of accounts: sessions with rotating refresh tokens, revocation, throttles.
//!
//! The port is [`Sessions`]; its doc comment is the contract, and one contract test runs on both
//! adapters. [`memory`] lives inside one process, which is what `cargo run` serves; [`dynamo`] keeps
//! everything in one DynamoDB table. What is decided (when a token may be renewed, whose session has
//! to go, how long a wait grows) is decided once, in types that know no store; an adapter only reads
//! and writes them atomically. Whatever is kept here is a lease: it ends by itself, and an item past
//! its end is dead though it may still lie in the store.

mod client;
mod family;
mod micros;
mod person;
mod port;
mod random;
mod record;
mod revocation;
mod session;
mod store;
mod throttle;
mod token;

pub mod dynamo;
pub mod memory;

pub use client::{ClientInfo, USER_AGENT_BYTES_MAX};
pub use family::ROTATION_GRACE;
pub use person::SESSIONS_PER_USER_MAX;
pub use port::{Rotation, Sessions, Unavailable};
pub use revocation::{REVOCATION_LIFETIME, REVOCATION_OVERLAP, Revocation, RevocationCursor};
pub use session::{SESSION_IDLE_MAX, SESSION_LIFETIME, SessionId, SessionIdError, SessionInfo};
pub use throttle::{
    ACCOUNT_FREE_ATTEMPTS, ACCOUNT_WAIT_MAX, ADDRESS_FREE_ATTEMPTS, ADDRESS_WAIT_MAX,
    FAMILIAR_LIFETIME, FAMILIAR_PLACES_MAX, ThrottleKey, Verdict,
};
pub use token::{REFRESH_TOKEN_CHARS, RefreshToken};
