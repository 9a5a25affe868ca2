//! COPY FROM STDIN.

use sqlx::postgres::PgPoolCopyExt;

use crate::house::{House, sqlstate};

#[tokio::test]
async fn rows_are_copied_in() {
    let house = House::open().await;
    let pool = house.pool(2).await;
    sqlx::raw_sql("CREATE TABLE line (n int PRIMARY KEY, text text)")
        .execute(&pool)
        .await
        .expect("the table is made");

    let mut copy = pool
        .copy_in_raw("COPY line FROM STDIN")
        .await
        .expect("rows are asked for");
    for n in 0..1_000 {
        copy.send(format!("{n}\tline {n}\n").as_bytes())
            .await
            .expect("a row is taken");
    }
    assert_eq!(copy.finish().await.expect("the rows are stored"), 1_000);

    let mut copy = pool
        .copy_in_raw("COPY line FROM STDIN")
        .await
        .expect("rows are asked for");
    copy.send("7\ttwice\n".as_bytes())
        .await
        .expect("a row is taken");
    assert_eq!(sqlstate(copy.finish().await), "23505");

    let copy = pool
        .copy_in_raw("COPY line FROM STDIN")
        .await
        .expect("rows are asked for");
    copy.abort("changed my mind").await.expect("it is given up");

    let lines: i64 = sqlx::query_scalar("SELECT count(*) FROM line")
        .fetch_one(&pool)
        .await
        .expect("the lines are there");
    assert_eq!(lines, 1_000);
    house.close().await;
}

#[tokio::test]
async fn a_copy_that_cannot_get_its_rows_fails_and_nobody_else_does() {
    let house = House::open().await;
    let pool = house.pool(1).await;
    sqlx::raw_sql("CREATE TABLE line (n int)")
        .execute(&pool)
        .await
        .expect("the table is made");

    let hidden = sqlx::raw_sql("SELECT 1; COPY line FROM STDIN")
        .execute(&pool)
        .await;
    assert_eq!(sqlstate(hidden), "57014");
    // sqlx does not use a connection again after this.
    let own_pool = house.pool(1).await;
    let mut second = own_pool
        .copy_in_raw("COPY line FROM STDIN; COPY line FROM STDIN")
        .await
        .expect("rows are asked for");
    second.send(&b"1\n"[..]).await.expect("a row is taken");
    assert_eq!(sqlstate(second.finish().await), "57014");
    let prepared = sqlx::query("COPY line FROM STDIN").execute(&pool).await;
    assert_eq!(sqlstate(prepared), "0A000");
    sqlx::query("SELECT 1")
        .execute(&pool)
        .await
        .expect("Postgres is well");
    house.close().await;
}
