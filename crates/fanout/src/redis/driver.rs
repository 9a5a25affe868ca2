//! The loops around the switchboard: the only place where it meets socket, clock and chance.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{self, Instant};

use super::backoff::Backoff;
use super::fault::Fault;
use super::server::Server;
use super::socket::{self, Reader, Writer};
use super::switchboard::Switchboard;
use crate::Incoming;

/// How often the switchboard looks at the clock.
const TICK: Duration = Duration::from_millis(100);

/// How many frames are taken in under one lock.
const FRAMES_AT_ONCE: usize = 64;

/// How many events are handed over under one lock.
const EVENTS_AT_ONCE: usize = 64;

/// The switchboard, and who waits for what in it.
#[derive(Debug)]
pub(super) struct Shared {
    switchboard: Mutex<Switchboard>,
    write: Notify,
    tell: Notify,
    read: Notify,
}

impl Shared {
    pub(super) fn new(switchboard: Switchboard) -> Self {
        Self {
            switchboard: Mutex::new(switchboard),
            write: Notify::new(),
            tell: Notify::new(),
            read: Notify::new(),
        }
    }

    /// Does something to the switchboard, and wakes whoever has to act on it.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Switchboard) -> T) -> T {
        let mut switchboard = self
            .switchboard
            .lock()
            .expect("nothing panics while it holds the switchboard");
        let result = act(&mut switchboard);
        if switchboard.has_to_write() {
            self.write.notify_one();
        }
        if switchboard.has_to_tell() {
            self.tell.notify_one();
        }
        if switchboard.may_read() {
            self.read.notify_one();
        }
        result
    }
}

/// Keeps a line to the server for ever. `attempted` tells of the first attempt, whatever became
/// of it.
pub(super) async fn keep_connected(
    shared: Arc<Shared>,
    server: Server,
    attempted: watch::Sender<bool>,
) {
    let mut backoff = Backoff::default();
    loop {
        let fault = match socket::dial(&server).await {
            Ok((reader, writer)) => {
                shared.with(|board| board.connected(Instant::now()));
                let served = || {
                    backoff.reset();
                    attempted.send_replace(true);
                };
                let fault = serve(&shared, reader, writer, served).await;
                shared.with(|board| board.hang_up(&fault));
                fault
            }
            Err(fault) => fault,
        };
        attempted.send_replace(true);
        // A hasher's random keys are all the chance that jitter needs.
        let wait = backoff.next(RandomState::new().hash_one(()));
        // Often at first, then ever more seldom: an outage may last for days.
        if backoff.attempts().is_power_of_two() {
            let attempts = backoff.attempts();
            tracing::warn!(%server, %fault, attempts, "there is no connection to Redis; trying again");
        }
        time::sleep(wait).await;
    }
}

/// Hands over what arrives for this instance, for as long as it takes it.
pub(super) async fn keep_telling(shared: Arc<Shared>, incoming: mpsc::Sender<Incoming>) {
    loop {
        let waiting = shared.with(|board| board.waiting_incoming());
        if waiting == 0 {
            shared.tell.notified().await;
            continue;
        }
        // Handed over together, so that whoever takes them finds all of them.
        let Ok(places) = incoming.reserve_many(waiting.min(EVENTS_AT_ONCE)).await else {
            return;
        };
        shared.with(|board| {
            let now = Instant::now();
            for place in places {
                match board.next_incoming(now) {
                    Some(next) => place.send(next),
                    None => break,
                }
            }
        });
    }
}

/// Serves one connection until something is wrong with it. `served` is called when it is known
/// to work.
async fn serve(shared: &Shared, reader: Reader, writer: Writer, served: impl FnOnce()) -> Fault {
    // In this order, so that a task that was kept from running reads what came in the meantime
    // before it looks at the clock.
    let Err(fault) = tokio::select! {
        biased;
        end = listen(shared, reader, served) => end,
        end = speak(shared, writer) => end,
        end = watch_clock(shared) => end,
    };
    fault
}

async fn listen(
    shared: &Shared,
    reader: Reader,
    served: impl FnOnce(),
) -> Result<Infallible, Fault> {
    let mut reader = reader.ready_chunks(FRAMES_AT_ONCE);
    let mut served = Some(served);
    loop {
        while !shared.with(|board| board.may_read()) {
            shared.read.notified().await;
        }
        let frames = reader.next().await.ok_or(Fault::Closed)?;
        let proven = shared.with(|board| {
            let now = Instant::now();
            for frame in frames {
                board.received(frame?, now)?;
            }
            Ok::<bool, Fault>(board.is_connected())
        })?;
        if proven && let Some(served) = served.take() {
            served();
        }
    }
}

async fn speak(shared: &Shared, mut writer: Writer) -> Result<Infallible, Fault> {
    loop {
        let outbox = shared
            .with(|board| board.take_outbox())
            .ok_or(Fault::Clogged)?;
        if outbox.is_empty() {
            shared.write.notified().await;
            continue;
        }
        writer.write_all(&outbox).await?;
        writer.flush().await?;
    }
}

async fn watch_clock(shared: &Shared) -> Result<Infallible, Fault> {
    loop {
        time::sleep(TICK).await;
        shared.with(|board| board.look_at_clock(Instant::now()))?;
    }
}
