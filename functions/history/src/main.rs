//! The history function as a Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use fanout::Herald;
use fanout::redis::{MacKey, RedisConfig, RedisHerald, StartError};
use history::config::Config;
use history::{State, router};
use message_log::MessageLog;

/// A Lambda answers one request at a time.
const DATABASE_CONNECTIONS: u32 = 1;

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

/// Answers events until the platform ends the process. Dials Postgres at the first that needs it,
/// so that a cold start waits for nothing; the tables are the deployment's to make.
async fn run() -> Result<(), String> {
    let config = Config::from_env().map_err(|faults| faults.to_string())?;
    config.logs.start();
    let log = MessageLog::connect_lazy(&config.database_url, DATABASE_CONNECTIONS)
        .map_err(|error| format!("DATABASE_URL: {error}"))?;
    let herald = config
        .redis_url
        .map(|url| herald(url, config.fanout_key))
        .transpose()
        .map_err(|error| format!("REDIS_URL: {error}"))?;
    let state = State {
        log,
        herald,
        origins: config.origins,
        mode: config.mode,
        verifier: Arc::new(config.verifier),
        answer_bytes_max: Some(lambda_edge::BODY_BYTES_MAX),
    };
    lambda_edge::run(router(state))
        .await
        .map_err(|error| format!("the Lambda runtime ended: {error}"))
}

fn herald(url: String, mac_key: Option<MacKey>) -> Result<Arc<dyn Herald>, StartError> {
    let redis = RedisConfig {
        url,
        mac_key,
        ..RedisConfig::default()
    };
    Ok(Arc::new(RedisHerald::new(redis)?))
}
