//! A Postgres of a test's own.

use std::path::Path;

use maru::embedded::EmbeddedPostgres;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tempfile::TempDir;

/// A running embedded Postgres in a folder that goes with it.
pub(crate) struct House {
    pub(crate) postgres: EmbeddedPostgres,
    pub(crate) folder: TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let postgres = start(folder.path()).await;
        Self { postgres, folder }
    }

    pub(crate) async fn pool(&self, connections: u32) -> PgPool {
        pool(self.postgres.url(), connections).await
    }

    pub(crate) async fn connection(&self) -> PgConnection {
        connection(self.postgres.url()).await
    }

    /// Ends the Postgres; the folder stays until the returned value is dropped.
    pub(crate) async fn close(self) -> TempDir {
        self.postgres.stop().await.expect("it stops cleanly");
        self.folder
    }
}

pub(crate) async fn start(folder: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(folder, |_| {})
        .await
        .expect("the embedded Postgres starts")
}

pub(crate) async fn pool(url: &str, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .connect(url)
        .await
        .expect("the pool connects")
}

pub(crate) async fn connection(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("the URL is sound");
    options.connect().await.expect("it connects")
}

/// The SQLSTATE of a statement that has to fail.
pub(crate) fn sqlstate<T: std::fmt::Debug>(result: Result<T, sqlx::Error>) -> String {
    let error = result.expect_err("the statement fails");
    let code = error.as_database_error().and_then(|error| error.code());
    code.unwrap_or_else(|| panic!("not told by Postgres: {error}"))
        .into_owned()
}
