//! What goes wrong between a batch and its COMMIT, by doing it to a real Postgres.

use std::collections::HashSet;
use std::time::Duration;

use chat::{Draft, RoomId, Seq};
use message_log::{AppendError, Appended, LockWait, MessageLog, ReadError};
use sqlx::{PgConnection, PgPool};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::database::{Place, backend, draft, fills, room, run, seqs, stored, stores};

#[tokio::test]
async fn a_failed_batch_leaves_no_hole() {
    let Some((place, log)) = Place::with_log(2).await else {
        return;
    };
    let (room, other) = (room("hole"), room("other"));
    fills(&log, &room, 2).await;

    // A row that nobody counted takes the next seq, and the INSERT of the batch waits for it.
    let mut stranger = place.beside.begin().await.expect("a transaction");
    let holder = backend(&mut stranger).await;
    sqlx::query(
        "INSERT INTO chat_message (id, room_id, seq, rev, temp_id, sender, content, created_at)
         VALUES (gen_random_uuid(), $1, 3, 3, gen_random_uuid(), 'stranger', 'hi', now())",
    )
    .bind(room.as_str())
    .execute(&mut *stranger)
    .await
    .expect("the row is made");
    let batch = [draft(&room, "Ada", "three"), draft(&other, "Ada", "one")];
    let appending = Appending::starts(&log, batch.clone());
    blocked_by(&place.beside, holder).await;
    stranger.commit().await.expect("the row stands");
    let outcome = appending.outcome().await;
    assert!(
        matches!(outcome, Err(AppendError::NotStored(_))),
        "{outcome:?}"
    );

    sqlx::query("DELETE FROM chat_message WHERE sender = 'stranger'")
        .execute(&place.beside)
        .await
        .expect("the row goes");
    let appended = log.append(&batch).await.expect("the batch is stored");
    let numbers: Vec<_> = appended
        .into_iter()
        .map(|answer| stored(answer).seq.0)
        .collect();
    assert_eq!(numbers, [3, 1]);
    place.clear().await;
}

#[tokio::test]
async fn a_locked_room_is_busy_and_holds_up_no_other() {
    let Some((place, log)) = Place::with_log(4).await else {
        return;
    };
    let (hot, cold) = (room("hot"), room("cold"));
    fills(&log, &hot, 1).await;
    let mut holder = place.beside.begin().await.expect("a transaction");
    let pid = locks(&mut holder, &hot).await;

    let appending = Appending::starts(&log, [draft(&hot, "Ada", "waits")]);
    blocked_by(&place.beside, pid).await;
    stores(&log, &draft(&cold, "Ada", "passes")).await;
    let error = appending.outcome().await.expect_err("the room is locked");
    assert!(error.is_room_busy(), "{error}");

    holder.rollback().await.expect("the lock goes");
    assert_eq!(stores(&log, &draft(&hot, "Ada", "next")).await.seq, Seq(2));
    place.clear().await;
}

#[tokio::test]
async fn the_rooms_that_somebody_holds_are_told_from_the_others() {
    let Some((place, log)) = Place::with_log(2).await else {
        return;
    };
    let (hot, cold, silent) = (room("hot"), room("cold"), room("silent"));
    fills(&log, &hot, 1).await;
    fills(&log, &cold, 1).await;
    let mut holder = place.beside.begin().await.expect("a transaction");
    locks(&mut holder, &hot).await;

    let unheld = log.unheld(&[&hot, &cold, &silent]).await.expect("a read");
    assert_eq!(unheld, HashSet::from([&cold]));
    let batch = [draft(&hot, "Ada", "waits"), draft(&cold, "Ada", "too")];
    let error = log
        .append_within(&batch, Duration::from_secs(10), LockWait::Brief)
        .await
        .expect_err("the room is locked");
    assert!(error.is_room_busy(), "{error}");

    holder.rollback().await.expect("the lock goes");
    assert_eq!(log.unheld(&[&hot]).await.expect("a read").len(), 1);
    place.clear().await;
}

#[tokio::test]
async fn a_batch_whose_time_is_over_is_not_stored() {
    let Some((place, log)) = Place::with_log(2).await else {
        return;
    };
    let room = room("late");
    fills(&log, &room, 1).await;
    let mut holder = place.beside.begin().await.expect("a transaction");
    locks(&mut holder, &room).await;
    let late = [draft(&room, "Ada", "too late")];
    let error = log
        .append_within(&late, Duration::from_millis(50), LockWait::Long)
        .await
        .expect_err("there is no time");
    assert!(
        matches!(error, AppendError::NotStored(_)) && !error.is_room_busy(),
        "{error}"
    );
    holder.rollback().await.expect("the lock goes");
    assert_eq!(stores(&log, &draft(&room, "Ada", "next")).await.seq, Seq(2));
    place.clear().await;
}

