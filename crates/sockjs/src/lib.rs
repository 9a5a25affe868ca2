//! The server side of SockJS 0.3, without IO: framing, sessions and the HTTP answers around them.
//!
//! A listener owns sockets, clock and randomness and does three things with this crate. It shows
//! every request below the base URL to [`Service::reply`], which answers it or says which session
//! it belongs to. It keeps a [`Session`] per [`SessionId`], hands it what clients send and what
//! the application says, and [forgets](Status::Gone) it when it is over. And it writes what
//! [`Session::poll_transmit`] gives for the [`Receiver`] of a response, chunk by chunk.
//!
//! The rules are those of the protocol's published test list (`sockjs-protocol`, 0.3.3 with the
//! later changes to CORS, caching and JSONP). Messages are text; what they mean is unknown here.

mod answer;
mod callback;
mod close;
mod cors;
mod form;
mod frame;
mod iframe;
mod inbox;
mod info;
mod jsessionid;
mod outbox;
mod payload;
mod quoted;
mod receiver;
mod reply;
mod request;
mod route;
mod service;
mod session;
mod session_id;
mod settings;
mod surrogates;
mod transport;

pub use answer::{Answer, Headers};
pub use callback::{Callback, CallbackError};
pub use close::Close;
pub use cors::Origin;
pub use frame::Frame;
pub use iframe::{IframePage, SockjsUrlError};
pub use payload::{PayloadError, PayloadLimits, jsonp_send, websocket_message, xhr_send};
pub use quoted::Quoted;
pub use receiver::{Receiver, Transmit};
pub use reply::{Receiving, Reply, Sending};
pub use request::Request;
pub use service::Service;
pub use session::{ReceiveError, SendError, Session, Status};
pub use session_id::SessionId;
pub use settings::Settings;
pub use transport::Transport;
