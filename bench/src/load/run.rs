//! One run: a crowd in rooms, talking.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::crowd::Crowd;
use super::histogram::Histogram;
use super::ledger::{Faults, Ledger};
use super::scenario::{Pace, Scenario};
use super::send_frame::{SendFrame, receipt_of, refusal_of};
use super::stamp::Stamp;
use crate::client::Client;
use crate::dialect::Dialect;
use crate::process::{cpu_seconds, family_cpu_seconds, resident_bytes};
use crate::progress::Progress;
use crate::target::Target;
use crate::tokens::{self, CONNECTIONS_PER_GUEST};
use crate::websocket;

/// How many clients connect at once.
const CONNECTING_MAX: usize = 64;

/// How long a server that answers no SUBSCRIBE has to carry out all of them.
const SETTLING: Duration = Duration::from_secs(2);

/// How long a message may be under way before it counts as lost.
const MESSAGE_MAX: Duration = Duration::from_secs(10);

/// How often each connection shows that it is there; half of what the servers ask.
const BEAT_INTERVAL: Duration = Duration::from_secs(5);

/// How long nothing may happen before the clock is looked at again.
const TURN_MAX: Duration = Duration::from_millis(5);

/// How long a run is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    /// Before anything is counted.
    pub(crate) warm_up: Duration,
    /// While it is.
    pub(crate) measured: Duration,
}

/// The quantiles of latencies that are reported.
pub(crate) const QUANTILES: [f64; 9] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0];

/// What one run came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    /// How long was measured.
    pub(crate) seconds: f64,
    /// Messages that a listener heard, each listener counted.
    pub(crate) deliveries: u64,
    /// Frames that came, of any kind: also those that say when a message was stored.
    pub(crate) frames: u64,
    /// Receipts of messages.
    pub(crate) receipts: u64,
    /// What came, in bytes.
    pub(crate) bytes: u64,
    /// What went wrong, until the last message was complete.
    pub(crate) faults: Faults,
    /// The processor time of the server.
    pub(crate) server_cpu_seconds: f64,
    /// The processor time of its database and broker.
    pub(crate) backend_cpu_seconds: f64,
    /// The processor time of the load itself.
    pub(crate) load_cpu_seconds: f64,
    /// How long a message took from when it was due to a listener, at each of [`QUANTILES`].
    pub(crate) latency_ms: Vec<f64>,
    /// How many connections a second were opened, authenticated and subscribed.
    pub(crate) connects_per_second: f64,
    /// The server's processor time for each.
    pub(crate) connect_cpu_us: f64,
    /// By how much the server's resident memory grew with each connection; less than nothing where
    /// it had it from an earlier run.
    pub(crate) resident_bytes_per_connection: f64,
}

impl Outcome {
    /// Frames per second of the server's processor time.
    pub(crate) fn frames_per_cpu_second(&self) -> f64 {
        self.frames as f64 / self.server_cpu_seconds
    }

    /// Deliveries per second of the server's processor time.
    pub(crate) fn deliveries_per_cpu_second(&self) -> f64 {
        self.deliveries as f64 / self.server_cpu_seconds
    }
}

/// What a crowd costs before it talks.
struct Gathering {
    crowd: Crowd,
    connects_per_second: f64,
    connect_cpu_us: f64,
    resident_bytes_per_connection: f64,
}

/// Runs a scenario against a server.
pub(crate) async fn run(
    target: &Target,
    scenario: Scenario,
    pace: Pace,
    length: Length,
    progress: &Progress,
) -> Result<Outcome> {
    let run = run_name();
    let gathering = gather(target, scenario, &run).await?;
    let talk = Talk::new(gathering.crowd, target.dialect, scenario, pace, &run);
    let measured = talk.measure(target, length, progress)?;
    Ok(Outcome {
        connects_per_second: gathering.connects_per_second,
        connect_cpu_us: gathering.connect_cpu_us,
        resident_bytes_per_connection: gathering.resident_bytes_per_connection,
        ..measured
    })
}

/// Rooms of another run are others.
pub(crate) fn run_name() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a name that was not there before"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("{:012x}", since.unwrap_or_default().as_millis())
}

/// What a room of a run is called.
pub(crate) fn room_name(run: &str, room: usize) -> String {
    format!("bench-{run}-{room:05}")
}