#[tokio::test]
async fn what_postgres_keeps_of_what_it_confirms_is_told() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let shown: String = sqlx::query_scalar("SHOW fsync")
        .fetch_one(&place.beside)
        .await
        .expect("a setting");
    let durability = log.durability().await.expect("a read");
    assert_eq!(durability.fsync, shown == "on");
    assert!(durability.synchronous_commit);

    let url = format!("{}%20-csynchronous_commit%3Doff", place.url);
    let careless = MessageLog::connect(&url, 1).await.expect("it answers");
    let durability = careless.durability().await.expect("a read");
    assert!(!durability.synchronous_commit && !durability.is_kept());
    place.clear().await;
}

#[tokio::test]
async fn a_backend_that_dies_before_the_commit_is_replaced_unnoticed() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let room = room("killed early");
    fills(&log, &room, 1).await;
    let mut holder = place.beside.begin().await.expect("a transaction");
    let pid = locks(&mut holder, &room).await;
    let appending = Appending::starts(&log, [draft(&room, "Ada", "survives")]);
    let victim = blocked_by(&place.beside, pid).await;
    terminate(&place.beside, victim).await;
    holder.rollback().await.expect("the lock goes");

    let appended = appending.outcome().await.expect("stored");
    assert!(matches!(
        appended[0],
        Appended::Stored {
            duplicate: false,
            ..
        }
    ));
    assert_eq!(seqs(&place.beside, &room).await, [1, 2]);
    place.clear().await;
}

#[tokio::test]
async fn a_backend_that_dies_between_two_calls_is_replaced_unnoticed() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let room = room("killed idle");
    fills(&log, &room, 1).await;
    terminate(&place.beside, only_backend(&place, &log, &room).await).await;
    assert_eq!(stores(&log, &draft(&room, "Ada", "more")).await.seq, Seq(3));

    terminate(&place.beside, only_backend(&place, &log, &room).await).await;
    let heads = log.heads(std::slice::from_ref(&room)).await;
    assert_eq!(heads.expect("a read")[0].1.seq, Seq(4));
    place.clear().await;
}

/// The process that serves the log's only connection, seen while it waits to append a message.
async fn only_backend(place: &Place, log: &MessageLog, room: &RoomId) -> i32 {
    let mut holder = place.beside.begin().await.expect("a transaction");
    let pid = locks(&mut holder, room).await;
    let appending = Appending::starts(log, [draft(room, "Ada", "here I am")]);
    let found = blocked_by(&place.beside, pid).await;
    holder.rollback().await.expect("the lock goes");
    appending.outcome().await.expect("stored");
    found
}

#[tokio::test]
async fn nothing_is_answered_before_the_commit_is_done() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let room = room("held commit");
    hold_commits(&place.beside).await;
    let mut holder = place.beside.begin().await.expect("a transaction");
    let pid = takes_the_latch(&mut holder).await;

    let mut appending = Appending::starts(&log, [draft(&room, "Ada", "later")]);
    blocked_by(&place.beside, pid).await;
    assert_eq!(appending.outcome_so_far().map(|told| told.is_ok()), None);
    assert!(seqs(&place.beside, &room).await.is_empty());

    holder.rollback().await.expect("the latch opens");
    appending.outcome().await.expect("stored");
    assert_eq!(seqs(&place.beside, &room).await, [1]);
    place.clear().await;
}

#[tokio::test]
async fn a_backend_that_dies_in_the_commit_leaves_it_unknown_and_the_same_drafts_converge() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let room = room("killed late");
    hold_commits(&place.beside).await;
    let mut holder = place.beside.begin().await.expect("a transaction");
    let pid = takes_the_latch(&mut holder).await;
    let batch = [draft(&room, "Ada", "one"), draft(&room, "Ada", "two")];
    let appending = Appending::starts(&log, batch.clone());
    let victim = blocked_by(&place.beside, pid).await;
    terminate(&place.beside, victim).await;
    let outcome = appending.outcome().await;
    assert!(
        matches!(outcome, Err(AppendError::Unknown { .. })),
        "{outcome:?}"
    );
    holder.rollback().await.expect("the latch opens");

    for duplicate in [false, true] {
        let appended = log.append(&batch).await.expect("the batch is stored");
        for answer in &appended {
            assert!(
                matches!(answer, Appended::Stored { duplicate: told, .. } if *told == duplicate),
                "{answer:?}"
            );
        }
    }
    assert_eq!(seqs(&place.beside, &room).await, [1, 2]);
    place.clear().await;
}

#[tokio::test]
async fn a_commit_that_is_refused_stored_nothing() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let room = room("refused commit");
    at_commit(&place.beside, "RAISE unique_violation;").await;
    let said = draft(&room, "Ada", "no");
    let outcome = log.append(std::slice::from_ref(&said)).await;
    assert!(
        matches!(outcome, Err(AppendError::NotStored(_))),
        "{outcome:?}"
    );
    assert!(seqs(&place.beside, &room).await.is_empty());

    run(&place.beside, "DROP FUNCTION at_commit CASCADE".into()).await;
    assert_eq!(stores(&log, &said).await.seq, Seq(1));
    place.clear().await;
}

