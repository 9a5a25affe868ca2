//! The engine does not live for ever; its clients do not notice.

use sqlx::{Connection, PgConnection};

use crate::house::{House, sqlstate};

#[tokio::test]
async fn failed_statements_do_not_wear_postgres_out() {
    let house = House::open().await;
    let mut clumsy = house.connection().await;
    let mut other = house.connection().await;
    assert_eq!(double(&mut other, 1).await, 2);
    assert_eq!(double(&mut clumsy, 1).await, 2);

    // One engine dies of the 1 488th.
    for _ in 0..1_600 {
        let failed = sqlx::raw_sql("SELEC 1").execute(&mut clumsy).await;
        assert_eq!(sqlstate(failed), "42601");
    }

    // Both connections and the statements that they prepared are still good.
    assert_eq!(double(&mut other, 2).await, 4);
    assert_eq!(double(&mut clumsy, 3).await, 6);
    house.close().await;
}

#[tokio::test]
async fn a_transaction_is_never_cut_by_a_renewal() {
    let house = House::open().await;
    let mut client = house.connection().await;
    sqlx::raw_sql("CREATE TABLE mark (n int)")
        .execute(&mut client)
        .await
        .expect("it is made");

    let mut transaction = client.begin().await.expect("it begins");
    sqlx::raw_sql("INSERT INTO mark VALUES (1)")
        .execute(&mut *transaction)
        .await
        .expect("marked");
    for _ in 0..600 {
        let mut savepoint = transaction.begin().await.expect("it is saved");
        let failed = sqlx::raw_sql("SELECT 1 / 0").execute(&mut *savepoint).await;
        assert_eq!(sqlstate(failed), "22012");
        savepoint.rollback().await.expect("back to the mark");
    }
    transaction.commit().await.expect("it commits");

    let marks: i64 = sqlx::query_scalar("SELECT count(*) FROM mark")
        .fetch_one(&mut client)
        .await
        .expect("the table is there");
    assert_eq!(marks, 1);
    house.close().await;
}

#[tokio::test]
async fn an_engine_that_fails_is_opened_again_and_keeps_what_it_acknowledged() {
    let house = House::open().await;
    let mut victim = house.connection().await;
    let mut other = house.connection().await;
    assert_eq!(double(&mut other, 1).await, 2);
    sqlx::raw_sql("CREATE TABLE mark AS SELECT 1 AS n")
        .execute(&mut victim)
        .await
        .expect("it is made");

    // PostgreSQL panics when it cannot go on with its log.
    let log = house.folder.path().join("postgres/pgdata/pg_wal");
    let elsewhere = house.folder.path().join("pg_wal");
    std::fs::rename(&log, &elsewhere).expect("it is moved away");
    sqlx::raw_sql("SELECT pg_switch_wal()")
        .execute(&mut victim)
        .await
        .expect("the log at hand is full");
    let failed = sqlx::raw_sql("INSERT INTO mark VALUES (2)")
        .execute(&mut victim)
        .await;
    assert_eq!(sqlstate(failed), "57P02");
    let mut early = house.connection().await;
    let refused = sqlx::raw_sql("SELECT 1").execute(&mut early).await;
    assert_eq!(sqlstate(refused), "57P03");

    // What a failing start put in its place is not the log.
    let _ = std::fs::remove_dir_all(&log);
    std::fs::rename(&elsewhere, &log).expect("it is moved back");
    assert_eq!(
        double(&mut other, 2).await,
        4,
        "statements are prepared again"
    );
    let marks: Vec<i32> = sqlx::query_scalar("SELECT n FROM mark")
        .fetch_all(&mut other)
        .await
        .expect("the table is there");
    assert_eq!(marks, [1]);
    house.close().await;
}

async fn double(connection: &mut PgConnection, n: i32) -> i32 {
    sqlx::query_scalar("SELECT $1::int4 * 2")
        .bind(n)
        .fetch_one(connection)
        .await
        .expect("it is doubled")
}
