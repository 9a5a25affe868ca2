//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::State;

/// The address that log-ins are throttled by.
///
/// It is the other end of the connection, of which whoever serves the router tells by
/// [`ConnectInfo<SocketAddr>`](ConnectInfo). `X-Forwarded-For` is only believed as far as proxies
/// of one's own wrote it ([`State::proxy_hops`]): its beginning is the client's own invention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Stands for every client whose address nobody tells: they are throttled together, not let go.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl ClientAddress {
    /// The address as something to show, where it is known.
    pub(crate) fn known(self) -> Option<IpAddr> {
        (self.0 != UNKNOWN).then_some(self.0)
    }

    fn of(peer: Option<IpAddr>, headers: &HeaderMap, proxy_hops: u8) -> Self {
        let address = match proxy_hops {
            0 => peer,
            hops => forwarded(headers, hops),
        };
        Self(address.unwrap_or(UNKNOWN).to_canonical())
    }
}

/// Each proxy appends the address that it was called from: with one proxy the last entry is the
/// client, with two the last but one. A shorter list passed by fewer proxies than it should, and
/// nothing in it can be believed.
fn forwarded(headers: &HeaderMap, hops: u8) -> Option<IpAddr> {
    let entries = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect::<Vec<_>>();
    let index = entries.len().checked_sub(usize::from(hops))?;
    let entry = entries[index].trim();
    // Some proxies write the port too.
    let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
    entry.parse().or_else(|_| with_port()).ok()
}

impl FromRequestParts<State> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        Ok(Self::of(peer, &parts.headers, state.proxy_hops))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

    fn address(proxy_hops: u8, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for entry in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(entry));
        }
        let address = ClientAddress::of(Some(PEER), &headers, proxy_hops);
        address.0.to_string()
    }

    #[test]
    fn without_proxies_nothing_that_a_client_writes_is_believed() {
        assert_eq!(address(0, &[]), "10.0.0.7");
        assert_eq!(address(0, &["203.0.113.9"]), "10.0.0.7");
    }

    #[test]
    fn what_ones_own_proxies_wrote_is_believed_and_no_more() {
        let spoofed = ["203.0.113.9, 198.51.100.1", "192.0.2.1"];
        assert_eq!(address(1, &spoofed), "192.0.2.1");
        assert_eq!(address(2, &spoofed), "198.51.100.1");
        assert_eq!(address(1, &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(address(1, &["192.0.2.1:5000"]), "192.0.2.1");
        assert_eq!(address(1, &["::ffff:192.0.2.1"]), "192.0.2.1");
    }

    #[test]
    fn where_nobody_tells_an_address_all_count_as_one() {
        for forwarded in [&[][..], &["unknown"], &[""], &["192.0.2.1, "]] {
            assert_eq!(address(1, forwarded), "0.0.0.0", "{forwarded:?}");
        }
        assert_eq!(address(3, &["192.0.2.1, 192.0.2.2"]), "0.0.0.0");
        let nobody = ClientAddress::of(None, &HeaderMap::new(), 0);
        assert_eq!(nobody.known(), None);
    }
}
