//! Checks that the statements find their rows by an index once the tables are large.

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::MessageLog;
use crate::amend;
use crate::append::STORE;
use crate::append::admission::{EARLIER, LOOK};
use crate::read::{changes, heads, page};
use crate::rooms::read as rooms;
use crate::search;

type Statement = Query<'static, Postgres, PgArguments>;

#[tokio::test]
async fn every_statement_on_large_tables_goes_by_an_index() {
    let log = MessageLog::connect(&url(), 1)
        .await
        .expect("DATABASE_URL names a Postgres that answers");
    log.migrate().await.expect("the tables can be made");
    let mut lease = log.lease().await.expect("a connection");
    // What follows is never committed: the lease is dropped.
    sqlx::raw_sql("BEGIN")
        .execute(&mut *lease)
        .await
        .expect("a transaction");
    let room = fill(&mut lease).await;

    for sql in [page::NEWEST, page::OLDEST] {
        let paged = |statement: Statement| {
            statement
                .bind(room.clone())
                .bind(10_i64)
                .bind(400_i64)
                .bind(false)
                .bind(50_i64)
                .bind(Uuid::nil())
                .bind(true)
        };
        let plan = plan(&mut lease, sql, paged).await;
        assert!(!plan.contains("Sort"), "a room is read whole:\n{plan}");
        uses(&plan, "chat_message_room_id_seq_key");
        uses(&plan, "chat_room_pkey");
    }

    let changed = |statement: Statement| statement.bind(room.clone()).bind(450_i64).bind(50_i64);
    let plan_of_changes = plan(&mut lease, changes::CHANGES, changed).await;
    uses(&plan_of_changes, "chat_message_room_id_rev_key");

    let asked = |statement: Statement| statement.bind(vec![room.clone(); 3]);
    let plan_of_heads = plan(&mut lease, heads::LOOK.whole, asked).await;
    uses(&plan_of_heads, "chat_room_pkey");

    let id: Uuid = sqlx::query_scalar("SELECT id FROM chat_message WHERE room_id = $1 AND seq = 7")
        .bind(&room)
        .fetch_one(&mut *lease)
        .await
        .expect("a message");
    let one = |statement: Statement| statement.bind(room.clone()).bind(id);
    let plan_of_one = plan(&mut lease, amend::FIND, one).await;
    uses(&plan_of_one, "chat_message_pkey");
    let amended = |statement: Statement| one(statement).bind("hi").bind(Uuid::nil());
    let plan_of_amend = plan(&mut lease, amend::AMEND, amended).await;
    uses(&plan_of_amend, "chat_message_pkey");
    uses(&plan_of_amend, "chat_room_pkey");

    let probed = |statement: Statement| {
        statement
            .bind(room.clone())
            .bind(vec![0_i64, 1])
            .bind(vec![1, 2, 3, 4])
            .bind(2_i64)
            .bind(0_i64)
            .bind(500_i64)
            .bind(50_i64)
    };
    let plan_of_search = plan(&mut lease, search::PROBE, probed).await;
    uses(&plan_of_search, "chat_message_search_tokens");
    uses(&plan_of_search, "chat_message_room_id_seq_key");
    let probed_rooms = |statement: Statement| {
        statement
            .bind(vec![room.clone(), room.clone()])
            .bind(vec![0_i64, 1])
            .bind(vec![0_i64; 2])
            .bind(vec![500_i64; 2])
            .bind(vec![1, 2, 3, 4])
            .bind(2_i64)
            .bind(50_i64)
            .bind(None::<time::OffsetDateTime>)
            .bind(None::<Uuid>)
    };
    let plan_of_rooms = plan(&mut lease, search::rooms::PROBE_ROOMS, probed_rooms).await;
    uses(&plan_of_rooms, "chat_message_search_tokens");
    uses(&plan_of_rooms, "chat_message_room_id_seq_key");
    let followed = |statement: Statement| statement.bind(vec![room.clone(); 3]).bind(50_i64);
    let plan_of_follow = plan(&mut lease, search::follow::MISSING, followed).await;
    uses(&plan_of_follow, "chat_message_room_id_rev_key");
    let tailed = |statement: Statement| {
        statement
            .bind(room.clone())
            .bind(450_i64)
            .bind(0_i64)
            .bind(500_i64)
            .bind(50_i64)
    };
    let plan_of_tail = plan(&mut lease, search::tail::TAIL, tailed).await;
    uses(&plan_of_tail, "chat_message_room_id_rev_key");
    let tailed_rooms = |statement: Statement| {
        statement
            .bind(vec![room.clone(); 2])
            .bind(vec![450_i64; 2])
            .bind(vec![0_i64; 2])
            .bind(vec![500_i64; 2])
            .bind(50_i64)
            .bind(None::<time::OffsetDateTime>)
            .bind(None::<Uuid>)
    };
    let plan_of_tails = plan(&mut lease, search::rooms::TAILS, tailed_rooms).await;
    uses(&plan_of_tails, "chat_message_room_id_rev_key");
    let scanned = |statement: Statement| {
        statement
            .bind(room.clone())
            .bind(0_i64)
            .bind(500_i64)
            .bind(50_i64)
    };
    let plan_of_scan = plan(&mut lease, search::SCAN, scanned).await;
    uses(&plan_of_scan, "chat_message_room_id_seq_key");

    let batch = |statement: Statement| {
        statement
            .bind(vec![Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()])
            .bind(vec![room.clone(); 3])
            .bind(vec![501_i64, 502, 503])
            .bind(vec![Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()])
            .bind(vec!["Ada".to_owned(); 3])
            .bind(vec![None::<Uuid>; 3])
            .bind(vec!["hi".to_owned(); 3])
            .bind(vec![time::OffsetDateTime::UNIX_EPOCH; 3])
            .bind(vec![room.clone()])
            .bind(vec![503_i64])
            .bind(vec![time::OffsetDateTime::UNIX_EPOCH])
    };
    let plan_of_store = plan(&mut lease, STORE, batch).await;
    uses(&plan_of_store, "chat_room_pkey");

    let drafts = |statement: Statement| {
        statement
            .bind(vec![room.clone(); 3])
            .bind(vec![Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()])
            .bind(vec!["Ada".to_owned(); 3])
            .bind(vec![Some(Uuid::nil()); 3])
    };
    let plan_of_earlier = plan(&mut lease, EARLIER, drafts).await;
    uses(&plan_of_earlier, "chat_message_send_key");
    let people = |statement: Statement| {
        statement
            .bind(vec![room.clone(); 3])
            .bind(vec![Some(Uuid::nil()); 3])
    };
    let plan_of_look = plan(&mut lease, LOOK, people).await;
    uses(&plan_of_look, "chat_room_member");
    uses(&plan_of_look, "chat_room_pkey");
    let of_user = |statement: Statement| statement.bind(Uuid::nil()).bind("").bind(50_i64);
    let plan_of_rooms = plan(&mut lease, rooms::ROOMS_OF, of_user).await;
    uses(&plan_of_rooms, "chat_room_member_user");
    uses(&plan_of_rooms, "chat_message_room_id_seq_key");
    let of_room =
        |statement: Statement| statement.bind(room.clone()).bind(Uuid::nil()).bind(50_i64);
    let plan_of_members = plan(&mut lease, rooms::MEMBERS, of_room).await;
    uses(&plan_of_members, "chat_room_member_pkey");
    let plan_of_rules = plan(&mut lease, rooms::RULES, |statement| {
        statement.bind(room.clone()).bind(true)
    })
    .await;
    uses(&plan_of_rules, "chat_room_member_pkey");
}