#[tokio::test]
async fn a_commit_that_ends_with_an_error_that_tells_nothing_is_unknown() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let room = room("cancelled commit");
    at_commit(&place.beside, "RAISE query_canceled;").await;
    let said = draft(&room, "Ada", "perhaps");
    let outcome = log.append(std::slice::from_ref(&said)).await;
    assert!(
        matches!(outcome, Err(AppendError::Unknown { .. })),
        "{outcome:?}"
    );

    run(&place.beside, "DROP FUNCTION at_commit CASCADE".into()).await;
    assert_eq!(stores(&log, &said).await.seq, Seq(1));
    place.clear().await;
}

#[tokio::test]
async fn a_caller_that_loses_interest_leaves_the_log_usable() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let room = room("dropped");
    fills(&log, &room, 1).await;
    let mut holder = place.beside.begin().await.expect("a transaction");
    let pid = locks(&mut holder, &room).await;
    let appending = Appending::starts(&log, [draft(&room, "Ada", "never mind")]);
    blocked_by(&place.beside, pid).await;
    appending.drops().await;

    // The only connection of the pool is replaced though the lock is still held.
    log.ping().await.expect("the log answers");
    holder.rollback().await.expect("the lock goes");
    assert_eq!(stores(&log, &draft(&room, "Ada", "two")).await.seq, Seq(2));
    place.clear().await;
}

#[tokio::test]
async fn a_server_that_is_away_or_silent_is_told_within_the_limit() {
    // It takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let silent_port = silent.local_addr().expect("an address").port();
    // It was there a moment ago.
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let gone_port = gone.local_addr().expect("an address").port();
    drop(gone);

    for port in [silent_port, gone_port] {
        let url = format!("postgres://maru@127.0.0.1:{port}/maru?sslmode=disable");
        let log = MessageLog::connect_lazy(&url, 1).expect("a good URL");
        let began = Instant::now();
        let batch = [draft(&room("away"), "Ada", "hi")];
        let outcome = log.append(&batch).await;
        assert!(
            matches!(outcome, Err(AppendError::NotStored(_))),
            "{outcome:?}"
        );
        let appended_in = began.elapsed();
        let read = log.ping().await;
        assert!(matches!(read, Err(ReadError::Unavailable(_))), "{read:?}");
        let read_in = began.elapsed() - appended_in;
        for took in [appended_in, read_in] {
            assert!(took < Duration::from_millis(2_500), "{took:?}");
        }
    }
}

type Outcome = Result<Vec<Appended>, AppendError>;

/// An append under way.
struct Appending(JoinSet<Outcome>);

impl Appending {
    fn starts<const N: usize>(log: &MessageLog, batch: [Draft; N]) -> Self {
        let log = log.clone();
        let mut task = JoinSet::new();
        task.spawn(async move { log.append(&batch).await });
        Self(task)
    }

    /// What has come of it, if it is over.
    fn outcome_so_far(&mut self) -> Option<Outcome> {
        self.0.try_join_next().map(|task| task.expect("no panic"))
    }

    async fn outcome(mut self) -> Outcome {
        let task = self.0.join_next().await.expect("one task");
        task.expect("no panic")
    }

    async fn drops(mut self) {
        self.0.shutdown().await;
    }
}

/// Locks the room's row in this transaction; tells the process that holds it.
async fn locks(transaction: &mut PgConnection, room: &RoomId) -> i32 {
    sqlx::query("SELECT FROM chat_room WHERE room_id = $1 FOR UPDATE")
        .bind(room.as_str())
        .fetch_one(&mut *transaction)
        .await
        .expect("the room is there");
    backend(transaction).await
}

/// Makes every COMMIT of a message wait while somebody holds the latch.
async fn hold_commits(pool: &PgPool) {
    let wait = "PERFORM set_config('lock_timeout', '0', true);
        PERFORM pg_advisory_xact_lock_shared('chat_message'::regclass::oid::bigint);";
    at_commit(pool, wait).await;
}

/// Runs PL/pgSQL inside every COMMIT of a message.
async fn at_commit(pool: &PgPool, statements: &str) {
    run(
        pool,
        format!(
            "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN {statements} RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON chat_message
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit();"
        ),
    )
    .await;
}

/// Takes the latch of [`hold_commits`] for this transaction; tells the process that holds it.
async fn takes_the_latch(transaction: &mut PgConnection) -> i32 {
    sqlx::query("SELECT pg_advisory_xact_lock('chat_message'::regclass::oid::bigint)")
        .execute(&mut *transaction)
        .await
        .expect("the latch");
    backend(transaction).await
}

/// Waits until a process waits for this one; tells which.
async fn blocked_by(pool: &PgPool, holder: i32) -> i32 {
    let waiting = async {
        loop {
            let waiting = sqlx::query_scalar(
                "SELECT pid FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))",
            );
            let found = waiting.bind(holder).fetch_optional(pool).await;
            if let Some(pid) = found.expect("the processes") {
                return pid;
            }
        }
    };
    timeout(Duration::from_secs(10), waiting)
        .await
        .expect("the log waits for the holder")
}

/// Ends a process and waits until it is gone.
async fn terminate(pool: &PgPool, pid: i32) {
    sqlx::query("SELECT pg_terminate_backend($1, 10000)")
        .bind(pid)
        .execute(pool)
        .await
        .expect("the process goes");
}
