//! How fast a function is there: fresh processes of its bootstrap, each on a Runtime API of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::runtime_api::RuntimeApi;

/// How long one process may take for all its answers.
const PROCESS_TIME_MAX: Duration = Duration::from_secs(60);

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// The bootstrap; its own settings are taken from this command's environment.
    #[arg(long)]
    bootstrap: PathBuf,
    /// The event that it answers.
    #[arg(long)]
    event: PathBuf,
    /// How many fresh processes.
    #[arg(long, default_value_t = 40)]
    processes: usize,
    /// How many times each answers after the first.
    #[arg(long, default_value_t = 50)]
    warm: usize,
    /// Fails where the median time to the first answer is longer, in milliseconds.
    #[arg(long)]
    first_ms_max: Option<f64>,
    /// Fails where the median of the later answers is longer, in milliseconds.
    #[arg(long)]
    warm_ms_max: Option<f64>,
}

/// What one process took.
struct Start {
    ready: Duration,
    first: Duration,
    warm: Vec<Duration>,
    answer: Vec<u8>,
}

/// Starts the processes, one after the other, and prints the medians.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let event = fs::read(&options.event).context("the event cannot be read")?;
    let bytes = fs::metadata(&options.bootstrap)
        .context("there is no bootstrap")?
        .len();
    let mut starts = Vec::new();
    for _ in 0..options.processes {
        let starting = start(&options, &event);
        let start = timeout(PROCESS_TIME_MAX, starting).await;
        starts.push(start.context("the process took too long")??);
    }
    ensure!(!starts.is_empty(), "there is nothing to measure");

    let answer = String::from_utf8_lossy(&starts[0].answer);
    println!(
        "{}: {:.2} MB, {} fresh processes",
        options.bootstrap.display(),
        bytes as f64 / 1e6,
        starts.len()
    );
    println!(
        "answers     {}",
        answer.chars().take(100).collect::<String>()
    );
    row("exec to next", starts.iter().map(|start| start.ready));
    let first = row("exec to answer", starts.iter().map(|start| start.first));
    let warm = row(
        "warm answer",
        starts.iter().flat_map(|start| start.warm.clone()),
    );
    println!(
        "Not in it: the sandbox and the download of the code, the processor that Lambda grants by"
    );
    println!("memory, the network and TLS to Postgres and DynamoDB, and the gateway in front.");
    within("exec to answer", first, options.first_ms_max)?;
    within("warm answer", warm, options.warm_ms_max)
}

async fn start(options: &Options, event: &[u8]) -> Result<Start> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let began = Instant::now();
    let mut process = Command::new(&options.bootstrap)
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the bootstrap cannot be started")?;
    let mut api = tokio::select! {
        accepted = RuntimeApi::accept(&listener) => accepted?,
        ended = process.wait() => anyhow::bail!("the bootstrap ended with {}", ended?),
    };
    api.is_asked().await?;
    let ready = began.elapsed();
    let answer = api.invoke(event).await?;
    let first = began.elapsed();
    let mut warm = Vec::new();
    for _ in 0..options.warm {
        api.is_asked().await?;
        let sent = Instant::now();
        api.invoke(event).await?;
        warm.push(sent.elapsed());
    }
    Ok(Start {
        ready,
        first,
        warm,
        answer,
    })
}

/// Prints the spread of some times and returns their median in milliseconds.
#[expect(clippy::print_stdout, reason = "the result of the command")]
fn row(name: &str, times: impl Iterator<Item = Duration>) -> f64 {
    let mut times_ms: Vec<f64> = times.map(|time| time.as_secs_f64() * 1e3).collect();
    times_ms.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (times_ms.len() as f64 * share) as usize;
        times_ms[index.min(times_ms.len() - 1)]
    };
    let (median, high, most) = (at(0.5), at(0.9), at(1.0));
    println!("{name:<15} p50 {median:>8.2} ms   p90 {high:>8.2} ms   max {most:>8.2} ms");
    median
}

fn within(name: &str, median_ms: f64, ms_max: Option<f64>) -> Result<()> {
    if let Some(ms_max) = ms_max {
        ensure!(
            median_ms <= ms_max,
            "{name}: the median of {median_ms:.2} ms is over {ms_max} ms"
        );
    }
    Ok(())
}
