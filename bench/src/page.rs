//! What the history function makes of a query: a page of fifty through its router, of the bare
//! query through the same driver.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use access_token::{Holder, Parties, Signer, SigningKey, Subject, Verifier};
use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use chat::{AuthMode, Content, Draft, Nickname, RoomId, Sender, TempId, UserId};
use clap::Args;
use message_log::{MessageLog, PageQuery};
use request_source::Origins;
use serde::Serialize;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt;
use uuid::Uuid;

use crate::load::{CONTENT_BYTES, Spread, room_name, run_name};
use crate::process::cpu_seconds;
use crate::progress::Progress;

/// How many messages a page has.
const PAGE_MESSAGES: u32 = 50;

/// How many messages the room has.
const ROOM_MESSAGES: usize = 500;

/// How many connections to Postgres each has.
const CONNECTIONS: u32 = 8;

/// How large an answer may be, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

const QUERY: &str = "SELECT id, room_id, seq, rev, temp_id, sender, sender_id, content, \
    created_at, edited_at, is_deleted \
    FROM chat_message WHERE room_id = $1 AND NOT is_deleted ORDER BY seq DESC LIMIT $2";

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// The Postgres, such as postgres://user@host:5432/chat; the tables are made where they are
    /// not there, and a room of its own is filled.
    #[arg(long)]
    database: String,
    /// How many requests are under way at once; each number is measured in every round.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8])]
    concurrent: Vec<usize>,
    /// How often everything is measured, in turns; the medians are what counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many seconds each measurement takes.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Where the figures are written.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// How a page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Way {
    /// The bare query, its rows left as they came.
    Query,
    /// The log, whose query also says what lies around the page.
    Log,
    /// The function: a token checked, JSON written.
    Router,
}

const WAYS: [Way; 3] = [Way::Query, Way::Log, Way::Router];

/// What one way came to.
#[derive(Serialize)]
struct Pages {
    way: Way,
    concurrent: usize,
    per_second: Spread,
    /// Of the bare query.
    ratio: f64,
    /// Processor time of the driver and everything above, in microseconds; Postgres has its own.
    cpu_us: Spread,
}

/// Everything that reads a page.
#[derive(Clone)]
struct Reader {
    room: RoomId,
    pool: PgPool,
    log: MessageLog,
    router: Router,
    /// The `Authorization` of each request.
    authorization: String,
}

/// Measures round by round and prints the medians.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let reader = Reader::open(&options.database).await?;
    let mut measured = Vec::new();
    for round in 1..=options.rounds {
        for concurrent in &options.concurrent {
            for way in WAYS {
                let label = format!("{way:?}, {concurrent} at once, round {round}");
                let time = Duration::from_secs(options.seconds);
                let progress = Progress::new(label, time);
                let (per_second, cpu_us) = reader.run(way, *concurrent, time).await?;
                progress.finish(&format!("{per_second:.0} pages/s, {cpu_us:.0} µs of CPU"));
                measured.push((way, *concurrent, per_second, cpu_us));
            }
        }
    }
    println!(
        "{:>10} {:>7} {:>24} {:>6} {:>18}",
        "concurrent", "way", "pages/s (range)", "ratio", "CPU µs (range)"
    );
    let mut pages: Vec<Pages> = Vec::new();
    for concurrent in options.concurrent {
        let mut query = None;
        for way in WAYS {
            let of_it = measured
                .iter()
                .filter(|(other, at_once, ..)| *other == way && *at_once == concurrent);
            let per_second = Spread::of(of_it.clone().map(|(_, _, rate, _)| *rate).collect());
            let cpu_us = Spread::of(of_it.map(|(.., cpu_us)| *cpu_us).collect());
            let ratio = per_second.median / *query.get_or_insert(per_second.median);
            println!(
                "{concurrent:>10} {:>7} {:>24} {:>5.0}% {:>18}",
                format!("{way:?}").to_lowercase(),
                per_second.to_string(),
                ratio * 100.0,
                cpu_us.to_string()
            );
            pages.push(Pages {
                way,
                concurrent,
                per_second,
                ratio,
                cpu_us,
            });
        }
    }
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&pages)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

