//! The command `maru`: alone, the whole chat in one process; with a subcommand, a tool around it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use maru::config::Config;

/// Real-time multi-room chat over STOMP: alone, the whole chat in one process.
///
/// The environment configures it; `.env.example` lists the variables.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the whole chat (the default).
    Serve,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Serve the embedded Postgres alone and print its address.
    #[cfg(feature = "embedded")]
    #[command(hide = true)]
    Postgres {
        /// Where it keeps its data.
        #[arg(long)]
        data_dir: std::path::PathBuf,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say everything that is wrong with the environment's variables.
    Check,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command.unwrap_or(Command::Serve)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "why the command failed")]
            {
                eprintln!("error: {fault:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve => {
            let config = Config::from_env()?;
            // An error says that a provider is there already, which is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            maru::serve::serve(config).await
        }
        Command::Config(ConfigCommand::Check) => {
            Config::from_env()?;
            #[expect(clippy::print_stdout, reason = "the answer of the command")]
            {
                println!("the configuration is good");
            }
            Ok(())
        }
        #[cfg(feature = "embedded")]
        Command::Postgres { data_dir } => {
            maru::embedded::serve_until(&data_dir, socket_tier::drain::stop_signal()?).await
        }
    }
}
