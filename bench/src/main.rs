//! Measures programs from outside: `bench/README.md`.

mod client;
mod cold_start;
mod depth;
mod dialect;
mod history;
mod idle;
mod limit;
mod load;
mod page;
mod process;
mod progress;
mod report;
mod runtime_api;
mod search;
mod store;
mod talk;
mod target;
mod tokens;
mod websocket;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures programs from outside.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// Rooms full of people who talk: deliveries, latency, order and cost, of one or more servers.
    Load(load::Options),
    /// What the kernel can do on this machine with frames that are ready.
    Limit(limit::Options),
    #[command(hide = true)]
    LimitServer(limit::ServerOptions),
    /// Cost per idle connection: connected, subscribed to a room, silent.
    Idle(idle::Options),
    /// What is stored and receipted, of what one writer stores alone in the same Postgres.
    Store(store::Options),
    /// A page of history through the function's router, of the bare query through the same driver.
    Page(page::Options),
    /// Pages of a room with a million messages, beside those of one with a thousand.
    Depth(depth::Options),
    /// A function's bootstrap: from its start to its first answer, and how long it takes afterwards.
    ColdStart(cold_start::Options),
    /// Searches in a room with a million messages, beside pages of its history.
    Search(search::Options),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().measure {
        Measure::Load(options) => load::measure(options).await,
        Measure::Limit(options) => limit::measure(options).await,
        Measure::LimitServer(options) => limit::serve(&options),
        Measure::Idle(options) => idle::measure(options).await,
        Measure::Store(options) => store::measure(options).await,
        Measure::Page(options) => page::measure(options).await,
        Measure::Depth(options) => depth::measure(options).await,
        Measure::ColdStart(options) => cold_start::measure(options).await,
        Measure::Search(options) => search::measure(options).await,
    }
}
