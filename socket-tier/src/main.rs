//! One instance of the socket tier, on a real Postgres and a real Redis.

use std::process::ExitCode;
use std::sync::Arc;

use chat::AuthMode;
use fanout::redis::{self, RedisConfig};
use message_log::MessageLog;
use sessions::memory::MemorySessions;
use sessions::{Sessions, dynamo};
use socket_tier::config::{Admin, Config, Rim};
use socket_tier::{Access, SocketTier, Stores, drain, healthcheck, insist_on_durability, listener};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use traces::Exporter;

/// How many connections to Postgres an instance takes: one writes, the others read.
const DATABASE_CONNECTIONS: u32 = 8;

/// Alone it serves; `socket-tier healthcheck` asks the instance beside it whether it is ready.
pub(crate) fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => serve(),
        [word] if word == "healthcheck" => check(),
        _ => {
            #[expect(clippy::print_stderr, reason = "what can be asked for")]
            {
                eprintln!("usage: socket-tier [healthcheck]; the environment configures it");
            }
            ExitCode::from(2)
        }
    }
}

fn check() -> ExitCode {
    let asked = Rim::listen_from_env()
        .map_err(|faults| faults.to_string())
        .and_then(|listen| healthcheck::ask(listen).map_err(|error| error.to_string()));
    match asked {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            #[expect(clippy::print_stderr, reason = "why nobody should be sent here")]
            {
                eprintln!("{why}");
            }
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "why nothing was started")]
            {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Serves until told to stop. False where not everybody could be left in good order.
async fn run() -> Result<bool, String> {
    let config = Config::from_env().map_err(|faults| faults.to_string())?;
    config.logs.start();
    #[cfg(feature = "failpoints")]
    socket_tier::failpoints::arm(&config.failpoints);
    // An error says that a provider is there already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let exporter =
        Exporter::start(&config.traces, "maru-socket-tier").map_err(|error| error.to_string())?;

    let stop = drain::stop_signal().map_err(|error| format!("no signal handler: {error}"))?;
    let listen = config.rim.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        format!("LISTEN: {listen} cannot be listened on ({error}); choose another port")
    })?;
    let log = MessageLog::connect(&config.database_url, DATABASE_CONNECTIONS)
        .await
        .map_err(|error| format!("DATABASE_URL: {error}"))?;
    log.migrate()
        .await
        .map_err(|error| format!("DATABASE_URL: the tables cannot be made: {error}"))?;
    insist_on_durability(config.rim.profile, &log)
        .await
        .map_err(|error| format!("DATABASE_URL: {error}"))?;
    redis::ping(&config.redis_url)
        .await
        .map_err(|error| format!("REDIS_URL: {error}"))?;
    let redis = RedisConfig {
        url: config.redis_url,
        mac_key: config.fanout_key,
        ..RedisConfig::default()
    };
    let (fanout, incoming) = redis::start(redis)
        .await
        .map_err(|error| format!("REDIS_URL: {error}"))?;

    let sessions: Arc<dyn Sessions> = match config.sessions_table {
        Some(table) => Arc::new(
            dynamo::connect(table)
                .await
                .map_err(|error| format!("AWS_REGION: {error}"))?,
        ),
        None => Arc::new(MemorySessions::new()),
    };
    let stores = Stores {
        sessions,
        log,
        fanout: Arc::new(fanout),
        incoming,
    };
    let desk = match &config.admin {
        Some(Admin { listen, .. }) => Some(TcpListener::bind(listen).await.map_err(|error| {
            format!("ADMIN_LISTEN: {listen} cannot be listened on ({error}); choose another port")
        })?),
        None => None,
    };
    let address = listener
        .local_addr()
        .map_err(|error| format!("LISTEN: {error}"))?;
    let access = Access {
        mode: config.rim.auth_mode,
        verifier: config.verifier,
        origins: config.rim.origins,
        proxy_hops: config.rim.proxy_hops,
        address_cap: config.rim.address_cap,
        heartbeat: config.rim.heartbeat,
        drain_notice: config.rim.drain_notice,
        presence_lease: config.rim.presence_lease,
        tracer: exporter.tracer(),
    };
    let tier = SocketTier::start(stores, access);
    #[expect(clippy::print_stdout, reason = "what whoever started it wants to know")]
    {
        println!("listening on http://{address}");
        if let Some(desk) = &desk {
            let asked = desk
                .local_addr()
                .map_err(|error| format!("ADMIN_LISTEN: {error}"))?;
            println!("operators ask at http://{asked}");
        }
    }
    if config.rim.auth_mode == AuthMode::Optional {
        tracing::warn!("AUTH_MODE=optional: who brings no token is let in as a guest");
    }
    let leave = CancellationToken::new();
    let stop = {
        let leave = leave.clone();
        async move {
            tokio::select! {
                () = stop => {}
                () = leave.cancelled() => {}
            }
        }
    };
    let closed = CancellationToken::new();
    let at_desk = async {
        if let (Some(desk), Some(Admin { token, .. })) = (desk, config.admin) {
            let router = tier.admin_router(token, leave);
            listener::serve(desk, router, closed.clone()).await;
        }
    };
    let serving = async {
        let in_order = tier.serve(listener, tier.router(), stop).await;
        closed.cancel();
        in_order
    };
    // To the end of the tier, so that it can be asked how far it is.
    let (in_order, ()) = tokio::join!(serving, at_desk);
    exporter.finish().await;
    Ok(in_order)
}
