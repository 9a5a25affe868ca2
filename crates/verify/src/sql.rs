//! The rooms as their rows in Postgres are.
//!
//! Whoever checks a store does not ask it through its own code: the one query here is its own.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time;
use uuid::Uuid;

use crate::event::hash;
use crate::journal::Row;

/// How long one room may take.
const QUERY_MAX: Duration = Duration::from_secs(30);

/// A connection that reads rows.
pub(crate) struct Sql(PgConnection);

impl Sql {
    /// Connects.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .context("--database-url is no URL of a Postgres")?
            .application_name("maru verify")
            .disable_statement_logging();
        Ok(Self(options.connect().await?))
    }

    /// Every row of a room.
    pub(crate) async fn room(&mut self, room: &str) -> Result<Vec<Row>> {
        let query = sqlx::query_as::<_, (i64, Uuid, Uuid, String)>(
            "SELECT seq, id, temp_id, content FROM chat_message WHERE room_id = $1 ORDER BY seq",
        );
        let rows = time::timeout(QUERY_MAX, query.bind(room).fetch_all(&mut self.0)).await??;
        let rows = rows.into_iter().map(|(seq, id, send, content)| Row {
            seq,
            id,
            send,
            hash: hash(&content),
        });
        Ok(rows.collect())
    }

    /// Says goodbye.
    pub(crate) async fn close(self) {
        // There is nothing left to be lost.
        let _ = self.0.close().await;
    }
}
