//! Everything on one listener.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chat::AuthMode;
use fanout::Herald;
use socket_tier::{Access, SocketTier, Stores, drain};
use traces::Exporter;

use crate::config::Config;
use crate::docs;
use crate::functions::with_functions;
use crate::identity;
use crate::page::Page;
use crate::parts::{Database, Hearing, listen};
use crate::traced::traced;

/// Serves the whole chat until the process is told to stop.
///
/// # Errors
/// One line that says which part could not be started or left in good order, and what to do.
#[expect(
    clippy::print_stdout,
    reason = "the command talks to whoever started it"
)]
pub async fn serve(config: Config) -> Result<()> {
    let stop = drain::stop_signal().context("no signal handler")?;
    let exporter = Exporter::start(&config.traces, "maru")?;
    let tracer = exporter.tracer();
    let listener = listen(config.rim.listen).await?;
    let address = listener.local_addr()?;
    let mut page = Page::open(config.web_dir.as_deref(), &config.data_dir, |step| {
        println!("{step}");
    })?;
    let database = Database::open(&config, |step| println!("{step}")).await?;
    let hearing = Hearing::open(&config).await?;

    let mut origins = config.rim.origins;
    for origin in own_origins(address) {
        origins.add(origin);
    }
    let identity = identity::Parts {
        database_url: &database.url,
        sessions_table: config.sessions_table.as_deref(),
        tokens: config.tokens,
        address: &address.to_string(),
        data_dir: &config.data_dir,
        origins: origins.clone(),
        proxy_hops: config.rim.proxy_hops,
    };
    let identity = identity.open().await?;
    let accounts = identity.accounts.clone();
    accounts
        .migrate()
        .await
        .context("the tables of the accounts cannot be made")?;

    let mode = config.rim.auth_mode;
    let herald: Arc<dyn Herald> = Arc::new(Arc::clone(&hearing.fanout));
    let tier = SocketTier::start(
        Stores {
            log: database.log.clone(),
            fanout: hearing.fanout,
            incoming: hearing.incoming,
            sessions: Arc::clone(&identity.sessions),
        },
        Access {
            mode,
            verifier: identity.tokens.verifier().as_ref().clone(),
            origins: origins.clone(),
            proxy_hops: config.rim.proxy_hops,
            address_cap: config.rim.address_cap,
            heartbeat: config.rim.heartbeat,
            drain_notice: config.rim.drain_notice,
            presence_lease: config.rim.presence_lease,
            tracer: tracer.clone(),
        },
    );
    let history = history::router(history::State {
        log: database.log.clone(),
        herald: Some(herald),
        origins,
        mode,
        verifier: Arc::clone(identity.tokens.verifier()),
        answer_bytes_max: None,
    });
    let own = tier.router().merge(docs::routes(address, page.clone()));
    let auth = traced(auth::router(identity), &tracer);
    let router = with_functions(own, auth, traced(history, &tracer), page.clone());
    let page = page.settled().await;

    println!("listening on http://{address}");
    println!("  page      http://{address}/ {page}");
    println!("  sockets   ws://{address}/ws (STOMP)");
    println!("  history   http://{address}/{{roomId}}/messages");
    println!("  Postgres  {}", database.description);
    println!("  fan-out   {}", hearing.description);
    println!("  accounts  http://{address}/auth/…");
    println!("  documents http://{address}/docs");
    println!("  identity  {}", describe(mode));
    println!("Try: open the page in two windows and talk. Ctrl-C stops.");

    let in_order = tier.serve(listener, router, stop).await;
    accounts.close().await;
    database.close().await?;
    exporter.finish().await;
    if !in_order {
        bail!("the grace period ended before every socket was closed");
    }
    println!("stopped; everything that was confirmed is kept");
    Ok(())
}

fn describe(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::Required => "AUTH_MODE=required: who comes brings a token, be it a guest's",
        AuthMode::Optional => "AUTH_MODE=optional: who brings no token is let in as a guest",
    }
}

/// The origins of the page that this process serves itself.
fn own_origins(address: SocketAddr) -> Vec<String> {
    let mut origins = vec![format!("http://{address}")];
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        let port = address.port();
        origins.extend([
            format!("http://localhost:{port}"),
            format!("http://127.0.0.1:{port}"),
        ]);
    }
    origins
}
