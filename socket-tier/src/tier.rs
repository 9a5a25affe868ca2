//! The tier put together: started, served, left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use access_token::Verifier;
use axum::Router;
use axum::routing::get;
use chat::AuthMode;
use fanout::{Fanout, Incoming};
use message_log::MessageLog;
use request_source::{Origins, ProxyHops};
use sessions::Sessions;
use sockjs::IframePage;
use stomp::Heartbeat;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use traces::Tracer;
use uuid::Uuid;

use crate::addresses::{AddressCap, Addresses};
use crate::admin::{self, AdminToken};
use crate::amending::Amending;
use crate::connection::{Connection, Surroundings};
use crate::drain::Draining;
use crate::hub::{ConnectionId, Hub, Lease};
use crate::identity::Doorkeeper;
use crate::indexing::{self, Noted};
use crate::listener;
use crate::metrics::{Metrics, Readings, Sources};
use crate::posting::Posting;
use crate::probes;
use crate::residents::Residents;
use crate::revocations::{self, Revocations};
use crate::sockjs::{Application, Endpoint, Entrance, Options};
use crate::transport::Transport;
use crate::upgrade::{self, SUBPROTOCOLS};
use crate::vitals::{self, Vitals};
use crate::writer::{self, Writer};

/// How long an instance takes to be left.
pub const GRACE: Duration = Duration::from_secs(20);

/// How long the requests under way may take after that.
pub const REQUEST_GRACE: Duration = Duration::from_secs(5);

/// Where the frame of a page without CORS finds its client; the version that pages use.
const SOCKJS_CLIENT: &str = "https://cdn.jsdelivr.net/npm/sockjs-client@1.6.1/dist/sockjs.min.js";

/// The backends that an instance stands on. Whoever starts it chooses the adapters.
pub struct Stores {
    /// The rooms' log in Postgres: the truth.
    pub log: MessageLog,
    /// The way to and from the other instances: the hint.
    pub fanout: Arc<dyn Fanout>,
    /// What the fan-out brings.
    pub incoming: mpsc::Receiver<Incoming>,
    /// The sessions of accounts: the lease.
    pub sessions: Arc<dyn Sessions>,
}

/// Who may connect to an instance, and how connections are kept.
pub struct Access {
    /// Whether a token is required.
    pub mode: AuthMode,
    /// What tokens have to pass.
    pub verifier: Verifier,
    /// From which pages.
    pub origins: Origins,
    /// How many proxies of one's own stand in front.
    pub proxy_hops: ProxyHops,
    /// How many clients one address may have.
    pub address_cap: AddressCap,
    /// How often both sides of a connection show that they are there.
    pub heartbeat: Heartbeat,
    /// How long whoever leads clients here is told that the instance is being left before it lets
    /// nobody in.
    pub drain_notice: Duration,
    /// How long what it says of its people holds after it was last heard.
    pub presence_lease: Duration,
    /// What traces the way of messages; off, nobody does.
    pub tracer: Tracer,
}

/// What the HTTP side of the tier needs.
pub(crate) struct Doors {
    pub(crate) around: Arc<Surroundings>,
    pub(crate) origins: Origins,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) log: MessageLog,
    pub(crate) fanout: Arc<dyn Fanout>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) sockets: TaskTracker,
    /// Cancelled when the instance is to be sent nobody more.
    pub(crate) leaving: CancellationToken,
    ids: AtomicU64,
}

