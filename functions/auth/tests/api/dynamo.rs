//! The same life on DynamoDB.

use std::sync::Arc;

use sessions::dynamo;
use tokio::net::TcpListener;

use super::life::whole_life;

#[tokio::test]
async fn an_account_lives_from_signing_up_to_logging_out_on_dynamodb() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let database = dynoxide::Database::memory().expect("an empty database");
    let mut emulator = tokio::task::JoinSet::new();
    emulator.spawn(dynoxide::server::serve_on(listener, database));

    let sessions = dynamo::local(&format!("http://{address}"), "sessions");
    sessions.create_table().await.expect("a new table");
    whole_life(Arc::new(sessions)).await;
}
