//! The functions' routes and the page over HTTP, for who deploys without Lambda: what the image
//! `functions` runs beside the socket tier.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::extract::Request;
use fanout::Herald;
use fanout::redis::{MacKey, RedisConfig, RedisHerald};
use message_log::MessageLog;
use socket_tier::tier::REQUEST_GRACE;
use socket_tier::{drain, listener};
use tokio::time;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt, service_fn};
use traces::Exporter;

use crate::config::Config;
use crate::docs;
use crate::identity;
use crate::page::Page;
use crate::parts::{DATABASE_CONNECTIONS, listen};
use crate::traced::traced;

/// Serves accounts, history and the page until the process is told to stop. The tables are made by
/// [`migrate`](crate::migrate::migrate()), before.
///
/// # Errors
/// One line that says which part could not be started or left in good order, and what to do.
#[expect(
    clippy::print_stdout,
    reason = "the command talks to whoever started it"
)]
pub async fn serve(config: Config) -> Result<()> {
    let stop = drain::stop_signal().context("no signal handler")?;
    let exporter = Exporter::start(&config.traces, "maru-functions")?;
    let tracer = exporter.tracer();
    let listener = listen(config.rim.listen).await?;
    let address = listener.local_addr()?;
    let page = Page::open(config.web_dir.as_deref(), &config.data_dir, |step| {
        println!("{step}");
    })?;
    let database_url = config.database_url.context("DATABASE_URL: is not set")?;
    let log = MessageLog::connect(&database_url, DATABASE_CONNECTIONS)
        .await
        .context("DATABASE_URL")?;
    let identity = identity::Parts {
        database_url: &database_url,
        sessions_table: config.sessions_table.as_deref(),
        tokens: config.tokens,
        address: &address.to_string(),
        data_dir: &config.data_dir,
        origins: config.rim.origins.clone(),
        proxy_hops: config.rim.proxy_hops,
    };
    let identity = identity.open().await?;
    let accounts = identity.accounts.clone();
    let fanout_key = config.fanout_key;
    let herald = config
        .redis_url
        .map(|url| herald(url, fanout_key))
        .transpose()?;
    let history = history::router(history::State {
        log: log.clone(),
        herald,
        origins: config.rim.origins,
        mode: config.rim.auth_mode,
        verifier: Arc::clone(identity.tokens.verifier()),
        answer_bytes_max: None,
    });
    let own = docs::routes(address, page.clone());
    let auth = traced(auth::router(identity), &tracer);
    let router = with_functions(own, auth, traced(history, &tracer), page);

    println!("listening on http://{address}");
    let stopping = CancellationToken::new();
    let serving = listener::serve(listener, router, stopping.clone());
    tokio::pin!(serving);
    tokio::select! {
        () = serving.as_mut() => {}
        () = stop => {
            stopping.cancel();
            if time::timeout(REQUEST_GRACE, serving).await.is_err() {
                bail!("the grace period ended before every request was answered");
            }
        }
    }
    accounts.close().await;
    log.close().await;
    exporter.finish().await;
    Ok(())
}

/// Adds the functions' routes to others': the page's files, then history, answer what nobody else
/// does.
pub(crate) fn with_functions(
    mut router: Router,
    auth: Router,
    history: Router,
    page: Page,
) -> Router {
    for path in auth::PATHS {
        let auth = auth.clone();
        let service = service_fn(move |request: Request| auth.clone().oneshot(request));
        router = router.route_service(path, service);
    }
    router.fallback_service(service_fn(move |request: Request| {
        let (answer, history) = (page.answer(&request), history.clone());
        async move {
            match answer {
                Some(answer) => Ok(answer),
                None => history.oneshot(request).await,
            }
        }
    }))
}

fn herald(url: String, mac_key: Option<MacKey>) -> Result<Arc<dyn Herald>> {
    let redis = RedisConfig {
        url,
        mac_key,
        ..RedisConfig::default()
    };
    Ok(Arc::new(RedisHerald::new(redis).context("REDIS_URL")?))
}