impl Reader {
    async fn open(database: &str) -> Result<Self> {
        let connect = PgConnectOptions::from_str(database)
            .context("--database is no URL of a Postgres")?
            .disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
        let pool = pool.connect_with(connect).await?;
        let log = MessageLog::connect(database, CONNECTIONS).await?;
        log.migrate().await?;
        let room = RoomId::parse(&room_name(&run_name(), 0))?;
        fill(&log, &room).await?;

        let (key, _) = SigningKey::generate()?;
        let parties = Parties {
            issuer: "https://bench.example.org".into(),
            audience: "maru".into(),
        };
        let signer = Signer::new(parties.clone(), key, []);
        let subject = Subject {
            user: UserId(Uuid::new_v4()),
            nickname: Nickname::parse("bench")?,
            holder: Holder::Guest,
        };
        #[expect(clippy::disallowed_methods, reason = "a token that is good now")]
        let now = OffsetDateTime::now_utc();
        let (token, _) = signer.sign(subject, access_token::LIFETIME_MAX, now)?;
        let router = history::router(history::State {
            log: log.clone(),
            herald: None,
            origins: Origins::any(),
            mode: AuthMode::Required,
            verifier: Arc::new(Verifier::new(&parties, signer.published().clone())),
            answer_bytes_max: None,
        });
        Ok(Self {
            room,
            pool,
            log,
            router,
            authorization: format!("Bearer {}", token.as_str()),
        })
    }

    /// How many pages a second are read, and the processor time of each in microseconds.
    async fn run(&self, way: Way, concurrent: usize, time: Duration) -> Result<(f64, f64)> {
        // Plans and connections are there before it counts.
        let began = Instant::now();
        let warm_up = began + time / 10;
        self.read_until(way, concurrent, warm_up).await?;
        let own = [std::process::id()];
        let (cpu, began) = (cpu_seconds(&own)?, Instant::now());
        let pages = self.read_until(way, concurrent, began + time).await? as f64;
        let seconds = began.elapsed().as_secs_f64();
        let cpu = cpu_seconds(&own)? - cpu;
        Ok((pages / seconds, cpu * 1e6 / pages))
    }

    async fn read_until(&self, way: Way, concurrent: usize, end: Instant) -> Result<u64> {
        let mut readers = JoinSet::new();
        for _ in 0..concurrent {
            let reader = self.clone();
            readers.spawn(async move {
                let mut pages = 0;
                while Instant::now() < end {
                    reader.read(way).await?;
                    pages += 1;
                }
                anyhow::Ok(pages)
            });
        }
        let mut pages = 0;
        while let Some(read) = readers.join_next().await {
            pages += read??;
        }
        Ok(pages)
    }

    async fn read(&self, way: Way) -> Result<()> {
        match way {
            Way::Query => {
                let query = sqlx::query(QUERY).bind(self.room.as_str());
                let query = query.bind(i64::from(PAGE_MESSAGES));
                let rows = query.fetch_all(&self.pool).await?;
                ensure!(rows.len() == PAGE_MESSAGES as usize, "a page is not full");
            }
            Way::Log => {
                let query = PageQuery {
                    limit: PAGE_MESSAGES,
                    before: None,
                    after: None,
                    include_deleted: false,
                };
                let page = self.log.page(&self.room, query).await?;
                ensure!(
                    page.messages.len() == PAGE_MESSAGES as usize,
                    "a page is not full"
                );
            }
            Way::Router => {
                let request = Request::get(format!("/{}/messages", self.room))
                    .header(header::AUTHORIZATION, &self.authorization)
                    .body(Body::empty())?;
                let response = self.router.clone().oneshot(request).await?;
                let status = response.status();
                let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
                ensure!(
                    status.is_success() && body.len() > PAGE_MESSAGES as usize * CONTENT_BYTES,
                    "the router answers {status}: {}",
                    String::from_utf8_lossy(&body)
                );
            }
        }
        Ok(())
    }
}

/// Says in a room as much as a page has, ten times.
async fn fill(log: &MessageLog, room: &RoomId) -> Result<()> {
    let content = Content::parse(&"x".repeat(CONTENT_BYTES))?;
    let draft = || Draft {
        room: room.clone(),
        sender: Sender::guest(Nickname::guest()),
        temp_id: TempId(Uuid::new_v4()),
        content: content.clone(),
    };
    let drafts: Vec<Draft> = std::iter::repeat_with(draft).take(ROOM_MESSAGES).collect();
    log.append(&drafts).await?;
    Ok(())
}
