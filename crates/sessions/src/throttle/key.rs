//! What is throttled.

use std::net::IpAddr;

use crate::token::Digest;

/// What attempts are counted for. It holds digests: neither an e-mail nor an address is kept in
/// the clear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThrottleKey {
    id: String,
    kind: KeyKind,
}

/// Digest of where somebody is, different for each account.
pub(crate) type PlaceId = [u8; 16];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyKind {
    Account { place: Option<PlaceId> },
    Address,
}

impl ThrottleKey {
    /// An account that somebody tries to log in to from an address. `email` is the account's name
    /// in its one canonical form (lower case), whether there is such an account or not.
    pub fn account(email: &str, from: Option<IpAddr>) -> Self {
        let account = Digest::of(email.as_bytes());
        let place = from.map(|from| {
            let mut place = account.0.to_vec();
            place.extend_from_slice(prefix(from).as_bytes());
            *Digest::of(&place)
                .0
                .first_chunk()
                .expect("a digest is longer than its beginning")
        });
        Self {
            id: format!("account#{}", hex(&account)),
            kind: KeyKind::Account { place },
        }
    }

    /// An address, with all others that its holder commonly has too: of IPv6 the network of 64
    /// bits (RFC 6177), of IPv4 only itself. An IPv4 address in IPv6 (RFC 4291, section 2.5.5.2) is
    /// the IPv4 address.
    pub fn address(address: IpAddr) -> Self {
        Self {
            id: format!("address#{}", hex(&Digest::of(prefix(address).as_bytes()))),
            kind: KeyKind::Address,
        }
    }

    /// The key under which a store keeps it; the place is not part of it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }
}

fn prefix(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn hex(digest: &Digest) -> String {
    digest.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> ThrottleKey {
        ThrottleKey::address(text.parse().expect("an address"))
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_and_each_ipv4_for_itself() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(address("192.0.2.1"), address("::ffff:192.0.2.1"));
    }

    #[test]
    fn one_account_is_one_key_wherever_it_is_tried_from() {
        let from = |text: &str| {
            ThrottleKey::account("ann@example.org", Some(text.parse().expect("an address")))
        };
        let (here, there) = (from("192.0.2.1"), from("192.0.2.2"));
        assert_eq!(here.id(), there.id());
        assert_ne!(here.kind(), there.kind());
        assert_ne!(
            here.id(),
            ThrottleKey::account("bob@example.org", None).id()
        );
    }

    #[test]
    fn neither_mail_nor_address_is_told() {
        let key = ThrottleKey::account("ann@example.org", Some([192, 0, 2, 1].into()));
        let told = format!("{key:?}");
        assert!(!told.contains("ann") && !told.contains("192.0"), "{told}");
    }
}
