//! How many clients each address has on this instance, so that nobody takes all the places.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{ConnectInfo, Request};
use request_source::{Address, Holder, ProxyHops};
use settings::Settings;

use crate::limits::CONNECTIONS_PER_ADDRESS_MAX;
use crate::transport::{Close, Transport};

/// How many clients one address may have, whichever transport carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressCap {
    /// So many; one more is refused.
    pub connections_max: NonZeroUsize,
    /// Whether addresses of the machine itself are not counted.
    pub spares_loopback: bool,
}

impl AddressCap {
    /// Reads `CONNECTIONS_PER_ADDRESS_MAX`. Where nobody chose, [`CONNECTIONS_PER_ADDRESS_MAX`]
    /// holds, and the machine itself is spared: from there come proxies that nobody told of in
    /// `TRUSTED_PROXY_HOPS`, behind which everybody would be one.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let chosen = settings.parsed(
            "CONNECTIONS_PER_ADDRESS_MAX",
            "a number of connections, 1 or more",
        );
        chosen.map_or_else(Self::default, |connections_max| Self {
            connections_max,
            spares_loopback: false,
        })
    }
}

impl Default for AddressCap {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_PER_ADDRESS_MAX,
            spares_loopback: true,
        }
    }
}

/// The clients of every address that has any.
#[derive(Debug)]
pub struct Addresses {
    hops: ProxyHops,
    cap: AddressCap,
    /// There is no entry of zero.
    clients: Mutex<HashMap<Holder, usize>>,
}

/// The place of one client among those of its address, given up when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    /// Absent where its address is not counted.
    counted: Option<(Arc<Addresses>, Holder)>,
}

/// An address has as many clients as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowded;

impl Addresses {
    /// Nobody is in yet. Behind `hops` proxies of one's own, addresses are what these say.
    pub fn new(hops: ProxyHops, cap: AddressCap) -> Self {
        Self {
            hops,
            cap,
            clients: Mutex::default(),
        }
    }

    /// Takes a place for the client that sends this request.
    pub(crate) fn enter(self: &Arc<Self>, request: &Request) -> Result<Place, Crowded> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.ip());
        self.enter_from(self.hops.caller(peer, request.headers()))
    }

    fn enter_from(self: &Arc<Self>, address: Address) -> Result<Place, Crowded> {
        if self.cap.spares_loopback && address.ip().is_loopback() {
            return Ok(Place { counted: None });
        }
        let holder = address.holder();
        let mut clients = self.lock();
        let count = clients.entry(holder).or_default();
        if *count >= self.cap.connections_max.get() {
            tracing::debug!("a client over the limit of its address was refused");
            return Err(Crowded);
        }
        *count += 1;
        Ok(Place {
            counted: Some((Arc::clone(self), holder)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((addresses, holder)) = self.counted.take() {
            let mut clients = addresses.lock();
            if let Some(count) = clients.get_mut(&holder) {
                *count -= 1;
                if *count == 0 {
                    clients.remove(&holder);
                }
            }
        }
    }
}

/// Has `serve` serve a client that has a place, and holds the place meanwhile. Any other is told
/// why not, in the way that its transport tells the end of a connection: a page cannot see the
/// answer to a handshake, but it sees the code of a close.
pub(crate) async fn serve_in<T, F>(
    place: Result<Place, Crowded>,
    client: T,
    serve: impl FnOnce(T) -> F,
) where
    T: Transport,
    F: Future<Output = ()>,
{
    match place {
        Ok(_held) => serve(client).await,
        Err(Crowded) => client.close(crowded()).await,
    }
}

fn crowded() -> Close {
    Close::new(4012, "too many connections from this address")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn capped(connections_max: usize) -> Arc<Addresses> {
        let cap = AddressCap {
            connections_max: NonZeroUsize::new(connections_max).expect("not zero"),
            spares_loopback: true,
        };
        Arc::new(Addresses::new(ProxyHops(0), cap))
    }

    fn enter(addresses: &Arc<Addresses>, from: &str) -> Result<Place, Crowded> {
        let from: IpAddr = from.parse().expect("an address");
        addresses.enter_from(from.into())
    }

    fn read(text: &'static str) -> Option<AddressCap> {
        let mut settings = Settings::new(|_| Some(text.into()));
        let cap = AddressCap::read(&mut settings);
        settings.finish().ok().map(|()| cap)
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let addresses = capped(2);
        let first = enter(&addresses, "192.0.2.1").expect("a place");
        let _second = enter(&addresses, "192.0.2.1").expect("a place");
        assert_eq!(enter(&addresses, "192.0.2.1").err(), Some(Crowded));
        let _other = enter(&addresses, "192.0.2.2").expect("a place of its own");
        drop(first);
        let _third = enter(&addresses, "192.0.2.1").expect("a place again");
        assert_eq!(enter(&addresses, "192.0.2.1").err(), Some(Crowded));
    }

    #[test]
    fn a_network_of_ipv6_has_one_share() {
        let addresses = capped(1);
        let _first = enter(&addresses, "2001:db8::1").expect("a place");
        assert_eq!(enter(&addresses, "2001:db8::2").err(), Some(Crowded));
        enter(&addresses, "2001:db8:0:1::1").expect("another network");
    }

    #[test]
    fn addresses_that_nobody_has_any_more_are_forgotten() {
        let addresses = capped(2);
        let places = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map(|from| enter(&addresses, from));
        assert_eq!(addresses.lock().len(), 2);
        drop(places);
        assert!(addresses.lock().is_empty());
    }

    #[test]
    fn the_machine_itself_is_counted_where_somebody_chose_a_number() {
        let spared = Arc::new(Addresses::new(ProxyHops(0), AddressCap::default()));
        for from in ["127.0.0.1", "::1"] {
            enter(&spared, from).expect("not counted");
        }
        assert!(spared.lock().is_empty());

        let chosen = read("1").expect("a number");
        let chosen = Arc::new(Addresses::new(ProxyHops(0), chosen));
        let _first = enter(&chosen, "127.0.0.1").expect("a place");
        assert_eq!(enter(&chosen, "127.0.0.1").err(), Some(Crowded));
    }

    #[test]
    fn no_number_of_connections_is_a_fault() {
        assert_eq!(read(""), Some(AddressCap::default()));
        for wrong in ["0", "-1", "many"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
