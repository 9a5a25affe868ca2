//! The adapter between processes: sharded Redis Pub/Sub (Redis 7 or later).
//!
//! All of it travels on one connection in RESP3, which the adapter reads and writes itself
//! instead of through the crate's multiplexed connection, because its promises rest on it:
//! commands and messages of one connection have one order, so that an own event is known by its
//! place when it comes back and is not parsed; what is not read becomes the server's
//! back-pressure; and nothing that arrives is held beyond a bound.
//!
//! One line leads to one server, with or without replicas. The names of channels are those that a
//! Redis Cluster needs; to be carried by one, the adapter would take a line to each of its shards.
//!
//! ```text
//! publish, watch ──▶ Switchboard ──outbox──▶ speak ──▶ Redis
//!                    │  Line: owed echoes, pulse         │
//! Incoming ◀──tell── Inbox ◀───────────────── listen ◀───┘
//! ```

mod backoff;
mod channel;
mod driver;
mod envelope;
mod fault;
mod herald;
mod inbox;
#[cfg(feature = "failpoints")]
pub mod later;
mod line;
mod mac;
#[cfg(test)]
mod model;
mod resp;
mod server;
mod socket;
mod switchboard;
#[cfg(test)]
mod versions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{self, Instant};
use uuid::Uuid;

use self::channel::Channels;
use self::driver::Shared;
use self::envelope::{Letter, Sealer};
use self::fault::Fault;
use self::server::Server;
use self::switchboard::{Switchboard, Watch};
use crate::{Counters, Event, Fanout, INCOMING_EVENTS_MAX, Incoming, Topic, Unavailable};

pub use self::herald::RedisHerald;
pub use self::mac::{MacKey, MacKeyTooShort};
pub use self::server::UrlError;

/// How long a watch waits for its confirmation. It bounds the wait of an instance that does not
/// take what arrives, and so keeps the confirmation from being read.
const CONFIRMATION_MAX: Duration = Duration::from_secs(1);

/// How long [`start`] waits for the first connection to serve.
const START_MAX: Duration = Duration::from_secs(1);

/// Where Redis is, and under which names and proofs the instances meet there.
#[derive(Clone, Default)]
pub struct RedisConfig {
    /// `redis://[user:password@]host[:port]`, `rediss://…` for TLS, or `redis+unix:///path`.
    pub url: String,
    /// Put before every channel's name, where several systems share one Redis; without braces.
    pub namespace: Option<String>,
    /// With a key, every event is signed, and only what is signed with it is believed.
    pub mac_key: Option<MacKey>,
}

/// Why the adapter cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The URL is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The namespace contains a brace.
    #[error("the namespace in Redis contains a brace; the room alone stands in braces")]
    Namespace,
}

/// Why a server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// The URL is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Nobody answers as a Redis would.
    #[error("no Redis answers at {server}: {cause}")]
    Unreachable {
        /// Where, without the credentials.
        server: String,
        /// What went wrong.
        cause: String,
    },
    /// It answers, but refuses sharded Pub/Sub.
    #[error(
        "the Redis at {server} refuses sharded Pub/Sub ({code}): \
         it takes Redis 7 or later, and the right to use the channels chat-*"
    )]
    Unsuited {
        /// Where, without the credentials.
        server: String,
        /// The code of its error.
        code: String,
    },
}

/// Starts the adapter. It connects in the background and for ever; where the first connection
/// serves within a second, it does so on return. Everything stops when the [`RedisFanout`] is
/// dropped.
///
/// # Errors
/// Refuses a configuration that can never work. That nobody answers is no error here: see
/// [`ping`].
pub async fn start(
    config: RedisConfig,
) -> Result<(RedisFanout, mpsc::Receiver<Incoming>), StartError> {
    let server = Server::parse(&config.url)?;
    let channels = Channels::new(config.namespace.unwrap_or_default())
        .map_err(|channel::Braces| StartError::Namespace)?;
    let sealer = Sealer::new(Uuid::new_v4(), config.mac_key);
    let shared = Arc::new(Shared::new(Switchboard::new(channels, sealer)));
    let (incoming, receiver) = mpsc::channel(INCOMING_EVENTS_MAX);
    let (attempted, mut first_attempt) = watch::channel(false);

    let mut tasks = JoinSet::new();
    tasks.spawn(driver::keep_connected(shared.clone(), server, attempted));
    tasks.spawn(driver::keep_telling(shared.clone(), incoming));
    // Either outcome will do: the adapter works without Redis too.
    let _ = time::timeout(START_MAX, first_attempt.wait_for(|attempted| *attempted)).await;

    let fanout = RedisFanout {
        shared,
        _tasks: tasks,
    };
    Ok((fanout, receiver))
}

/// Asks a server whether it can carry events, within a few seconds: what a start that is to fail
/// early calls.
///
/// # Errors
/// One line that says where nobody answers, or why the one who does will not do.
pub async fn ping(url: &str) -> Result<(), PingError> {
    let server = Server::parse(url)?;
    let unreachable = |fault: Fault| PingError::Unreachable {
        server: server.to_string(),
        cause: fault.to_string(),
    };
    let dialled = socket::dial(&server).await.map_err(unreachable)?;
    let mut publish = ::redis::cmd("SPUBLISH");
    publish.arg("chat-ping").arg("");
    match socket::ask(dialled, &publish).await {
        Ok(()) => Ok(()),
        Err(Fault::Refused(code)) => Err(PingError::Unsuited {
            server: server.to_string(),
            code,
        }),
        Err(fault) => Err(unreachable(fault)),
    }
}

/// One instance's place among those that share a Redis.
///
/// While Redis is away, which is noticed within half a second of a publication, own events are
/// looped back here and go nowhere else. Dropping it ends its connection.
#[derive(Debug)]
pub struct RedisFanout {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Fanout for RedisFanout {
    fn publish(&self, event: Arc<Event>) {
        // Written outside the lock, which everybody who publishes waits for.
        let letter = Letter::new(&event);
        self.shared
            .with(|board| board.publish(event, &letter, Instant::now()));
    }

    fn watch(&self, topic: &Topic) -> BoxFuture<'static, Result<(), Unavailable>> {
        match self.shared.with(|board| board.watch(topic)) {
            Watch::Effective => future::ready(Ok(())).boxed(),
            Watch::Away => future::ready(Err(Unavailable)).boxed(),
            Watch::Soon(confirmed) => async {
                match time::timeout(CONFIRMATION_MAX, confirmed).await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(_)) | Err(_) => Err(Unavailable),
                }
            }
            .boxed(),
        }
    }

    fn unwatch(&self, topic: &Topic) {
        self.shared.with(|board| board.unwatch(topic));
    }

    fn is_connected(&self) -> bool {
        self.shared.with(|board| board.is_connected())
    }

    fn counters(&self) -> Counters {
        self.shared.with(|board| board.counters())
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("RedisConfig")
            .field("namespace", &self.namespace)
            .field("mac_key", &self.mac_key)
            .finish_non_exhaustive()
    }
}
