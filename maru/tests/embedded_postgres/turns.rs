//! Many clients on one session.

use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use crate::house::{House, sqlstate};

#[tokio::test(flavor = "multi_thread")]
async fn twenty_connections_count_together_without_losing_a_number() {
    let house = House::open().await;
    let pool = house.pool(20).await;
    sqlx::raw_sql("CREATE TABLE counter (n bigint NOT NULL); INSERT INTO counter VALUES (0)")
        .execute(&pool)
        .await
        .expect("the table is made");

    let mut counting = JoinSet::new();
    for _ in 0..20 {
        let pool = pool.clone();
        counting.spawn(async move {
            for _ in 0..10 {
                let mut turn = pool.begin().await?;
                let (n,): (i64,) = sqlx::query_as("SELECT n FROM counter")
                    .fetch_one(&mut *turn)
                    .await?;
                sqlx::query("UPDATE counter SET n = $1")
                    .bind(n + 1)
                    .execute(&mut *turn)
                    .await?;
                turn.commit().await?;
            }
            Ok::<_, sqlx::Error>(())
        });
    }
    while let Some(counted) = counting.join_next().await {
        counted.expect("no task panics").expect("no turn fails");
    }

    let n: i64 = sqlx::query_scalar("SELECT n FROM counter")
        .fetch_one(&pool)
        .await
        .expect("the counter is there");
    assert_eq!(n, 200);
    house.close().await;
}

#[tokio::test]
async fn a_client_that_goes_away_in_a_transaction_is_rolled_back() {
    let house = House::open().await;
    let mut leaver = house.connection().await;
    let mut stayer = house.connection().await;
    create_words(&mut stayer).await;

    sqlx::raw_sql("BEGIN; INSERT INTO words VALUES ('unsaid')")
        .execute(&mut leaver)
        .await
        .expect("the transaction is open");
    leaver.close_hard().await.expect("the socket closes");

    assert_eq!(words(&mut stayer).await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
async fn a_failed_statement_ends_its_own_transaction_only() {
    let house = House::open().await;
    let mut clumsy = house.connection().await;
    let mut other = house.connection().await;
    create_words(&mut other).await;

    let mut transaction = clumsy.begin().await.expect("it begins");
    say(&mut transaction, "kept").await;
    let mut savepoint = transaction.begin().await.expect("it is marked");
    let twice = sqlx::query("INSERT INTO words VALUES ('kept')")
        .execute(&mut *savepoint)
        .await;
    assert_eq!(sqlstate(twice), "23505");
    let in_vain = sqlx::query("SELECT 1").execute(&mut *savepoint).await;
    assert_eq!(sqlstate(in_vain), "25P02");
    savepoint.rollback().await.expect("back to the mark");
    say(&mut transaction, "also kept").await;
    transaction.commit().await.expect("it commits");

    assert_eq!(words(&mut other).await, ["also kept", "kept"]);
    assert_eq!(words(&mut clumsy).await, ["also kept", "kept"]);
    house.close().await;
}

#[tokio::test]
async fn two_clients_statements_of_one_name_do_not_meet() {
    let house = House::open().await;
    let mut one = house.connection().await;
    let mut other = house.connection().await;

    // sqlx counts each connection's statements from one: these have the same names.
    for round in 0..3_i32 {
        let sum: i32 = sqlx::query_scalar("SELECT $1::int4 + 1")
            .bind(round)
            .fetch_one(&mut one)
            .await
            .expect("the sum is known");
        let text: String = sqlx::query_scalar("SELECT 'round ' || $1::text")
            .bind(round.to_string())
            .fetch_one(&mut other)
            .await
            .expect("the text is known");
        assert_eq!((sum, text), (round + 1, format!("round {round}")));
    }
    house.close().await;
}

#[tokio::test]
async fn unnamed_statements_survive_the_other_clients_in_between() {
    let house = House::open().await;
    let mut one = house.connection().await;
    let mut other = house.connection().await;

    for round in 0..3_i32 {
        for client in [&mut one, &mut other] {
            // Prepared in one exchange and run in another.
            let (own, pid): (i32, i32) = sqlx::query_as("SELECT $1::int4, $1::int4 * 2")
                .bind(round)
                .persistent(false)
                .fetch_one(client)
                .await
                .expect("the row is found");
            assert_eq!((own, pid), (round, round * 2));
        }
    }
    house.close().await;
}

async fn create_words(connection: &mut PgConnection) {
    sqlx::query("CREATE TABLE words (word text PRIMARY KEY)")
        .execute(connection)
        .await
        .expect("the table is made");
}

async fn say(connection: &mut PgConnection, word: &str) {
    sqlx::query("INSERT INTO words VALUES ($1)")
        .bind(word)
        .execute(connection)
        .await
        .expect("the word is said");
}

async fn words(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("SELECT word FROM words ORDER BY word")
        .fetch_all(connection)
        .await
        .expect("the words are there")
}
