//! Everything on one listener.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use axum::Router;
use socket_tier::{SocketTier, Stores, drain};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::page;
use crate::parts::{Database, Hearing};

/// Serves the whole chat until the process is told to stop.
///
/// # Errors
/// One line that says which part could not be started or left in good order, and what to do.
#[expect(clippy::print_stdout, reason = "the command talks to whoever started it")]
pub async fn serve(config: Config) -> Result<()> {
    config.logs.start();
    let stop = drain::stop_signal().context("no signal handler")?;
    let listen = config.rim.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("LISTEN: {listen} cannot be listened on; choose another port, or 0 for a free one")
    })?;
    let address = listener.local_addr()?;
    let database = Database::open(&config, |step| println!("{step}")).await?;
    let hearing = Hearing::open(&config).await?;

    let mut origins = config.rim.origins;
    for origin in own_origins(address) {
        origins.add(origin);
    }
    let tier = SocketTier::start(
        Stores {
            log: database.log.clone(),
            fanout: hearing.fanout,
            incoming: hearing.incoming,
        },
        origins,
    );
    let history = history::router(history::State {
        log: database.log.clone(),
    });
    let router: Router = tier
        .router()
        .merge(page::routes())
        .fallback_service(history);

    println!("listening on http://{address}");
    println!("  page      http://{address}/");
    println!("  sockets   ws://{address}/ws (STOMP)");
    println!("  history   http://{address}/{{roomId}}/messages");
    println!("  Postgres  {}", database.description);
    println!("  fan-out   {}", hearing.description);
    println!("  identity  AUTH_MODE=optional: everybody is let in as a guest");
    println!("Try: open the page in two windows and talk. Ctrl-C stops.");

    let in_order = tier.serve(listener, router, stop).await;
    database.close().await?;
    if !in_order {
        bail!("the grace period ended before every socket was closed");
    }
    println!("stopped; everything that was confirmed is kept");
    Ok(())
}

/// The origins of the page that this process serves itself.
fn own_origins(address: SocketAddr) -> Vec<String> {
    let mut origins = vec![format!("http://{address}")];
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        let port = address.port();
        origins.extend([format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}")]);
    }
    origins
}
