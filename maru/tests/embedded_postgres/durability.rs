//! What was acknowledged is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use maru::embedded::{EmbeddedError, EmbeddedPostgres};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use crate::child;
use crate::house::{self, House};

#[tokio::test]
async fn data_survives_a_restart() {
    let house = House::open().await;
    let pool = house.pool(1).await;
    sqlx::raw_sql("CREATE TABLE word (word text); INSERT INTO word VALUES ('마루')")
        .execute(&pool)
        .await
        .expect("the word is stored");
    let folder = house.close().await;

    let postgres = house::start(folder.path()).await;
    let pool = house::pool(postgres.url(), 1).await;
    let word: String = sqlx::query_scalar("SELECT word FROM word")
        .fetch_one(&pool)
        .await
        .expect("the word is still there");

    assert_eq!(word, "마루");
    postgres.stop().await.expect("it stops cleanly");
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_it_under_load_loses_no_acknowledged_row() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let next = Arc::new(AtomicI64::new(0));
    let mut acknowledged = Vec::new();

    for round in 0..3 {
        let postgres = child::Postgres::spawn(folder.path()).await;
        let mut connection = house::connection(&postgres.url).await;
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS kept (n bigint PRIMARY KEY)")
            .execute(&mut connection)
            .await
            .expect("the table is there");
        let (heard, mut hearing) = tokio::sync::mpsc::channel(1_024);
        let mut writers = JoinSet::new();
        for _ in 0..4 {
            writers.spawn(write_until_cut_off(
                house::connection(&postgres.url).await,
                Arc::clone(&next),
                heard.clone(),
            ));
        }
        drop(heard);
        for _ in 0..100 + 37 * round {
            acknowledged.push(hearing.recv().await.expect("the writers go on"));
        }
        postgres.kill().await;
        while let Some(n) = hearing.recv().await {
            acknowledged.push(n);
        }
        writers.join_all().await;
    }

    let postgres = child::Postgres::spawn(folder.path()).await;
    let pool = house::pool(&postgres.url, 1).await;
    let kept: Vec<i64> = sqlx::query_scalar("SELECT n FROM kept ORDER BY n")
        .fetch_all(&pool)
        .await
        .expect("the table is there");
    let lost: Vec<&i64> = acknowledged
        .iter()
        .filter(|n| kept.binary_search(n).is_err())
        .collect();
    assert_eq!(lost, Vec::<&i64>::new(), "of {}", acknowledged.len());
    assert!(postgres.stop().await.success());
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let house = House::open().await;

    let complaint = child::failure(house.folder.path()).await;
    assert!(complaint.contains("InUse"), "{complaint}");

    let again = EmbeddedPostgres::start(house.folder.path(), |_| {}).await;
    let error = again.err().expect("nor may this process have it twice");
    assert!(matches!(error, EmbeddedError::InUse { .. }));
    assert!(error.to_string().contains("DATA_DIR"), "{error}");
    house.close().await;
}

#[tokio::test]
async fn without_a_home_everything_is_in_the_data_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");

    let postgres = child::Postgres::spawn_homeless(folder.path()).await;

    assert!(folder.path().join("cache/oliphaunt-wasix").is_dir());
    house::connection(&postgres.url).await;
    assert!(postgres.stop().await.success());
}

#[tokio::test]
async fn people_are_told_of_the_first_start_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");

    for expected in ["preparing", "starting"] {
        let told = std::cell::RefCell::new(Vec::new());
        let postgres = EmbeddedPostgres::start(folder.path(), |line| {
            told.borrow_mut().push(line.to_owned());
        })
        .await
        .expect("it starts");
        assert!(told.borrow()[0].starts_with(expected), "{told:?}");
        postgres.stop().await.expect("it stops cleanly");
    }
}

async fn write_until_cut_off(
    mut connection: PgConnection,
    next: Arc<AtomicI64>,
    heard: tokio::sync::mpsc::Sender<i64>,
) {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let insert = sqlx::query("INSERT INTO kept VALUES ($1)").bind(n);
        if insert.execute(&mut connection).await.is_err() {
            return;
        }
        heard.send(n).await.expect("the test listens to the end");
    }
}
