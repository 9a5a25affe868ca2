//! What one client can do to the others is bounded.

use maru::embedded::{CLIENTS_MAX, IDLE_IN_TRANSACTION_MAX, LOCK_WAIT_MAX};
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use crate::house::{House, sqlstate};
use crate::manners::Stranger;

#[tokio::test]
async fn a_statement_that_waits_too_long_for_its_turn_fails_with_55p03() {
    let house = House::open().await;
    let mut holder = house.connection().await;
    let mut waiter = house.connection().await;
    begin(&mut holder).await;

    // From here on time passes only while everyone waits.
    tokio::time::pause();
    let start = Instant::now();
    let waited = sqlx::query("SELECT 1").execute(&mut waiter).await;
    assert_eq!(sqlstate(waited), "55P03");
    let waited = sqlx::raw_sql("SELECT 1").execute(&mut waiter).await;
    assert_eq!(sqlstate(waited), "55P03");
    assert!((2 * LOCK_WAIT_MAX..4 * LOCK_WAIT_MAX).contains(&start.elapsed()));
    tokio::time::resume();

    sqlx::raw_sql("COMMIT")
        .execute(&mut holder)
        .await
        .expect("the turn ends");
    sqlx::query("SELECT 1")
        .execute(&mut waiter)
        .await
        .expect("it has its turn");
    house.close().await;
}

#[tokio::test]
async fn a_transaction_that_is_left_alone_is_ended() {
    let house = House::open().await;
    let mut other = house.connection().await;
    let mut sleeper = Stranger::connect(house.postgres.url()).await;
    sleeper.greets().await;
    sleeper.begins().await;

    tokio::time::pause();
    tokio::time::advance(IDLE_IN_TRANSACTION_MAX).await;
    tokio::time::resume();

    assert_eq!(sleeper.hears_error().await, "25P03");
    sleeper.hears_the_end().await;
    other.ping().await.expect("the others have their turn");
    house.close().await;
}

#[tokio::test]
async fn one_client_too_many_is_turned_away_until_another_leaves() {
    let house = House::open().await;
    let mut guests = Vec::new();
    for _ in 0..CLIENTS_MAX {
        guests.push(Stranger::connect(house.postgres.url()).await);
        guests.last_mut().expect("just pushed").greets().await;
    }

    let mut one_too_many = Stranger::connect(house.postgres.url()).await;
    assert_eq!(one_too_many.hears_error().await, "53300");

    guests.pop().expect("there are guests").leaves().await;
    let mut next = Stranger::connect(house.postgres.url()).await;
    next.greets().await;
    house.close().await;
}

#[tokio::test]
async fn a_message_too_big_costs_its_sender_the_connection() {
    let house = House::open().await;
    let mut other = house.connection().await;
    let mut glutton = Stranger::connect(house.postgres.url()).await;
    glutton.greets().await;

    glutton.says(b"Q\x7f\xff\xff\xffselect").await;

    assert_eq!(glutton.hears_error().await, "54000");
    other.ping().await.expect("the others go on");
    house.close().await;
}

async fn begin(connection: &mut PgConnection) {
    sqlx::raw_sql("BEGIN")
        .execute(connection)
        .await
        .expect("it begins");
}
