//! Measures a running server from outside: `cargo run --release -p bench -- idle --help`.

mod client;
mod idle;
mod process;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures a running server from outside.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// Memory per idle connection: connected, subscribed to a room, silent.
    Idle(idle::Options),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().measure {
        Measure::Idle(options) => idle::measure(options).await,
    }
}
