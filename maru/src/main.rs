//! The command `maru`: alone, the whole chat in one process; with a subcommand, a tool around it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use maru::config::{Config, Purpose};
#[cfg(feature = "embedded")]
use maru::embedded::{relocate_cache, serve_until};
use maru::epoch::{self, Act};
use maru::keys::{self, Step};
use maru::{admin, migrate, rooms, token};
use socket_tier::config::Rim;
use socket_tier::healthcheck;
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
    /// Serve accounts, history and the page over HTTP, beside a socket tier.
    Functions,
    /// Make the tables in the Postgres of `DATABASE_URL`, or bring them up to date.
    Migrate(migrate::Options),
    /// Ask the server on `LISTEN` whether it is ready: for container engines.
    Healthcheck,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Make and change the keys of access tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Make access tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Ask one instance of the socket tier, or tell it.
    Admin(admin::Options),
    /// Look into rooms.
    #[command(subcommand)]
    Rooms(RoomsCommand),
    /// Which history the database has: clients with a number from another one read anew.
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// Print an interface written down, as `/docs` serves it.
    Docs {
        /// Which one.
        document: Document,
    },
    /// Prove on a running deployment that nothing is lost, doubled or left out.
    Verify(Box<verify::Options>),
    /// Serve the embedded Postgres alone and print its address.
    #[cfg(feature = "embedded")]
    #[command(hide = true)]
    Postgres {
        /// Where it keeps its data.
        #[arg(long)]
        data_dir: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Document {
    /// The HTTP interface, as OpenAPI 3.1.
    Openapi,
    /// The socket, as AsyncAPI 3.
    Asyncapi,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say everything that is wrong with the environment's variables.
    Check {
        /// For whom the environment is
        #[arg(long = "for", value_enum, default_value_t = Program::Maru)]
        program: Program,
    },
}

/// A program that the environment configures.
#[derive(Clone, Copy, ValueEnum)]
enum Program {
    /// The whole chat in one process.
    Maru,
    /// `maru functions`.
    Functions,
    /// `socket-tier`.
    SocketTier,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make the first key in a folder.
    Make {
        /// The folder
        folder: PathBuf,
    },
    /// Take the next step of a change of keys, and say what is to be done then.
    Rotate {
        /// The folder
        folder: PathBuf,
    },
    /// End a change of keys: the former key is not accepted any more.
    Retire {
        /// The folder
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Sign a guest's token with `JWT_PRIVATE_KEY`, and print it.
    Issue(token::Options),
}

#[derive(Subcommand)]
enum EpochCommand {
    /// Say it.
    Show,
    /// Begin another one, after a restore that nothing shows: of files, or of rows into the same
    /// tables.
    Renew,
}

#[derive(Subcommand)]
enum RoomsCommand {
    /// Say who did what in a room and when, as it happens, and never what was said.
    Tail(rooms::Options),
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
            let config = configured(Purpose::Whole)?;
            #[cfg(feature = "embedded")]
            if config.database_url.is_none() {
                relocate_cache(&config.data_dir)?;
            }
            Runtime::new()?.block_on(maru::serve::serve(config))?;
        }
        Command::Functions => {
            let config = configured(Purpose::Functions)?;
            Runtime::new()?.block_on(maru::functions::serve(config))?;
        }
        Command::Migrate(options) => {
            let config = configured(Purpose::Whole)?;
            Runtime::new()?.block_on(migrate::migrate(&config, options))?;
            answer("the tables are up to date");
        }
        Command::Healthcheck => healthcheck::ask(Rim::listen_from_env()?)?,
        Command::Config(ConfigCommand::Check { program }) => {
            match program {
                Program::Maru => drop(Config::from_env(Purpose::Whole)?),
                Program::Functions => drop(Config::from_env(Purpose::Functions)?),
                Program::SocketTier => drop(socket_tier::config::Config::from_env()?),
            }
            answer("the configuration is good");
        }
        Command::Keys(command) => answer(change_keys(&command)?),
        Command::Token(TokenCommand::Issue(options)) => answer(&token::issue(&options)?),
        Command::Admin(options) => answer(&admin::ask(&options)?),
        Command::Rooms(RoomsCommand::Tail(options)) => {
            let config = configured(Purpose::Whole)?;
            Runtime::new()?.block_on(async {
                let stop = socket_tier::drain::stop_signal()?;
                rooms::tail(&config, &options, answer, stop).await
            })?;
        }
        Command::Epoch(command) => {
            let config = configured(Purpose::Whole)?;
            let act = match command {
                EpochCommand::Show => Act::Show,
                EpochCommand::Renew => Act::Renew,
            };
            let epoch = Runtime::new()?.block_on(epoch::epoch(&config, act))?;
            answer(&epoch.to_string());
        }
        Command::Docs { document } => answer(&match document {
            Document::Openapi => maru::docs::openapi().to_pretty_json()?,
            Document::Asyncapi => format!("{:#}", maru::docs::asyncapi("localhost:8080")),
        }),
        Command::Verify(options) => return prove(*options),
        #[cfg(feature = "embedded")]
        Command::Postgres { data_dir } => {
            relocate_cache(&data_dir)?;
            Runtime::new()?.block_on(serve_postgres(&data_dir))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the environment and starts the log that it asks for.
fn configured(purpose: Purpose) -> Result<Config> {
    let (config, logs) = Config::from_env(purpose)?;
    logs.start();
    // An error says that a provider is there already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Ok(config)
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn answer(text: &str) {
    println!("{text}");
}

/// Changes the keys in a folder; what is to be done then.
fn change_keys(command: &KeysCommand) -> Result<&'static str> {
    Ok(match command {
        KeysCommand::Make { folder } => {
            keys::make(folder)?;
            "a key was made: jwt-private.pem is for the functions alone, jwt-public.pem for all"
        }
        KeysCommand::Rotate { folder } => match keys::rotate(folder)? {
            Step::Announced => {
                "the coming key is published in jwt-public.pem; restart the socket tier and the \
                 functions one by one, so that all accept it, then run this command again"
            }
            Step::Switched => {
                "the coming key signs; restart the functions one by one, and when the last token \
                 of the former key has run out (15 minutes), run `maru keys retire`"
            }
        },
        KeysCommand::Retire { folder } => {
            keys::retire(folder)?;
            "only the key that signs is accepted; restart the socket tier and the functions one by one"
        }
    })
}

/// Prints the verdict. Broken promises end the command with 1, what could not be checked with 2.
fn prove(options: verify::Options) -> Result<ExitCode> {
    match Runtime::new()?.block_on(verify::run(options)) {
        Ok(report) => {
            answer(&report.to_string());
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
    let stop = socket_tier::drain::stop_signal()?;
    serve_until(data_dir, |_| {}, answer, stop).await?;
    Ok(())
}
