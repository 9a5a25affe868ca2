//! What a page of history costs in a room with a million messages, beside one with a thousand.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use crate::history::History;
use crate::search::{content, mix};
use crate::talk;
use crate::target::Target;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// The server and its database, as `bench/peers/maru/start` prints them
    #[arg(long)]
    target: Target,
    /// The deep room; what it lacks is said first. That of `bench search` serves here too
    #[arg(long, default_value = "bench-search")]
    room: String,
    /// How many messages it has
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// How many messages the room beside it has
    #[arg(long, default_value_t = 1_000)]
    beside: u64,
    /// How often each page is asked for, in both rooms in turns
    #[arg(long, default_value_t = 1_000)]
    rounds: u64,
    /// Fails where the median of a page in the deep room is more than so many times that beside it
    #[arg(long, default_value_t = 2.0)]
    ratio_max: f64,
    /// Where the figures are written
    #[arg(long)]
    json: Option<PathBuf>,
}

/// How many messages a page has.
const PAGE_MESSAGES: usize = 50;

/// Where in a room a page is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Place {
    Newest,
    Oldest,
    /// Before any place at all, another one each time.
    Before,
    /// Around any place.
    Around,
}

const PLACES: [Place; 4] = [Place::Newest, Place::Oldest, Place::Before, Place::Around];

impl Place {
    /// Asks for it in a room with so many messages.
    fn path(self, room: &str, messages: u64, round: u64) -> String {
        // Anywhere that has a whole page on both sides.
        let page = PAGE_MESSAGES as u64;
        let anywhere = page + 1 + mix(round) % (messages - 2 * page);
        let place = match self {
            Self::Newest => String::new(),
            Self::Oldest => "&after=0".to_owned(),
            Self::Before => format!("&before={anywhere}"),
            Self::Around => format!("&around={anywhere}"),
        };
        format!("/{room}/messages?limit={PAGE_MESSAGES}{place}")
    }
}

/// What a page of one place took, in milliseconds.
#[derive(Serialize)]
struct Figures {
    place: Place,
    deep: Times,
    beside: Times,
    /// Of the medians.
    ratio: f64,
}

#[derive(Clone, Copy, Serialize)]
struct Times {
    p50: f64,
    p99: f64,
}

impl Times {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
        Self {
            p50: at(0.5),
            p99: at(0.99),
        }
    }
}

/// Fills both rooms, asks for their pages in turns, and prints what they took.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let Options {
        target, messages, ..
    } = &options;
    let guests = target.guests.context("the target names no guests")?;
    let tokens = talk::tokens(guests).await?;
    let least = 4 * PAGE_MESSAGES as u64;
    ensure!(
        options.beside >= least,
        "a room has {least} messages at least"
    );
    let shallow = format!("{}-beside", options.room);
    let rooms = [(&options.room, *messages), (&shallow, options.beside)];
    for (room, messages) in rooms {
        talk::fill(target, room, &tokens, messages, content).await?;
    }
    settle(target).await?;

    let mut history = History::connect(target.at[0], &tokens[0]).await?;
    let mut times = PLACES.map(|_| [const { Vec::new() }; 2]);
    // The first rounds warm up.
    for round in 0..options.rounds + options.rounds / 10 {
        for (place, times) in PLACES.iter().zip(&mut times) {
            for ((room, messages), times) in rooms.iter().zip(times) {
                let path = place.path(room, *messages, round);
                let began = Instant::now();
                let answer = history.get(&path).await?;
                let took = began.elapsed();
                let found = answer.messages.len();
                ensure!(found == PAGE_MESSAGES, "{path} brings {found} messages");
                if round >= options.rounds / 10 {
                    times.push(took.as_secs_f64() * 1e3);
                }
            }
        }
    }

    println!(
        "{:<8} {:>8} {:>8} ms in {messages} {:>8} {:>8} ms in {} {:>6}",
        "", "p50", "p99", "p50", "p99", options.beside, "ratio"
    );
    let mut all = Vec::new();
    for (place, times) in PLACES.into_iter().zip(times) {
        let [deep, beside] = times.map(Times::of);
        let ratio = deep.p50 / beside.p50;
        println!(
            "{:<8} {:>8.2} {:>8.2} {:>21.2} {:>8.2} {:>17.2}",
            format!("{place:?}").to_lowercase(),
            deep.p50,
            deep.p99,
            beside.p50,
            beside.p99,
            ratio
        );
        all.push(Figures {
            place,
            deep,
            beside,
            ratio,
        });
    }
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&all)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    for Figures { place, ratio, .. } in all {
        let max = options.ratio_max;
        ensure!(
            ratio <= max,
            "{place:?} takes {ratio:.1} times as long, more than {max}"
        );
    }
    Ok(())
}

/// Leaves the table as autovacuum does some time after the rooms were filled.
async fn settle(target: &Target) -> Result<()> {
    let database = target.database.as_deref();
    let database = database.context("the target names no database")?;
    let mut database = PgConnection::connect(database).await?;
    let settle = sqlx::query("VACUUM ANALYZE chat_message");
    settle.execute(&mut database).await?;
    Ok(database.close().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_place_has_a_whole_page_on_both_sides() {
        for round in 0..1_000 {
            let path = Place::Before.path("deep", 1_000, round);
            let (_, before) = path.split_once("before=").expect("a place");
            let before: u64 = before.parse().expect("a number");
            assert!((51..=950).contains(&before), "{before}");
        }
    }
}
