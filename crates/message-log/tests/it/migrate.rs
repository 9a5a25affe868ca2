use message_log::{ConnectError, MessageLog};
use tokio::task::JoinSet;

use crate::database::{Place, log};

#[tokio::test]
async fn instances_may_migrate_at_once_and_again() {
    let log = log(4).await;
    let mut instances = JoinSet::new();
    for _ in 0..4 {
        let log = log.clone();
        instances.spawn(async move { log.migrate().await });
    }
    for migrated in instances.join_all().await {
        migrated.expect("migrated");
    }
}

#[tokio::test]
async fn fresh_tables_are_made_once_by_many_instances() {
    let Some(place) = Place::empty().await else {
        return;
    };
    let mut instances = JoinSet::new();
    for _ in 0..6 {
        let url = place.url.clone();
        instances.spawn(async move {
            let log = MessageLog::connect(&url, 1).await.expect("a connection");
            log.migrate().await
        });
    }
    for migrated in instances.join_all().await {
        migrated.expect("migrated");
    }
    let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM message_log_migration")
        .fetch_one(&place.beside)
        .await
        .expect("the migrations are noted");
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let written = std::fs::read_dir(migrations).expect("the folder").count();
    assert_eq!(usize::try_from(applied), Ok(written));
    place.clear().await;
}

#[tokio::test]
async fn a_wrong_url_is_told_from_a_server_that_is_away() {
    let wrong = MessageLog::connect("http://127.0.0.1/", 1).await;
    assert!(matches!(wrong, Err(ConnectError::BadUrl(_))), "{wrong:?}");

    // Nothing listens on a port that was just taken and given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let away =
        MessageLog::connect(&format!("postgres://maru:secret@127.0.0.1:{port}/maru"), 1).await;
    let error = away.expect_err("nobody is there");
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
    assert!(!error.to_string().contains("secret"));
}
