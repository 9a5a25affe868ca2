//! The server side of STOMP 1.0, 1.1 and 1.2 as a pure state machine.
//!
//! [`Session`] is told what happened (`handle_*`), what the application decided (`admit`, `settle`,
//! `deliver`, …) and says what is to be done (`poll_action`, `poll_timeout`). It does no IO, knows no
//! async and reads no clock: `now` is a parameter. What destinations mean is the application's
//! affair. [`Decoder`] and [`Frame::encode`] serve clients and tests as well, for both directions
//! share one syntax.
//!
//! `CONFORMANCE.md` beside this crate's manifest lists every MUST and SHOULD of STOMP 1.2 with its test.

mod action;
mod command;
mod connected;
mod decoder;
mod encoder;
mod escaping;
mod fault;
mod frame;
mod headers;
mod heartbeat;
mod limits;
mod message;
mod outbox;
mod session;
mod subscriptions;
mod ticket;
mod transactions;
mod version;
mod violation;

pub use action::{Action, Admission, CloseReason, Credentials};
pub use command::Command;
pub use decoder::{COMMAND_BYTES_MAX, DecodeError, Decoder};
pub use fault::Fault;
pub use frame::Frame;
pub use headers::Headers;
pub use heartbeat::{HEARTBEAT_MS_MIN, HEARTBEAT_TOLERANCE, Heartbeat};
pub use limits::Limits;
pub use message::{Delivered, Message, encode_message};
pub use session::Session;
pub use subscriptions::AckMode;
pub use ticket::Ticket;
pub use version::Version;
