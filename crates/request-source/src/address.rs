//! The address that a request comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::HeaderMap;
use settings::Settings;

/// How many proxies of one's own stand in front, each of which appends to `X-Forwarded-For` the
/// address that it was called from. That header is believed so far and no further: its beginning is
/// the client's own invention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProxyHops(pub u8);

/// What callers are told apart by where nobody knows who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(IpAddr);

/// Whoever commonly has an address, with all others that are his too: of IPv6 the network of 64
/// bits (RFC 6177), of IPv4 only itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder(u128);

/// Stands for every caller whose address nobody tells: they count as one, and are not let go.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl ProxyHops {
    /// Reads `TRUSTED_PROXY_HOPS`; absent, there is no proxy.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let hops = settings.parsed(
            "TRUSTED_PROXY_HOPS",
            "the number of proxies in front, such as 1",
        );
        Self(hops.unwrap_or_default())
    }

    /// The address of whoever sent a request with these headers, which `peer`, the other end of the
    /// connection, brought.
    pub fn caller(self, peer: Option<IpAddr>, headers: &HeaderMap) -> Address {
        let address = match self.0 {
            0 => peer,
            hops => forwarded(headers, hops),
        };
        Address::from(address.unwrap_or(UNKNOWN))
    }
}

impl Address {
    /// The address, or the one that stands for all that are unknown.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// The address as something to show, where it is known.
    pub fn known(self) -> Option<IpAddr> {
        (self.0 != UNKNOWN).then_some(self.0)
    }

    /// Whose it is.
    pub fn holder(self) -> Holder {
        Holder(match self.0 {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits() >> 64 << 64,
        })
    }
}

/// An IPv4 address in IPv6 (RFC 4291, section 2.5.5.2) is the IPv4 address.
impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

/// With one proxy the last entry is the client, with two the last but one. A shorter list passed by
/// fewer proxies than it should, and nothing in it can be believed.
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

    fn caller(hops: u8, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for entry in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(entry));
        }
        let address = ProxyHops(hops).caller(Some(PEER), &headers);
        address.ip().to_string()
    }

    fn holder(address: &str) -> Holder {
        let address: IpAddr = address.parse().expect("an address");
        Address::from(address).holder()
    }

    #[test]
    fn without_proxies_nothing_that_a_client_writes_is_believed() {
        assert_eq!(caller(0, &[]), "10.0.0.7");
        assert_eq!(caller(0, &["203.0.113.9"]), "10.0.0.7");
    }

    #[test]
    fn what_ones_own_proxies_wrote_is_believed_and_no_more() {
        let spoofed = ["203.0.113.9, 198.51.100.1", "192.0.2.1"];
        assert_eq!(caller(1, &spoofed), "192.0.2.1");
        assert_eq!(caller(2, &spoofed), "198.51.100.1");
        assert_eq!(caller(1, &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(caller(1, &["192.0.2.1:5000"]), "192.0.2.1");
        assert_eq!(caller(1, &["::ffff:192.0.2.1"]), "192.0.2.1");
    }

    #[test]
    fn where_nobody_tells_an_address_all_count_as_one() {
        for forwarded in [&[][..], &["unknown"], &[""], &["192.0.2.1, "]] {
            assert_eq!(caller(1, forwarded), "0.0.0.0", "{forwarded:?}");
        }
        assert_eq!(caller(3, &["192.0.2.1, 192.0.2.2"]), "0.0.0.0");
        let nobody = ProxyHops(0).caller(None, &HeaderMap::new());
        assert_eq!(nobody.known(), None);
    }

    #[test]
    fn addresses_of_one_holder_count_together() {
        assert_eq!(holder("2001:db8::1"), holder("2001:db8::2:0:0:1"));
        assert_ne!(holder("2001:db8::1"), holder("2001:db8:0:1::1"));
        assert_eq!(holder("::ffff:192.0.2.1"), holder("192.0.2.1"));
        assert_ne!(holder("192.0.2.1"), holder("192.0.2.2"));
    }

    #[test]
    fn what_is_no_number_of_proxies_is_a_fault() {
        let mut settings = Settings::new(|_| Some("all".into()));
        assert_eq!(ProxyHops::read(&mut settings), ProxyHops(0));
        let faults = settings.finish().expect_err("one fault");
        assert_eq!(faults.0[0].name, "TRUSTED_PROXY_HOPS");
    }
}
