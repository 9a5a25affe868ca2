//! A DynamoDB of one's own, in memory and with the table of sessions in it: what the end-to-end
//! tests give to the servers. It prints its address and serves until it is killed.

use std::error::Error;

use sessions::dynamo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the table is called.
const TABLE: &str = "maru-sessions";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let database = dynoxide::Database::memory()?;
    let mut serving = JoinSet::new();
    serving.spawn(dynoxide::server::serve_on(listener, database));
    dynamo::local(&endpoint, TABLE).create_table().await?;
    #[expect(clippy::print_stdout, reason = "what whoever started it wants to know")]
    {
        println!("listening on {endpoint}");
    }
    serving.join_all().await;
    Ok(())
}
