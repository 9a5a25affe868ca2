//! One who tells and hears nothing.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time;
use uuid::Uuid;

use super::channel::{self, Channels, Kind};
use super::envelope::{Letter, Sealer};
use super::fault::Fault;
use super::server::Server;
use super::{RedisConfig, StartError, socket};
use crate::{Event, Herald};

/// How long an event may take to be on its way.
const ANNOUNCE_MAX: Duration = Duration::from_millis(500);

/// Tells the instances that share a Redis.
///
/// It connects for each event, since what it tells is rare and a process that was frozen in
/// between, as a Lambda is, finds no dead connection.
#[derive(Clone, Debug)]
pub struct RedisHerald(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    server: Server,
    channels: Channels,
    sealer: Sealer,
}

impl RedisHerald {
    /// One who tells in the places and with the proofs of a configuration.
    ///
    /// # Errors
    /// Refuses a configuration that can never work. That nobody answers is no error.
    pub fn new(config: RedisConfig) -> Result<Self, StartError> {
        let server = Server::parse(&config.url)?;
        let channels = Channels::new(config.namespace.unwrap_or_default())
            .map_err(|channel::Braces| StartError::Namespace)?;
        let sealer = Sealer::new(Uuid::new_v4(), config.mac_key);
        Ok(Self(Arc::new(Desk {
            server,
            channels,
            sealer,
        })))
    }
}

impl Herald for RedisHerald {
    fn announce(&self, event: Arc<Event>) -> BoxFuture<'static, ()> {
        let desk = Arc::clone(&self.0);
        async move {
            let told = time::timeout(ANNOUNCE_MAX, desk.tell(&event)).await;
            if let Err(fault) = told.unwrap_or(Err(Fault::Unanswered)) {
                tracing::warn!(server = %desk.server, %fault, "a room's event was not told");
            }
        }
        .boxed()
    }
}

impl Desk {
    async fn tell(&self, event: &Event) -> Result<(), Fault> {
        let channel = self.channels.name(Kind::of(event), &event.topic());
        let payload = self.sealer.seal(1, &channel, &Letter::new(event));
        let mut publish = ::redis::cmd("SPUBLISH");
        publish.arg(&channel).arg(payload);
        socket::ask(socket::dial(&self.server).await?, &publish).await
    }
}
