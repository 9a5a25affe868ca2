//! Where a request comes from: which page, which address, and how far what it says of either is
//! believed.
//!
//! The functions and the sockets ask the same questions of every request, so they have one list of
//! [`Origins`] and one reading of `X-Forwarded-For` ([`ProxyHops`]).

mod address;
mod origins;

pub use address::{Address, Holder, ProxyHops};
pub use origins::{OriginError, Origins};
