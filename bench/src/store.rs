//! What is stored and receipted in a second, of what one writer stores alone in the same Postgres.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Serialize;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::Instant;
use uuid::Uuid;

use crate::client::Client;
use crate::load::{
    CONTENT_BYTES, Crowd, Histogram, SendFrame, Spread, Stamp, receipt_of, refusal_of, room_name,
    run_name,
};
use crate::process::{cpu_seconds, family_cpu_seconds};
use crate::progress::Progress;
use crate::target::{TARGET_FORM, Target};
use crate::tokens::{self, CONNECTIONS_PER_GUEST};

/// How many rows the writer puts into each statement.
const WRITER_ROWS: usize = 1000;

/// How long a server may leave every message unanswered.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How long nothing may come before the clock is looked at again.
const TURN_MAX: Duration = Duration::from_millis(5);

/// The table of the writer: as that of the messages, with all its indexes.
const MAKE_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS bench_writer (LIKE chat_message INCLUDING ALL)";

const INSERT: &str = "INSERT INTO bench_writer \
    (id, room_id, seq, rev, temp_id, sender, content, created_at) \
    SELECT id, room_id, seq, seq, temp_id, 'bench', content, now() \
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::text[]) \
        AS row (id, room_id, seq, temp_id, content)";

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, help = format!("The server and its database, as {TARGET_FORM}"))]
    target: Target,
    /// How many connections send.
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// Over how many rooms they are spread.
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// How many messages of each connection wait for their receipt.
    #[arg(long, default_value_t = 20)]
    outstanding: usize,
    /// How often both are measured, in turns; the medians are what counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many seconds of each run are not counted.
    #[arg(long, default_value_t = 1)]
    warm_up: u64,
    /// How many seconds of each run are counted.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Where the figures are written.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What the rounds came to.
#[derive(Serialize)]
struct Stored {
    writer_rows_per_second: Spread,
    server_messages_per_second: Spread,
    /// The server's part of the writer's.
    ratio: f64,
    receipt_p50_ms: Spread,
    receipt_p99_ms: Spread,
    /// Of all rounds: what was never answered.
    unreceipted: u64,
    /// Of all rounds.
    refused: u64,
    server_processors: Spread,
    backend_processors: Spread,
    writer_backend_processors: Spread,
}

/// One run of either.
struct Run {
    per_second: f64,
    server_processors: f64,
    backend_processors: f64,
    receipts: Histogram,
    unreceipted: u64,
    refused: u64,
}

/// Has the writer and the server store in turns and prints the medians.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let target = &options.target;
    let database = target.database.as_deref();
    let database = database.with_context(|| format!("which database? {TARGET_FORM}"))?;
    ensure!(
        target.dialect.answers_send(),
        "{} gives no receipts for what is stored",
        target.name
    );
    let mut postgres = PgConnectOptions::from_str(database)
        .context("database= is no URL of a Postgres")?
        .disable_statement_logging()
        .connect()
        .await?;
    sqlx::query(MAKE_TABLE).execute(&mut postgres).await?;
    let (mut writers, mut servers) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        let expected = Duration::from_secs(options.warm_up + options.seconds);
        let progress = Progress::new(format!("writer, round {round}"), expected);
        let writer = write(&mut postgres, &options, &progress).await?;
        progress.finish(&format!("{:.0} rows/s", writer.per_second));
        writers.push(writer);
        let progress = Progress::new(format!("{}, round {round}", target.name), expected);
        let server = serve(&options, &progress).await?;
        progress.finish(&format!("{:.0} receipts/s", server.per_second));
        servers.push(server);
    }
    sqlx::query("DROP TABLE bench_writer")
        .execute(&mut postgres)
        .await?;
    postgres.close().await?;
    let stored = summarise(&writers, &servers);
    println!("writer          {} rows/s", stored.writer_rows_per_second);
    println!(
        "{:<15} {} messages/s, {:.0} %; receipt p50 {:.1} ms, p99 {:.1} ms; unreceipted {}, refused {}",
        target.name,
        stored.server_messages_per_second,
        stored.ratio * 100.0,
        stored.receipt_p50_ms.median,
        stored.receipt_p99_ms.median,
        stored.unreceipted,
        stored.refused
    );
    println!(
        "processors      server {:.2}, its backends {:.2}; the writer's {:.2}",
        stored.server_processors.median,
        stored.backend_processors.median,
        stored.writer_backend_processors.median
    );
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&stored)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn summarise(writers: &[Run], servers: &[Run]) -> Stored {
    let spread =
        |runs: &[Run], figure: &dyn Fn(&Run) -> f64| Spread::of(runs.iter().map(figure).collect());
    let writer = spread(writers, &|run| run.per_second);
    let server = spread(servers, &|run| run.per_second);
    Stored {
        writer_rows_per_second: writer,
        server_messages_per_second: server,
        ratio: server.median / writer.median,
        receipt_p50_ms: spread(servers, &|run| run.receipts.quantile_ms(0.5)),
        receipt_p99_ms: spread(servers, &|run| run.receipts.quantile_ms(0.99)),
        unreceipted: servers.iter().map(|run| run.unreceipted).sum(),
        refused: servers.iter().map(|run| run.refused).sum(),
        server_processors: spread(servers, &|run| run.server_processors),
        backend_processors: spread(servers, &|run| run.backend_processors),
        writer_backend_processors: spread(writers, &|run| run.backend_processors),
    }
}

