//! Measures programs from outside: `cargo run --release -p bench -- --help`.

mod client;
mod cold_start;
mod idle;
mod process;
mod runtime_api;

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
    /// Memory per idle connection: connected, subscribed to a room, silent.
    Idle(idle::Options),
    /// A function's bootstrap: from its start to its first answer, and how long it takes afterwards.
    ColdStart(cold_start::Options),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().measure {
        Measure::Idle(options) => idle::measure(options).await,
        Measure::ColdStart(options) => cold_start::measure(options).await,
    }
}