async fn gather(target: &Target, scenario: Scenario, run: &str) -> Result<Gathering> {
    let tokens = match target.guests {
        Some(auth) => tokens::guests(auth, scenario.connections).await?,
        None => Vec::new(),
    };
    let resident =
        |pids: &[u32]| -> Result<u64> { pids.iter().map(|pid| resident_bytes(*pid)).sum() };
    let resident_before = resident(&target.pids)?;
    let (cpu_before, began) = (cpu_seconds(&target.pids)?, Instant::now());
    let mut clients: Vec<Option<Client>> = Vec::new();
    clients.resize_with(scenario.connections, || None);
    let mut connecting = JoinSet::new();
    for index in 0..scenario.connections {
        if connecting.len() == CONNECTING_MAX
            && let Some(joined) = connecting.join_next().await
        {
            let (index, client): (usize, Result<Client>) = joined?;
            clients[index] = Some(client?);
        }
        let (target, token) = (
            target.clone(),
            tokens.get(index / CONNECTIONS_PER_GUEST).cloned(),
        );
        let room = room_name(run, index / scenario.listeners());
        connecting.spawn(async move { (index, enter(&target, index, token, &room).await) });
    }
    while let Some(joined) = connecting.join_next().await {
        let (index, client) = joined?;
        clients[index] = Some(client?);
    }
    let took = began.elapsed();
    if !target.dialect.answers_subscribe() {
        tokio::time::sleep(SETTLING).await;
    }
    let cpu = cpu_seconds(&target.pids)? - cpu_before;
    let grown = resident(&target.pids)? as f64 - resident_before as f64;
    let mut clients: Vec<Client> = clients.into_iter().flatten().collect();
    Client::listen_for_refusals(&mut clients).await?;
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.into_stream()?);
    }
    let connections = scenario.connections as f64;
    Ok(Gathering {
        crowd: Crowd::new(streams)?,
        connects_per_second: connections / took.as_secs_f64(),
        connect_cpu_us: cpu * 1e6 / connections,
        resident_bytes_per_connection: grown / connections,
    })
}

async fn enter(target: &Target, index: usize, token: Option<String>, room: &str) -> Result<Client> {
    let mut client = Client::connect(target, index, token.as_deref()).await?;
    client.subscribe(room).await?;
    Ok(client)
}

/// A crowd that talks.
struct Talk {
    crowd: Crowd,
    scenario: Scenario,
    pace: Pace,
    ledger: Ledger,
    /// The frame by which each room is spoken to.
    frames: Vec<SendFrame>,
    /// For each room, the listener who speaks next.
    speakers: Vec<usize>,
    /// For each connection, how many messages it sent.
    sent: Vec<u32>,
    /// For each connection, where in a frame the last stamp was.
    hints: Vec<usize>,
    tally: Tally,
    /// Rooms whose next message is due, and since when.
    due: Vec<(usize, Instant)>,
    /// How many messages were sent at a given rate.
    paced: u64,
    /// How many heart-beats were sent.
    beats: usize,
    began: Instant,
}

/// What is counted while it is measured.
#[derive(Default)]
struct Tally {
    deliveries: u64,
    frames: u64,
    receipts: u64,
    latency: Histogram,
}

impl Talk {
    fn new(crowd: Crowd, dialect: Dialect, scenario: Scenario, pace: Pace, run: &str) -> Self {
        let frames = (0..scenario.rooms)
            .map(|room| SendFrame::new(dialect, &room_name(run, room)))
            .collect();
        let began = Instant::now();
        let due = match pace {
            Pace::Closed(outstanding) => (0..scenario.rooms)
                .flat_map(|room| std::iter::repeat_n((room, began), outstanding))
                .collect(),
            Pace::PerSecond(_) => Vec::new(),
        };
        Self {
            sent: vec![0; crowd.len()],
            hints: vec![0; crowd.len()],
            ledger: Ledger::new(scenario.rooms, scenario.listeners(), dialect.answers_send()),
            speakers: vec![0; scenario.rooms],
            tally: Tally::default(),
            paced: 0,
            beats: 0,
            crowd,
            scenario,
            pace,
            frames,
            due,
            began,
        }
    }

    /// Talks to warm up, then to be measured, then waits for what is under way.
    fn measure(mut self, target: &Target, length: Length, progress: &Progress) -> Result<Outcome> {
        self.talk_until(Instant::now() + length.warm_up, progress)?;
        let own = [std::process::id()];
        let accounts = |talk: &Self| -> Result<_> {
            let server = cpu_seconds(&target.pids)?;
            let backend = family_cpu_seconds(&target.backends)?;
            Ok((server, backend, cpu_seconds(&own)?, talk.crowd.bytes_read))
        };
        self.tally = Tally::default();
        self.ledger.faults = Faults::default();
        let (before, began) = (accounts(&self)?, Instant::now());
        self.talk_until(began + length.measured, progress)?;
        let (after, seconds) = (accounts(&self)?, began.elapsed().as_secs_f64());
        let tally = std::mem::take(&mut self.tally);
        self.wait_for_the_rest(progress)?;
        let quantile_ms = |share| tally.latency.quantile_ms(share);
        Ok(Outcome {
            seconds,
            deliveries: tally.deliveries,
            frames: tally.frames,
            receipts: tally.receipts,
            bytes: after.3 - before.3,
            faults: self.ledger.faults,
            server_cpu_seconds: after.0 - before.0,
            backend_cpu_seconds: after.1 - before.1,
            load_cpu_seconds: after.2 - before.2,
            latency_ms: QUANTILES.into_iter().map(quantile_ms).collect(),
            connects_per_second: 0.0,
            connect_cpu_us: 0.0,
            resident_bytes_per_connection: 0.0,
        })
    }