/// What one writer stores alone.
async fn write(postgres: &mut PgConnection, options: &Options, progress: &Progress) -> Result<Run> {
    sqlx::query("TRUNCATE bench_writer")
        .execute(&mut *postgres)
        .await?;
    let rooms: Vec<String> = (0..WRITER_ROWS)
        .map(|row| room_name("writer", row % options.rooms))
        .collect();
    let contents = vec!["x".repeat(CONTENT_BYTES); WRITER_ROWS];
    let mut stored = 0;
    let mut insert = async |end: Instant| -> Result<u64> {
        let before = stored;
        while Instant::now() < end {
            let ids: Vec<Uuid> = rooms.iter().map(|_| Uuid::now_v7()).collect();
            let temp_ids: Vec<Uuid> = rooms.iter().map(|_| Uuid::new_v4()).collect();
            let seqs: Vec<i64> = (1..).skip(stored as usize).take(WRITER_ROWS).collect();
            let insert = sqlx::query(INSERT)
                .bind(&ids)
                .bind(&rooms)
                .bind(&seqs)
                .bind(&temp_ids)
                .bind(&contents);
            stored += insert.execute(&mut *postgres).await?.rows_affected();
            progress.show(stored);
        }
        Ok(stored - before)
    };
    insert(Instant::now() + Duration::from_secs(options.warm_up)).await?;
    let (cpu, began) = (
        family_cpu_seconds(&options.target.backends)?,
        Instant::now(),
    );
    let rows = insert(began + Duration::from_secs(options.seconds)).await?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(Run {
        per_second: rows as f64 / seconds,
        server_processors: 0.0,
        backend_processors: (family_cpu_seconds(&options.target.backends)? - cpu) / seconds,
        receipts: Histogram::default(),
        unreceipted: 0,
        refused: 0,
    })
}