/// Tables that are read whole: the one has one row, the other one for each database.
const SMALL: [&str; 2] = ["Seq Scan on chat_epoch ", "Seq Scan on pg_database "];

fn uses(plan: &str, index: &str) {
    assert!(plan.contains(index), "{index} is not used:\n{plan}");
    let mut lines = plan.lines();
    let is_read_whole =
        |line: &str| line.contains("Seq Scan") && !SMALL.iter().any(|small| line.contains(small));
    assert!(!lines.any(is_read_whole), "a table is read whole:\n{plan}");
}

async fn plan(
    connection: &mut PgConnection,
    sql: &str,
    bind: impl Fn(Statement) -> Statement,
) -> String {
    let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}"))).persistent(false);
    bind(explain)
        .fetch_all(connection)
        .await
        .expect("a plan")
        .iter()
        .map(|row| row.get::<String, _>(0) + "\n")
        .collect()
}

/// Fills 2000 rooms, one of them with 500 messages, and tells its name.
async fn fill(connection: &mut PgConnection) -> String {
    let tag = Uuid::new_v4().to_string();
    for sql in [
        "INSERT INTO chat_room (room_id) SELECT $1 || ' ' || n FROM generate_series(1, 2000) AS n",
        "INSERT INTO chat_message
            (id, room_id, seq, rev, temp_id, sender, content, created_at)
        SELECT gen_random_uuid(), $1 || ' ' || room, seq, seq, gen_random_uuid(), 'Ada', 'hi', now()
        FROM generate_series(1, 2000) AS room,
            generate_series(1, CASE room WHEN 1 THEN 500 ELSE 4 END) AS seq",
        "INSERT INTO chat_message_search (room_id, seq, tokens)
        SELECT room_id, seq, array[seq, seq + 1, seq % 7]::int4[] FROM chat_message
        WHERE starts_with(room_id, $1)",
        "INSERT INTO chat_search_progress (room_id, rev)
        SELECT $1 || ' ' || n, 3 FROM generate_series(1, 2000) AS n",
        "INSERT INTO chat_room_sanction (room_id, user_id, kind, by_user)
        SELECT $1 || ' ' || room, gen_random_uuid(), 'mute', gen_random_uuid()
        FROM generate_series(1, 2000) AS room, generate_series(1, 2)",
        "INSERT INTO chat_room_member (room_id, user_id, role)
        SELECT $1 || ' ' || room, gen_random_uuid(), 'member'
        FROM generate_series(1, 2000) AS room, generate_series(1, 5)",
    ] {
        sqlx::query(sql)
            .bind(&tag)
            .execute(&mut *connection)
            .await
            .expect("the rows are made");
    }
    sqlx::raw_sql("ANALYZE chat_room; ANALYZE chat_message; ANALYZE chat_message_search; ANALYZE chat_search_progress; ANALYZE chat_room_sanction; ANALYZE chat_room_member")
        .execute(connection)
        .await
        .expect("the rows are counted");
    format!("{tag} 1")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are configured by the environment alone"
)]
fn url() -> String {
    std::env::var("DATABASE_URL").expect(
        "DATABASE_URL is not set; it names the database of these tests, and `cargo xtask test` \
         sets it",
    )
}