    fn talk_until(&mut self, end: Instant, progress: &Progress) -> Result<()> {
        while Instant::now() < end {
            self.say_what_is_due()?;
            self.turn(progress)?;
        }
        Ok(())
    }

    fn wait_for_the_rest(&mut self, progress: &Progress) -> Result<()> {
        while self.ledger.under_way() > 0 {
            self.turn(progress)?;
        }
        Ok(())
    }

    fn say_what_is_due(&mut self) -> Result<()> {
        let now = Instant::now();
        if let Pace::PerSecond(rate) = self.pace {
            let wanted = (now - self.began).as_secs_f64() * rate;
            while (self.paced as f64) < wanted {
                let due = self.began + Duration::from_secs_f64(self.paced as f64 / rate);
                let room = (self.paced % self.scenario.rooms as u64) as usize;
                self.due.push((room, due));
                self.paced += 1;
            }
        }
        for (room, due) in std::mem::take(&mut self.due) {
            self.say(room, due)?;
        }
        Ok(())
    }

    fn say(&mut self, room: usize, due: Instant) -> Result<()> {
        let listeners = self.scenario.listeners();
        let speaker = room * listeners + self.speakers[room];
        self.speakers[room] = (self.speakers[room] + 1) % listeners;
        let stamp = Stamp {
            message: self.ledger.send(room, due),
            sender: speaker as u32,
            number: self.sent[speaker],
        };
        self.sent[speaker] += 1;
        let frame = self.frames[room].stamped(stamp);
        self.crowd.write(speaker, frame)
    }

    fn turn(&mut self, progress: &Progress) -> Result<()> {
        let Self {
            crowd,
            ledger,
            tally,
            hints,
            due,
            pace,
            ..
        } = self;
        crowd.turn(TURN_MAX, |connection, payload| {
            let now = Instant::now();
            let mut complete = |room: Option<usize>| {
                if let (Some(room), Pace::Closed(_)) = (room, &pace) {
                    due.push((room, now));
                }
            };
            if let Some(message) = receipt_of(payload) {
                tally.receipts += 1;
                complete(ledger.receipt(message));
                return Ok(());
            }
            let stamps = hear(payload, &mut hints[connection], tally, |stamp, tally| {
                if let Some(delivery) = ledger.hear(connection, stamp) {
                    tally.deliveries += 1;
                    tally.latency.record(now - delivery.due);
                    complete(delivery.completed);
                }
            })?;
            if stamps == 0
                && let Some(message) = refusal_of(payload)
            {
                complete(ledger.refuse(message));
            }
            Ok(())
        })?;
        self.keep_time(progress)
    }

    /// Beats, gives up what does not come and shows how far the run is, whenever that is due.
    fn keep_time(&mut self, progress: &Progress) -> Result<()> {
        let now = Instant::now();
        let rounds = (now - self.began).as_secs_f64() / BEAT_INTERVAL.as_secs_f64();
        let beats_due = (rounds * self.crowd.len() as f64) as usize;
        while self.beats < beats_due {
            let beat = websocket::text(b"\n");
            self.crowd.write(self.beats % self.crowd.len(), &beat)?;
            self.beats += 1;
        }
        if progress.is_tick(now) {
            progress.show(self.tally.deliveries);
            let rooms = self.ledger.give_up(now - MESSAGE_MAX);
            if let Pace::Closed(_) = self.pace {
                self.due.extend(rooms.into_iter().map(|room| (room, now)));
            }
        }
        Ok(())
    }
}

/// Takes what a server said: messages with a stamp are told to `deliver`. Returns how many stamps
/// there were.
fn hear(
    payload: &[u8],
    hint: &mut usize,
    tally: &mut Tally,
    mut deliver: impl FnMut(Stamp, &mut Tally),
) -> Result<usize> {
    let mut stamps = 0;
    match payload.first() {
        Some(b'M') => {
            tally.frames += 1;
            let mut rest = payload;
            while let Some((stamp, end)) = Stamp::find(rest, hint) {
                deliver(stamp, tally);
                stamps += 1;
                rest = &rest[end..];
            }
        }
        Some(b'E') => bail!("the server says {:?}", String::from_utf8_lossy(payload)),
        // A heart-beat.
        Some(b'\n' | b'\r') | None => {}
        Some(_) => {
            let text = String::from_utf8_lossy(payload);
            return Err(anyhow::anyhow!("{text:?}")).context("the server says nothing of STOMP");
        }
    }
    Ok(stamps)
}
