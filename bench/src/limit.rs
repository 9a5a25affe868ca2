//! What the kernel can do on this machine: frames that are ready, written to many connections.
//!
//! A server that does nothing else writes the same bytes to every connection, again as soon as all
//! of them have come. One frame per write is what a server does that has one delivery outstanding
//! on each connection, twenty are what it can gather with twenty.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::Instant;

use crate::client;
use crate::load::{Crowd, Faults, Histogram, Length, Outcome, QUANTILES, Spread};
use crate::process::cpu_seconds;
use crate::progress::Progress;
use crate::websocket;

/// How long nothing may come before the clock is looked at again.
const TURN_MAX: Duration = Duration::from_millis(5);

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// How many connections are written to.
    #[arg(long, default_value_t = 200)]
    connections: usize,
    /// How many frames each write holds; each number is measured in every round.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 20])]
    frames: Vec<usize>,
    /// How long a frame is, in bytes.
    #[arg(long, default_value_t = FRAME_BYTES)]
    frame_bytes: usize,
    /// How often everything is measured; the medians are what counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many seconds each measurement takes.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// What a MESSAGE of 128 bytes' content has with its headers, in bytes.
pub(crate) const FRAME_BYTES: usize = 420;

/// Measures round by round and prints the medians.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let length = Length {
        warm_up: Duration::from_millis(500),
        measured: Duration::from_secs(options.seconds),
    };
    let mut outcomes = vec![Vec::new(); options.frames.len()];
    for round in 1..=options.rounds {
        for (frames, outcomes) in options.frames.iter().zip(&mut outcomes) {
            let label = format!("limit {frames} a write, round {round}");
            let progress = Progress::new(label, length.warm_up + length.measured);
            let writes = Writes {
                connections: options.connections,
                frames: *frames,
                frame_bytes: options.frame_bytes,
            };
            let outcome = run(writes, length, &progress).await?;
            let rate = outcome.frames_per_cpu_second();
            progress.finish(&format!("{rate:.0} frames per CPU second"));
            outcomes.push(rate);
        }
    }
    println!(
        "frames of {} B to {} connections",
        options.frame_bytes, options.connections
    );
    println!(
        "{:>16} {:>32} {:>8}",
        "frames per write", "frames per CPU second (range)", "ratio"
    );
    let mut first = None;
    for (frames, rates) in options.frames.iter().zip(outcomes) {
        let spread = Spread::of(rates);
        let ratio = spread.median / *first.get_or_insert(spread.median);
        println!("{frames:>16} {:>32} {ratio:>7.2}×", spread.to_string());
    }
    Ok(())
}

/// What is written.
#[derive(Clone, Copy)]
pub(crate) struct Writes {
    /// To how many connections.
    pub(crate) connections: usize,
    /// How many frames at once.
    pub(crate) frames: usize,
    /// How long each of them is, in bytes.
    pub(crate) frame_bytes: usize,
}

/// Measures one kind of writes.
pub(crate) async fn run(writes: Writes, length: Length, progress: &Progress) -> Result<Outcome> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg("limit-server")
        .args(["--connections", &writes.connections.to_string()])
        .args(["--frames", &writes.frames.to_string()])
        .args(["--frame-bytes", &writes.frame_bytes.to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the server of the limit cannot be started")?;
    let pid = server.id().context("the server of the limit ended")?;
    let output = server.stdout.take().context("it has no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    let address: SocketAddr = line.context("the server of the limit ended")?.parse()?;
    let control = client::dial(address, 0).await?.into_std()?;
    control.set_nonblocking(false)?;
    let mut streams = Vec::new();
    for index in 0..writes.connections {
        streams.push(client::dial(address, index).await?.into_std()?);
    }
    let mut reader = Reader {
        crowd: Crowd::new(streams)?,
        control,
        expected: (writes.connections * writes.frames) as u64,
        latency: Histogram::default(),
    };
    reader.read_until(Instant::now() + length.warm_up, progress)?;
    reader.latency = Histogram::default();
    let own = [std::process::id()];
    let (cpu, own_cpu) = (cpu_seconds(&[pid])?, cpu_seconds(&own)?);
    let (bytes, began) = (reader.crowd.bytes_read, Instant::now());
    let frames = reader.read_until(began + length.measured, progress)?;
    let quantile_ms = |share| reader.latency.quantile_ms(share);
    let outcome = Outcome {
        seconds: began.elapsed().as_secs_f64(),
        deliveries: frames,
        frames,
        receipts: 0,
        bytes: reader.crowd.bytes_read - bytes,
        faults: Faults::default(),
        server_cpu_seconds: cpu_seconds(&[pid])? - cpu,
        backend_cpu_seconds: 0.0,
        load_cpu_seconds: cpu_seconds(&own)? - own_cpu,
        latency_ms: QUANTILES.into_iter().map(quantile_ms).collect(),
        connects_per_second: 0.0,
        connect_cpu_us: 0.0,
        resident_bytes_per_connection: 0.0,
    };
    // The server ends with its control connection.
    drop(reader);
    server.wait().await?;
    Ok(outcome)
}

/// The other side of the server.
struct Reader {
    crowd: Crowd,
    control: TcpStream,
    expected: u64,
    latency: Histogram,
}

impl Reader {
    /// Has the server write and reads all of it, again and again. Returns how many frames came.
    fn read_until(&mut self, end: Instant, progress: &Progress) -> Result<u64> {
        let mut total = 0;
        while Instant::now() < end {
            let asked = Instant::now();
            self.control.write_all(b"g")?;
            let mut came = 0;
            while came < self.expected {
                let latency = &mut self.latency;
                self.crowd.turn(TURN_MAX, |_, _| {
                    came += 1;
                    latency.record(asked.elapsed());
                    Ok(())
                })?;
                if progress.is_tick(Instant::now()) {
                    progress.show(total);
                }
            }
            total += came;
        }
        Ok(total)
    }
}

/// What the server of the limit is told.
#[derive(Args)]
pub(crate) struct ServerOptions {
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    frames: usize,
    #[arg(long)]
    frame_bytes: usize,
}

/// Serves one reader: the first connection says when to write to all others.
#[expect(clippy::print_stdout, reason = "what whoever started it wants to know")]
pub(crate) fn serve(options: &ServerOptions) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let (mut control, _) = listener.accept()?;
    let mut streams = Vec::new();
    for _ in 0..options.connections {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let frame = websocket::text_of_server(&vec![b'M'; options.frame_bytes]);
    let bytes = frame.repeat(options.frames);
    while control.read(&mut [0])? > 0 {
        for stream in &mut streams {
            stream.write_all(&bytes)?;
        }
    }
    Ok(())
}
