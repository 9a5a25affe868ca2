//! Where a request comes from.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use request_source::Address;

use crate::State;

/// Extracts the address that log-ins are throttled by.
///
/// It is the other end of the connection, of which whoever serves the router tells by
/// [`ConnectInfo<SocketAddr>`](ConnectInfo), or what proxies of one's own say of it
/// ([`State::proxy_hops`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) Address);

impl FromRequestParts<State> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        Ok(Self(state.proxy_hops.caller(peer, &parts.headers)))
    }
}
