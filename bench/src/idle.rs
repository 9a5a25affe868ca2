//! Memory per idle connection.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Args;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::resident_bytes;

/// How many clients connect at once.
const CONNECTING_MAX: usize = 64;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Where the server listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    server: SocketAddr,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// How many connections to open; a process may be limited in open files.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Over how many rooms they are spread.
    #[arg(long, default_value_t = 100)]
    rooms: usize,
}

/// Opens the connections and prints what they made the server grow by.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let Options {
        server,
        pid,
        connections,
        rooms,
    } = options;
    // What a first connection makes the server set up once is not counted.
    let first = connect(server, 0, rooms).await?;
    let before = resident_bytes(pid)?;
    let mut clients = vec![first];
    let mut connecting = JoinSet::new();
    for index in 1..=connections {
        if connecting.len() == CONNECTING_MAX
            && let Some(connected) = connecting.join_next().await
        {
            clients.push(connected??);
        }
        connecting.spawn(connect(server, index, rooms));
    }
    while let Some(connected) = connecting.join_next().await {
        clients.push(connected??);
    }
    let after = resident_bytes(pid)?;
    let each = after.saturating_sub(before) / connections as u64;
    println!("connections {connections}, over {rooms} rooms, each subscribed and silent");
    println!("resident before {before} B, after {after} B");
    println!(
        "resident per connection {each} B ({:.1} KiB)",
        each as f64 / 1024.0
    );
    Ok(())
}

async fn connect(server: SocketAddr, index: usize, rooms: usize) -> Result<Client> {
    let mut client = Client::connect(server, index).await?;
    client.subscribe(&format!("idle-{}", index % rooms)).await?;
    Ok(client)
}
