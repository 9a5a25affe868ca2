//! The backends of the process: those that the configuration names, else embedded ones.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use fanout::redis::{self, RedisConfig};
use fanout::{Fanout, Incoming, memory};
use message_log::MessageLog;
use socket_tier::insist_on_durability;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::config::Config;
#[cfg(feature = "embedded")]
use crate::embedded::EmbeddedPostgres;

/// How many connections a named Postgres is asked for.
pub(crate) const DATABASE_CONNECTIONS: u32 = 8;

/// How many connections the embedded Postgres is asked for: it runs one transaction at a time.
#[cfg(feature = "embedded")]
const EMBEDDED_CONNECTIONS: u32 = 4;

/// Listens where `LISTEN` says.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("LISTEN: {address} cannot be listened on; choose another port, or 0 for a free one")
    })
}

/// Where the messages are kept.
pub(crate) struct Database {
    /// The way to it.
    pub(crate) log: MessageLog,
    /// Its address.
    pub(crate) url: String,
    /// What it is, for people.
    pub(crate) description: String,
    #[cfg(feature = "embedded")]
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    /// Connects to the named Postgres or starts the embedded one, and makes the tables.
    pub(crate) async fn open(config: &Config, progress: impl Fn(&str)) -> Result<Self> {
        let database = match &config.database_url {
            Some(url) => Self::named(url).await?,
            None => Self::embedded(config, progress).await?,
        };
        database
            .log
            .migrate()
            .await
            .context("the tables cannot be made")?;
        insist_on_durability(config.rim.profile, &database.log)
            .await
            .context("DATABASE_URL")?;
        Ok(database)
    }

    async fn named(url: &str) -> Result<Self> {
        let log = MessageLog::connect(url, DATABASE_CONNECTIONS)
            .await
            .context("DATABASE_URL")?;
        Ok(Self {
            log,
            url: url.to_owned(),
            description: "the Postgres of DATABASE_URL".into(),
            #[cfg(feature = "embedded")]
            embedded: None,
        })
    }

    #[cfg(feature = "embedded")]
    async fn embedded(config: &Config, progress: impl Fn(&str)) -> Result<Self> {
        let postgres = EmbeddedPostgres::start(&config.data_dir, progress)
            .await
            .context("DATA_DIR: the embedded Postgres cannot be started")?;
        let log = MessageLog::connect(postgres.url(), EMBEDDED_CONNECTIONS).await?;
        let folder = config.data_dir.canonicalize();
        let folder = folder.as_ref().unwrap_or(&config.data_dir).display();
        Ok(Self {
            log,
            url: postgres.url().to_owned(),
            description: format!("embedded, its data in {folder}"),
            embedded: Some(postgres),
        })
    }

    #[cfg(not(feature = "embedded"))]
    async fn embedded(_config: &Config, _progress: impl Fn(&str)) -> Result<Self> {
        anyhow::bail!("DATABASE_URL: is not set, and this build has no embedded Postgres")
    }

    /// Ends the connections, and the embedded Postgres with them.
    pub(crate) async fn close(self) -> Result<()> {
        self.log.close().await;
        #[cfg(feature = "embedded")]
        if let Some(postgres) = self.embedded {
            postgres.stop().await.context("the embedded Postgres")?;
        }
        Ok(())
    }
}

/// How instances hear each other.
pub(crate) struct Hearing {
    /// The way to the others.
    pub(crate) fanout: Arc<dyn Fanout>,
    /// What comes from them.
    pub(crate) incoming: mpsc::Receiver<Incoming>,
    /// What it is, for people.
    pub(crate) description: &'static str,
}

impl Hearing {
    /// Connects to the named Redis, or stays within the process.
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        let Some(url) = &config.redis_url else {
            let (fanout, incoming) = memory::Bus::new().join();
            return Ok(Self {
                fanout: Arc::new(fanout),
                incoming,
                description: "within this process",
            });
        };
        redis::ping(url).await.context("REDIS_URL")?;
        let redis = RedisConfig {
            url: url.clone(),
            mac_key: config.fanout_key.clone(),
            ..RedisConfig::default()
        };
        let (fanout, incoming) = redis::start(redis).await.context("REDIS_URL")?;
        Ok(Self {
            fanout: Arc::new(fanout),
            incoming,
            description: "the Redis of REDIS_URL",
        })
    }
}