impl Doors {
    /// An id that no other connection of this instance has or had.
    pub(crate) fn next_id(&self) -> ConnectionId {
        ConnectionId(self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// Over SockJS each client is a STOMP connection, as over `/ws`.
impl Application for Doors {
    async fn serve<T: Transport + 'static>(&self, client: T) {
        let around = Arc::clone(&self.around);
        Connection::new(self.next_id(), client, around).run().await;
    }
}

/// One instance of the socket tier.
pub struct SocketTier {
    doors: Arc<Doors>,
    /// Hub and writer.
    workers: TaskTracker,
    /// Cancelled when the last socket is gone.
    finished: CancellationToken,
    /// The name under which this instance says who is in.
    instance: Uuid,
    drain_notice: Duration,
}

impl SocketTier {
    /// Starts the hub and the writer on the current runtime.
    pub fn start(stores: Stores, access: Access) -> Self {
        let Stores {
            log,
            fanout,
            incoming,
            sessions,
        } = stores;
        let workers = TaskTracker::new();
        let finished = CancellationToken::new();
        let (vitals, draining) = <(Arc<Vitals>, Draining)>::default();
        let (queue, writer_handle) = writer::queue();
        let metrics = Arc::new(Metrics::new(Readings(Some(Sources {
            fanout: Arc::clone(&fanout),
            writer: writer_handle.clone(),
            log: log.clone(),
            vitals: Arc::clone(&vitals),
            draining: draining.clone(),
            runtime: Handle::current(),
        }))));
        let instance = Uuid::new_v4();
        let (revocations, residents) = <(Arc<Revocations>, Arc<Residents>)>::default();
        let (hub, hub_handle) = Hub::new(
            Arc::clone(&fanout),
            incoming,
            log.clone(),
            Arc::clone(&metrics),
            Arc::clone(&residents),
            Lease::new(instance, access.presence_lease),
            access.tracer.clone(),
        );
        let noted = Noted::default();
        let writer = Writer::new(
            queue,
            log.clone(),
            Arc::clone(&fanout),
            noted.clone(),
            Arc::clone(&metrics),
        );
        let indexing = indexing::follow(noted.clone(), log.clone(), Arc::clone(&metrics));
        workers.spawn(finished.clone().run_until_cancelled_owned(indexing));
        let watching = vitals::watch(Arc::clone(&vitals), log.clone());
        workers.spawn(finished.clone().run_until_cancelled_owned(watching));
        workers.spawn(finished.clone().run_until_cancelled_owned(hub.run()));
        workers.spawn(writer.run(finished.clone()));
        let following =
            revocations::follow(Arc::clone(&revocations), sessions, Arc::clone(&residents));
        workers.spawn(finished.clone().run_until_cancelled_owned(following));
        let around = Surroundings {
            hub: hub_handle,
            doorkeeper: Doorkeeper::new(access.mode, access.verifier, revocations),
            residents,
            amending: Amending::new(log.clone(), Arc::clone(&fanout), noted, workers.clone()),
            posting: Posting::new(Arc::clone(&fanout), writer_handle),
            limits: Arc::default(),
            heartbeat: access.heartbeat,
            draining,
            started: time::Instant::now(),
            metrics,
            tracer: access.tracer,
        };
        let doors = Doors {
            around: Arc::new(around),
            origins: access.origins,
            addresses: Arc::new(Addresses::new(access.proxy_hops, access.address_cap)),
            log,
            fanout,
            vitals,
            sockets: TaskTracker::new(),
            leaving: CancellationToken::new(),
            ids: AtomicU64::new(0),
        };
        Self {
            doors: Arc::new(doors),
            workers,
            finished,
            instance,
            drain_notice: access.drain_notice,
        }
    }

    /// The tier's routes: `/ws`, `/ws-sockjs` and the probes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/ws", get(upgrade::open))
            .merge(probes::routes())
            .with_state(Arc::clone(&self.doors))
            .merge(self.sockjs().router())
    }

    /// What operators ask and tell (`ADMIN_LISTEN`), for a listener of its own. `leave` is cancelled
    /// where somebody asks for the instance to be left.
    pub fn admin_router(&self, token: AdminToken, leave: CancellationToken) -> Router {
        admin::router(Arc::clone(&self.doors), token, leave)
    }

    fn sockjs(&self) -> Endpoint<Doors> {
        let iframe = IframePage::new(SOCKJS_CLIENT).expect("it is a URL");
        let mut options = Options::new(iframe);
        options.raw.subprotocols = &SUBPROTOCOLS;
        let entrance = Entrance {
            origins: self.doors.origins.clone(),
            addresses: Arc::clone(&self.doors.addresses),
            draining: self.doors.around.draining.clone(),
            sockets: self.doors.sockets.clone(),
        };
        Endpoint::new("/ws-sockjs", options, entrance, Arc::clone(&self.doors))
    }

    /// Serves `router` on `listener` until `stop`, then leaves the instance. False where somebody
    /// could not be left in good order within [`GRACE`].
    pub async fn serve(
        &self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) -> bool {
        let closed = CancellationToken::new();
        let serving = TaskTracker::new().spawn(listener::serve(listener, router, closed.clone()));
        stop.await;
        self.doors.leaving.cancel();
        // Whoever comes meanwhile was sent by somebody who has not looked yet.
        time::sleep(self.drain_notice).await;
        tracing::info!("leaving: no new sockets, and those that are open are told to go elsewhere");
        // Probes are answered to the end, so that a load balancer sees why nobody is let in.
        let in_order = self.drain(GRACE).await;
        closed.cancel();
        in_order && time::timeout(REQUEST_GRACE, serving).await.is_ok()
    }

    /// Leaves the instance: no new sockets, every socket told to go elsewhere once its sends are
    /// answered, everything posted stored. Returns after `grace` at the latest; false then.
    async fn drain(&self, grace: Duration) -> bool {
        self.doors.around.draining.begin();
        self.doors.sockets.close();
        let left = async {
            self.doors.sockets.wait().await;
            self.finished.cancel();
            self.workers.close();
            self.workers.wait().await;
            if let Err(error) = self.doors.log.end_presence(self.instance).await {
                tracing::warn!(%error, "who was here stays until the lease has run out");
            }
        };
        let in_order = time::timeout(grace, left).await.is_ok();
        if !in_order {
            tracing::error!("the grace period is over and not all sockets are closed");
        }
        in_order
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use access_token::{JwkSet, Parties};
    use fanout::memory::Bus;
    use sessions::memory::MemorySessions;
    use tokio_tungstenite::tungstenite::Utf8Bytes;

    use super::*;
    use crate::limits::PRESENCE_LEASE;
    use crate::transport::{Close, PeerGone, Received};

    /// A peer at whose first word the server comes upon a fault of its own.
    struct Unlucky(Arc<Mutex<Option<Close>>>);

    impl Transport for Unlucky {
        async fn receive(&mut self) -> Received {
            panic!("a fault that a test makes");
        }

        async fn feed(&mut self, _: Utf8Bytes) -> Result<(), PeerGone> {
            Ok(())
        }

        async fn flush(&mut self) -> Result<(), PeerGone> {
            Ok(())
        }

        async fn close(self, close: Close) {
            *self.0.lock().expect("no panic") = Some(close);
        }
    }

    #[tokio::test]
    async fn a_fault_of_its_own_ends_one_socket_and_is_counted() {
        let (fanout, incoming) = Bus::new().join();
        let log = MessageLog::connect_lazy("postgres://nobody@127.0.0.1:1/none", 1);
        let stores = Stores {
            log: log.expect("a URL"),
            fanout: Arc::new(fanout),
            incoming,
            sessions: Arc::new(MemorySessions::new()),
        };
        let parties = Parties {
            issuer: "https://auth.example".to_owned(),
            audience: "maru".to_owned(),
        };
        let access = Access {
            mode: AuthMode::Optional,
            verifier: Verifier::new(&parties, JwkSet::default()),
            origins: Origins::default(),
            proxy_hops: ProxyHops::default(),
            address_cap: AddressCap::default(),
            heartbeat: Heartbeat::default(),
            drain_notice: Duration::ZERO,
            presence_lease: PRESENCE_LEASE,
            tracer: Tracer::default(),
        };
        let tier = SocketTier::start(stores, access);
        let closed = Arc::default();
        tier.doors.serve(Unlucky(Arc::clone(&closed))).await;

        let close = closed.lock().expect("no panic").take();
        assert_eq!(close, Some(Close::new(1011, "server error")));
        let figures = tier.doors.around.metrics.text();
        for line in [
            "chat_ws_closes_total{code=\"1011\"} 1",
            "chat_ws_connections 0",
        ] {
            assert!(figures.contains(line), "{line} is not in {figures}");
        }
    }
}
