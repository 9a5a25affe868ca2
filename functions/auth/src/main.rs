//! The auth function as a Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use auth::config::Config;
use auth::{Accounts, Clock, HashCost, HashingLimits, Passwords, State, router};
use sessions::dynamo;

/// A Lambda answers one request at a time.
const DATABASE_CONNECTIONS: u32 = 1;

/// So it hashes for one.
const CORES: usize = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "why nothing was started")]
            {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Answers events until the platform ends the process. Dials at the first that needs it, so that a
/// cold start waits for nothing; the tables are the deployment's to make.
async fn run() -> Result<(), String> {
    let config = Config::from_env().map_err(|faults| faults.to_string())?;
    config.logs.start();
    let accounts = Accounts::open(&config.database_url, DATABASE_CONNECTIONS)
        .map_err(|error| format!("DATABASE_URL: {error}"))?;
    let sessions = dynamo::connect(config.sessions_table)
        .await
        .map_err(|error| format!("AWS_REGION: {error}"))?;
    let state = State {
        accounts,
        sessions: Arc::new(sessions),
        passwords: Passwords::new(HashCost::RECOMMENDED, HashingLimits::for_cores(CORES)),
        tokens: config.tokens,
        origins: config.origins,
        proxy_hops: config.proxy_hops,
        clock: Clock::system(),
    };
    lambda_edge::run(router(state))
        .await
        .map_err(|error| format!("the Lambda runtime ended: {error}"))
}
