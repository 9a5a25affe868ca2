//! The command `maru`: alone, the whole chat in one process; with a subcommand, a tool around it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use maru::config::Config;
#[cfg(feature = "embedded")]
use maru::embedded::{relocate_cache, serve_until};
use tokio::runtime::Runtime;

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
    /// Make the tables in the Postgres of `DATABASE_URL`, or bring them up to date.
    Migrate,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prove on a running deployment that nothing is lost, doubled or left out.
    Verify(Box<verify::Options>),
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

fn main() -> ExitCode {
    match run(Cli::parse().command.unwrap_or(Command::Serve)) {
        Ok(code) => code,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "why the command failed")]
            {
                eprintln!("error: {fault:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve => {
            let (config, logs) = Config::from_env()?;
            logs.start();
            #[cfg(feature = "embedded")]
            if config.database_url.is_none() {
                relocate_cache(&config.data_dir)?;
            }
            // An error says that a provider is there already, which is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            Runtime::new()?.block_on(maru::serve::serve(config))?;
        }
        Command::Migrate => {
            let (config, logs) = Config::from_env()?;
            logs.start();
            // An error says that a provider is there already, which is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            Runtime::new()?.block_on(maru::migrate::migrate(&config))?;
            #[expect(clippy::print_stdout, reason = "the answer of the command")]
            {
                println!("the tables are up to date");
            }
        }
        Command::Config(ConfigCommand::Check) => {
            Config::from_env()?;
            #[expect(clippy::print_stdout, reason = "the answer of the command")]
            {
                println!("the configuration is good");
            }
        }
        Command::Verify(options) => return prove(*options),
        #[cfg(feature = "embedded")]
        Command::Postgres { data_dir } => {
            relocate_cache(&data_dir)?;
            Runtime::new()?.block_on(serve_postgres(&data_dir))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the verdict. Broken promises end the command with 1, what could not be checked with 2.
fn prove(options: verify::Options) -> Result<ExitCode> {
    match Runtime::new()?.block_on(verify::run(options)) {
        Ok(report) => {
            #[expect(clippy::print_stdout, reason = "the answer of the command")]
            {
                println!("{report}");
            }
            Ok(if report.kept {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "why there is no answer")]
            {
                eprintln!("error: nothing could be decided: {fault:#}");
            }
            Ok(ExitCode::from(2))
        }
    }
}

#[cfg(feature = "embedded")]
async fn serve_postgres(data_dir: &std::path::Path) -> Result<()> {
    #[expect(
        clippy::print_stdout,
        reason = "the address is what the command is for"
    )]
    let announce = |url: &str| println!("{url}");
    let stop = socket_tier::drain::stop_signal()?;
    serve_until(data_dir, |_| {}, announce, stop).await?;
    Ok(())
}
