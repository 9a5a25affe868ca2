//! What an idle connection costs: memory, and the processor time of its heart-beats.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use crate::client::Client;
use crate::process::{cpu_seconds, resident_bytes};
use crate::progress::Progress;
use crate::target::{TARGET_FORM, Target};
use crate::tokens::{self, CONNECTIONS_PER_GUEST};

/// How many clients connect at once.
const CONNECTING_MAX: usize = 64;

/// How often each client shows that it is there.
const BEAT_INTERVAL: Duration = Duration::from_secs(10);

/// In how many steps the beats of one interval are sent.
const BEAT_STEPS: usize = 50;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, help = format!("The server, as {TARGET_FORM}"))]
    target: Target,
    /// How many connections to open: several numbers are reached one after the other. A process may
    /// be limited in open files.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000])]
    connections: Vec<usize>,
    /// Over how many rooms they are spread.
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// For how many seconds they are silent but for their heart-beats.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Where the figures are written.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What so many connections cost.
#[derive(Serialize)]
struct Cost {
    connections: usize,
    resident_bytes: u64,
    resident_bytes_per_connection: f64,
    connects_per_second: f64,
    connect_cpu_us: f64,
    /// Processor time per connection and second, in microseconds.
    idle_cpu_us_per_second: f64,
}

/// Opens the connections and prints what they cost the server.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let Options { target, rooms, .. } = &options;
    let resident = || -> Result<u64> { target.pids.iter().map(|pid| resident_bytes(*pid)).sum() };
    let most = options
        .connections
        .iter()
        .copied()
        .max()
        .unwrap_or_default();
    let tokens = match target.guests {
        Some(auth) => tokens::guests(auth, most + 1).await?,
        None => Vec::new(),
    };
    // What a first connection makes the server set up once is not counted.
    let mut clients = vec![connect(target.clone(), 0, tokens.first().cloned(), *rooms).await?];
    let before = resident()?;
    println!(
        "connections  resident B/connection  connects/s  CPU µs/connect  idle CPU µs/s/connection"
    );
    let mut costs = Vec::new();
    for connections in &options.connections {
        let (cpu, began, known) = (cpu_seconds(&target.pids)?, Instant::now(), clients.len());
        let mut connecting = JoinSet::new();
        for index in clients.len()..=*connections {
            if connecting.len() == CONNECTING_MAX
                && let Some(connected) = connecting.join_next().await
            {
                clients.push(connected??);
            }
            let token = tokens.get(index / CONNECTIONS_PER_GUEST).cloned();
            connecting.spawn(connect(target.clone(), index, token, *rooms));
        }
        while let Some(connected) = connecting.join_next().await {
            clients.push(connected??);
        }
        let opened = (clients.len() - known) as f64;
        let took = began.elapsed();
        let connect_cpu = cpu_seconds(&target.pids)? - cpu;
        let idle_cpu = idle(&mut clients, target, options.seconds).await?;
        let resident_bytes = resident()?;
        let cost = Cost {
            connections: *connections,
            resident_bytes,
            resident_bytes_per_connection: resident_bytes.saturating_sub(before) as f64
                / *connections as f64,
            connects_per_second: opened / took.as_secs_f64(),
            connect_cpu_us: connect_cpu * 1e6 / opened,
            idle_cpu_us_per_second: idle_cpu * 1e6 / (options.seconds as f64 * *connections as f64),
        };
        println!(
            "{:>11}  {:>21.0}  {:>10.0}  {:>14.1}  {:>24.3}",
            cost.connections,
            cost.resident_bytes_per_connection,
            cost.connects_per_second,
            cost.connect_cpu_us,
            cost.idle_cpu_us_per_second
        );
        costs.push(cost);
    }
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&costs)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// Keeps connections open for a while. Returns the processor time of the server, in seconds.
async fn idle(clients: &mut [Client], target: &Target, seconds: u64) -> Result<f64> {
    let expected = Duration::from_secs(seconds);
    let progress = Progress::new(format!("{} idle", clients.len()), expected);
    let (cpu, began) = (cpu_seconds(&target.pids)?, Instant::now());
    let mut steps = time::interval(BEAT_INTERVAL / BEAT_STEPS as u32);
    let mut step = 0;
    while began.elapsed() < expected {
        steps.tick().await;
        for client in clients
            .iter_mut()
            .skip(step % BEAT_STEPS)
            .step_by(BEAT_STEPS)
        {
            client.beat().await?;
        }
        step += 1;
        progress.show(step as u64);
    }
    let used = cpu_seconds(&target.pids)? - cpu;
    progress.finish(&format!("{used:.2} s of CPU in {seconds} s"));
    Ok(used)
}

async fn connect(
    target: Target,
    index: usize,
    token: Option<String>,
    rooms: usize,
) -> Result<Client> {
    let mut client = Client::connect(&target, index, token.as_deref()).await?;
    client.subscribe(&format!("idle-{}", index % rooms)).await?;
    Ok(client)
}