/// What the server stores and receipts.
async fn serve(options: &Options, progress: &Progress) -> Result<Run> {
    let target = &options.target;
    let tokens = match target.guests {
        Some(auth) => tokens::guests(auth, options.connections).await?,
        None => Vec::new(),
    };
    let mut clients = Vec::new();
    for index in 0..options.connections {
        let token = tokens.get(index / CONNECTIONS_PER_GUEST);
        clients.push(Client::connect(target, index, token.map(String::as_str)).await?);
    }
    Client::listen_for_refusals(&mut clients).await?;
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.into_stream()?);
    }
    let run = run_name();
    let frames = (0..options.rooms).map(|room| {
        let room = room_name(&run, room);
        SendFrame::new(target.dialect, &room)
    });
    let mut senders = Senders {
        crowd: Crowd::new(streams)?,
        frames: frames.collect(),
        sent_at: Vec::new(),
        receipts: Histogram::default(),
        answered: 0,
        refused: 0,
        due: (0..options.connections)
            .flat_map(|connection| std::iter::repeat_n(connection, options.outstanding))
            .collect(),
    };
    let warm_up = Duration::from_secs(options.warm_up);
    senders.send_until(Instant::now() + warm_up, progress)?;
    senders.receipts = Histogram::default();
    let accounts = || -> Result<_> {
        let server = cpu_seconds(&target.pids)?;
        Ok((server, family_cpu_seconds(&target.backends)?))
    };
    let (before, answered, began) = (accounts()?, senders.answered, Instant::now());
    senders.send_until(began + Duration::from_secs(options.seconds), progress)?;
    let (after, seconds) = (accounts()?, began.elapsed().as_secs_f64());
    let mut run = Run {
        per_second: (senders.answered - answered) as f64 / seconds,
        server_processors: (after.0 - before.0) / seconds,
        backend_processors: (after.1 - before.1) / seconds,
        receipts: std::mem::take(&mut senders.receipts),
        unreceipted: 0,
        refused: 0,
    };
    run.unreceipted = senders.wait_for_the_rest()?;
    run.refused = senders.refused;
    Ok(run)
}

/// Connections that send and hear nothing but receipts.
struct Senders {
    crowd: Crowd,
    frames: Vec<SendFrame>,
    /// When each message was sent.
    sent_at: Vec<Instant>,
    receipts: Histogram,
    answered: u64,
    refused: u64,
    /// Connections whose next message is due.
    due: Vec<usize>,
}

impl Senders {
    fn send_until(&mut self, end: Instant, progress: &Progress) -> Result<()> {
        let mut heard_at = Instant::now();
        while Instant::now() < end {
            for connection in std::mem::take(&mut self.due) {
                self.send(connection)?;
            }
            let answered = self.answered + self.refused;
            self.turn()?;
            let now = Instant::now();
            if self.answered + self.refused > answered {
                heard_at = now;
            }
            ensure!(
                now - heard_at < ANSWER_MAX,
                "no answer has come for {ANSWER_MAX:?}"
            );
            if progress.is_tick(now) {
                progress.show(self.answered);
            }
        }
        Ok(())
    }

    fn send(&mut self, connection: usize) -> Result<()> {
        let number = u32::try_from(self.sent_at.len())?;
        let stamp = Stamp {
            message: number,
            sender: connection as u32,
            number,
        };
        let room = connection % self.frames.len();
        let frame = self.frames[room].stamped(stamp);
        self.sent_at.push(Instant::now());
        self.crowd.write(connection, frame)
    }

    fn turn(&mut self) -> Result<()> {
        let Self {
            crowd,
            sent_at,
            receipts,
            answered,
            refused,
            due,
            ..
        } = self;
        crowd.turn(TURN_MAX, |connection, payload| {
            if let Some(number) = receipt_of(payload) {
                let sent = sent_at.get(number as usize);
                let sent = sent.context("a receipt for what was not sent")?;
                receipts.record(sent.elapsed());
                *answered += 1;
                due.push(connection);
            } else if refusal_of(payload).is_some() {
                *refused += 1;
                due.push(connection);
            } else if payload.first() == Some(&b'E') {
                bail!("the server says {:?}", String::from_utf8_lossy(payload));
            }
            Ok(())
        })
    }

    /// Returns how many messages have no answer after some time.
    fn wait_for_the_rest(&mut self) -> Result<u64> {
        let end = Instant::now() + ANSWER_MAX;
        let missing =
            |senders: &Self| senders.sent_at.len() as u64 - senders.answered - senders.refused;
        while missing(self) > 0 && Instant::now() < end {
            self.turn()?;
        }
        Ok(missing(self))
    }
}
