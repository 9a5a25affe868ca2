//! One run, from the first connection to the verdict.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use futures_util::future;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use crate::check::Check;
use crate::faults;
use crate::history::History;
use crate::identity::Identity;
use crate::journal::{self, Event, Journal, Reading, Scribe};
use crate::listener::{Listener, Standing};
use crate::options::Options;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::{Circumstances, Report};
use crate::sender::Sender;
use crate::sql::Sql;

/// How long all listeners together may take to come in, at the least.
const ARRIVAL_MAX: Duration = Duration::from_secs(60);

/// How many clients come in at once, so that nobody's arrival is a flood.
const ARRIVING_MAX: usize = 64;

/// How many of those who come and go are there at once; one more comes when one has gone.
const VISITORS_MAX: usize = 5_000;

/// How long after the arrival of the listeners the first message is due.
const HEAD_START: Duration = Duration::from_millis(200);

/// How long reading may be tried again, while a deployment recovers.
const READING_MAX: Duration = Duration::from_secs(30);

/// How long it waits before it reads once more.
const READING_PAUSE: Duration = Duration::from_millis(500);

/// What a guest's token has to outlive beyond load and settling, in seconds.
const TOKEN_MARGIN_SECONDS: u64 = 120;

/// Drives the load, waits until all is quiet, reads the rooms and decides.
///
/// # Errors
/// The promises could not be checked: somebody could not come in, or the rooms not be read.
pub async fn run(options: Options) -> Result<Report> {
    let plan = Arc::new(Plan::new(options));
    let progress = Progress::new();
    let path = journal_path(&plan);
    let (journal, scribe) = Journal::begin(&path, Instant::now(), progress.counts())?;
    progress.line(format_args!(
        "seed {}, rooms {}-0 to {}-{}, journal {}",
        plan.seed,
        plan.prefix,
        plan.prefix,
        plan.options.rooms - 1,
        path.display()
    ));
    let run = Run {
        plan: Arc::clone(&plan),
        journal,
        progress,
    };
    let (began, quiet_after) = run.drive(scribe).await?;
    let circumstances = Circumstances {
        began,
        quiet_after_ms: u64::try_from(quiet_after.as_millis()).unwrap_or(u64::MAX),
        journal: path.clone(),
    };
    let check = move || decide(&path);
    let findings = tokio::task::spawn_blocking(check).await??;
    let report = Report::new(&plan, findings, circumstances);
    if let Some(file) = &plan.options.json {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(file, json + "\n")
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(report)
}

fn journal_path(plan: &Plan) -> PathBuf {
    let named = plan.options.journal.clone();
    named.unwrap_or_else(|| env::temp_dir().join(format!("{}.journal", plan.prefix)))
}

fn decide(journal: &Path) -> Result<crate::check::Findings> {
    let mut check = Check::default();
    for entry in journal::read(journal)? {
        check.take(entry?);
    }
    Ok(check.finish())
}

struct Run {
    plan: Arc<Plan>,
    journal: Journal,
    progress: Progress,
}

impl Run {
    /// Everything up to the closed journal. Returns when the load began, and how long after its
    /// last answer every listener was complete.
    async fn drive(self, scribe: Scribe) -> Result<(SystemTime, Duration)> {
        let options = &self.plan.options;
        let (stop, calm) = (CancellationToken::new(), CancellationToken::new());
        let _stop_all = stop.clone().drop_guard();
        let mut listening = JoinSet::new();
        let watched = self.listeners(&mut listening, &stop, &calm).await?;
        let senders = self.senders().await?;
        self.wait_for_all(&watched, "came in", ARRIVAL_MAX, |standing| {
            standing.has_come_in
        })
        .await?;

        #[expect(clippy::disallowed_methods, reason = "when the run began")]
        let began = SystemTime::now() + HEAD_START;
        let start = Instant::now() + HEAD_START;
        self.progress.line(format_args!(
            "load: {} senders, {} listeners, {} messages and {} visitors a second for {:?}",
            options.senders, options.listeners, options.rate, options.churn, options.duration
        ));
        let mut faults = faults::inject(&options.faults, start, &self.journal, &self.progress);
        let deadline = start + options.duration + options.settle;
        let load = each(senders, move |mut sender| async move {
            sender.load(start, deadline).await;
            sender
        });
        let load = future::join(load, self.churn(start, deadline));
        let (senders, churned) = self.ticking(start, load).await;
        churned?;
        while faults.join_next().await.is_some() {}
        calm.cancel();

        self.progress.line("all is answered; reading the rooms");
        self.read_http(Reading::Early).await?;
        let deadline = Instant::now() + options.settle;
        let senders = each(senders, move |mut sender| async move {
            sender.ask_again(deadline).await;
            sender
        })
        .await;
        // Whoever is away would miss the last words; the check says whom that concerns.
        let back = self.wait_for_all(&watched, "came back", options.settle, |standing| {
            standing.is_live
        });
        if let Err(late) = back.await {
            self.progress.line(format_args!("{late:#}"));
        }
        let deadline = Instant::now() + options.settle;
        drop(
            each(senders, move |mut sender| async move {
                sender.say_last_words(deadline).await;
                sender
            })
            .await,
        );
        let answered = Instant::now();
        let last = self.read_http(Reading::Http).await?;
        self.progress
            .line("the last words are stored; waiting until everybody has heard them");
        for (listener, standing) in (0..).zip(&watched) {
            let last = last[self.plan.listeners_room(listener) as usize];
            let left = options.settle.saturating_sub(answered.elapsed());
            let complete =
                self.wait_for_all(std::slice::from_ref(standing), "heard all", left, |s| {
                    s.heard >= last
                });
            // Who lacks something is named by the check.
            let _ = complete.await;
        }
        let quiet_after = answered.elapsed();
        stop.cancel();
        while listening.join_next().await.is_some() {}
        self.read_sql().await?;
        drop(self);
        tokio::task::spawn_blocking(|| scribe.finish()).await??;
        Ok((began, quiet_after))
    }

    async fn listeners(
        &self,
        running: &mut JoinSet<()>,
        stop: &CancellationToken,
        calm: &CancellationToken,
    ) -> Result<Vec<watch::Receiver<Standing>>> {
        let mut watched: Vec<watch::Receiver<Standing>> = Vec::new();
        for index in 0..self.plan.options.listeners {
            let name = Listener::nickname(&self.plan, index);
            let token = self.token(&name).await?;
            let (plan, journal) = (Arc::clone(&self.plan), self.journal.clone());
            let (listener, standing) = Listener::new(index, plan, journal, token, calm.clone());
            watched.push(standing);
            running.spawn(listener.run(stop.clone()));
            if let Some(earlier) = watched.len().checked_sub(ARRIVING_MAX) {
                let earlier = &watched[earlier..=earlier];
                self.wait_for_all(earlier, "came in", ARRIVAL_MAX, |s| s.has_come_in)
                    .await?;
            }
        }
        Ok(watched)
    }

    async fn senders(&self) -> Result<Vec<Sender>> {
        let mut senders = Vec::new();
        for index in 0..self.plan.options.senders {
            let token = self.token(&Sender::nickname(&self.plan, index)).await?;
            let (plan, journal) = (Arc::clone(&self.plan), self.journal.clone());
            senders.push(Sender::new(index, plan, journal, token));
        }
        Ok(senders)
    }

    /// Lets clients come and go as long as messages are sent.
    async fn churn(&self, start: Instant, deadline: Instant) -> Result<()> {
        let options = &self.plan.options;
        if options.churn == 0.0 {
            return Ok(());
        }
        let interval = Duration::from_secs_f64(1.0 / options.churn);
        let mut there = JoinSet::new();
        for n in 0.. {
            let due = start + interval * n;
            if due >= start + options.duration {
                break;
            }
            time::sleep_until(due).await;
            if there.len() >= VISITORS_MAX {
                there.join_next().await;
            }
            // Whoever has gone is forgotten.
            while there.try_join_next().is_some() {}
            let index = options.senders + n;
            let token = self.token(&Sender::nickname(&self.plan, index)).await?;
            let (plan, journal) = (Arc::clone(&self.plan), self.journal.clone());
            let mut visitor = Sender::new(index, plan, journal, token);
            there.spawn(async move { visitor.visit(due, deadline).await });
        }
        there.join_all().await;
        Ok(())
    }

    async fn token(&self, nickname: &str) -> Result<Option<String>> {
        let options = &self.plan.options;
        let seconds = (options.duration + 4 * options.settle).as_secs() + TOKEN_MARGIN_SECONDS;
        Identity::of(options).token(nickname, seconds).await
    }

    /// Waits until all of them stand where they should.
    async fn wait_for_all(
        &self,
        watched: &[watch::Receiver<Standing>],
        did: &str,
        limit: Duration,
        stands: impl Fn(&Standing) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        for (done, standing) in watched.iter().enumerate() {
            let mut standing = standing.clone();
            let stood = time::timeout_at(deadline, standing.wait_for(&stands)).await;
            if !matches!(stood, Ok(Ok(_))) {
                bail!(
                    "only {done} of {} listeners {did} within {limit:?}",
                    watched.len()
                );
            }
        }
        Ok(())
    }

    /// Says how far it is while something takes its time.
    async fn ticking<T>(&self, start: Instant, work: impl Future<Output = T>) -> T {
        let mut ticks = time::interval(Duration::from_secs(self.progress.interval_seconds()));
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = ticks.tick() => self.progress.counts_at(start.elapsed().as_secs()),
            }
        }
    }

    /// Reads every room over HTTP. Returns each one's last number.
    async fn read_http(&self, reading: Reading) -> Result<Vec<i64>> {
        let token = self
            .token(&Listener::nickname(&self.plan, u32::MAX))
            .await?;
        let history = History {
            endpoint: &self.plan.options.history,
            token: token.as_deref(),
        };
        let mut last = Vec::new();
        for (room, name) in (0..).zip(&self.plan.rooms) {
            let deadline = Instant::now() + READING_MAX;
            let rows = loop {
                match history.room(name).await {
                    Ok(rows) => break rows,
                    Err(error) if Instant::now() >= deadline => {
                        return Err(error.context(format!("{name} cannot be read over HTTP")));
                    }
                    Err(_) => time::sleep(READING_PAUSE).await,
                }
            };
            last.push(rows.last().map_or(0, |row| row.seq));
            for row in rows {
                self.journal.note(Event::Row { reading, room, row }).await;
            }
        }
        Ok(last)
    }

    async fn read_sql(&self) -> Result<()> {
        let Some(url) = &self.plan.options.database_url else {
            return Ok(());
        };
        let mut sql = Sql::connect(url).await.context("--database-url")?;
        for (room, name) in (0..).zip(&self.plan.rooms) {
            let reading = Reading::Sql;
            for row in sql.room(name).await.context("the rows cannot be read")? {
                self.journal.note(Event::Row { reading, room, row }).await;
            }
        }
        sql.close().await;
        Ok(())
    }
}

/// Lets every sender work, side by side.
async fn each<F>(senders: Vec<Sender>, work: impl Fn(Sender) -> F) -> Vec<Sender>
where
    F: Future<Output = Sender> + Send + 'static,
{
    let working: JoinSet<Sender> = senders.into_iter().map(work).collect();
    working.join_all().await
}
