//! The way to DynamoDB.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Config, Credentials, Region};

use super::{CALL_TIMEOUT, DynamoSessions};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// How long one request may take, its connection included.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(800);
/// How often one request is made.
const REQUESTS_MAX: u32 = 3;
/// About how long the first pause between two of them is.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Says that the environment does not tell where the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no AWS region is configured: set AWS_REGION")]
pub struct ConnectError;

/// Connects to a table by what the standard AWS variables say (`AWS_REGION`, credentials,
/// `AWS_ENDPOINT_URL_DYNAMODB`). Nothing is sent yet, except to find the credentials' source.
///
/// # Errors
/// Where no region is known, as nothing could be reached then.
pub async fn connect(table: impl Into<String>) -> Result<DynamoSessions, ConnectError> {
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    if config.region().is_none() {
        return Err(ConnectError);
    }
    Ok(DynamoSessions::new(&Client::new(&config), table))
}

/// Connects to an emulator at this URL, which asks for no real credentials.
pub fn local(endpoint: &str, table: impl Into<String>) -> DynamoSessions {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "emulator"))
        .endpoint_url(endpoint)
        .build();
    DynamoSessions::new(&Client::from_conf(config), table)
}

/// The same client, which never tries for longer than a call may take.
pub(super) fn bounded(client: &Client) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(REQUEST_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(REQUESTS_MAX)
        .with_initial_backoff(RETRY_PAUSE)
        .with_max_backoff(4 * RETRY_PAUSE);
    let config = client
        .config()
        .to_builder()
        .timeout_config(timeouts)
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}
