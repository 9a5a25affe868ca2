//! SockJS endpoints: the rim around the protocol's rules in the crate `sockjs`.
//!
//! An [`Endpoint`] answers every request below its prefix. Whoever talks there, over whichever
//! transport, meets the same [`Application`] as one [`Transport`](crate::transport::Transport): a
//! plain WebSocket, one with SockJS' frames, or a session that a stream of HTTP requests carries.

mod answer;
mod application;
mod endpoint;
mod framed;
mod listening;
mod polled;
mod provenance;
mod registry;
mod shared_session;
mod speaking;

pub use ::sockjs::IframePage;
pub use application::Application;
pub use endpoint::{Endpoint, Entrance, Options};
