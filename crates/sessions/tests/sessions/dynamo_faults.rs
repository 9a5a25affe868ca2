//! The adapter on a DynamoDB that is not well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use sessions::dynamo::{self, CALL_TIMEOUT, DynamoSessions};
use sessions::{RevocationCursor, Sessions, ThrottleKey, Unavailable, Verdict};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::emulator::{Emulator, TABLE};
use crate::people::{at, begins, browser, renews, somebody};
use crate::proxy::{Fate, Proxy, Request};

#[tokio::test]
async fn where_nobody_listens_every_call_is_unavailable_soon() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    drop(listener);
    every_call_is_unavailable_in_time(&dynamo::local(&format!("http://{address}"), TABLE)).await;
}

#[tokio::test]
async fn where_nobody_answers_every_call_is_unavailable_soon() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    // The system accepts for the listener, which never looks.
    every_call_is_unavailable_in_time(&dynamo::local(&format!("http://{address}"), TABLE)).await;
}

#[tokio::test]
async fn without_its_table_every_call_is_unavailable() {
    let emulator = Emulator::start().await;
    every_call_is_unavailable_in_time(&dynamo::local(&emulator.endpoint, "elsewhere")).await;
}

#[tokio::test]
async fn it_serves_again_as_soon_as_dynamodb_does() {
    let emulator = Emulator::start().await;
    emulator.sessions().await;
    let proxy = Proxy::before(&emulator.endpoint, "GetItem", |_, before| match before {
        0..3 => Fate::Throttled,
        _ => Fate::Served,
    })
    .await;
    let sessions = dynamo::local(&proxy.endpoint, TABLE);
    let user = somebody();
    assert_eq!(sessions.list(user, at(0.0)).await, Err(Unavailable));
    assert_eq!(sessions.list(user, at(0.0)).await, Ok(vec![]));
}

#[tokio::test]
async fn what_is_throttled_is_tried_again() {
    let emulator = Emulator::start().await;
    emulator.sessions().await;
    let proxy = Proxy::before(&emulator.endpoint, "PutItem", |_, before| match before {
        0..2 => Fate::Throttled,
        _ => Fate::Served,
    })
    .await;
    let sessions = dynamo::local(&proxy.endpoint, TABLE);
    let (begun, _) = begins(&sessions, somebody(), at(0.0)).await;
    assert_eq!(proxy.requests(), 3);
    assert_eq!(sessions.list(begun.user, at(0.0)).await, Ok(vec![begun]));
}

#[tokio::test]
async fn a_lost_answer_begins_no_second_session() {
    let (_emulator, sessions, _proxy) = first_answer_lost("PutItem").await;
    let (begun, token) = begins(&sessions, somebody(), at(0.0)).await;
    assert_eq!(sessions.list(begun.user, at(0.0)).await, Ok(vec![begun]));
    renews(&sessions, &token, at(1.0)).await;
}

#[tokio::test]
async fn a_lost_answer_counts_one_attempt_once() {
    let (_emulator, sessions, proxy) = first_answer_lost("PutItem").await;
    let key = ThrottleKey::account("ann@example.org", None);
    for _ in 0..=sessions::ACCOUNT_FREE_ATTEMPTS {
        assert_eq!(sessions.attempt(&key, at(0.0)).await, Ok(Verdict::Go));
    }
    let verdict = sessions.attempt(&key, at(0.0)).await;
    assert_eq!(verdict, Ok(Verdict::Wait(Duration::from_secs(1))));
    assert_eq!(
        proxy.requests(),
        1 + 1 + sessions::ACCOUNT_FREE_ATTEMPTS as usize
    );
}

#[tokio::test]
async fn a_lost_answer_of_an_end_still_tells_that_it_ended() {
    let (_emulator, sessions, _proxy) = first_answer_lost("TransactWriteItems").await;
    let (begun, _) = begins(&sessions, somebody(), at(0.0)).await;
    assert_eq!(sessions.end(begun.user, begun.id, at(1.0)).await, Ok(true));
    let (told, _) = sessions
        .revocations_since(&RevocationCursor::default(), at(2.0))
        .await
        .expect("an answer");
    assert_eq!(told.len(), 1);
}

/// A client whose call failed after its change was made comes again with the token that it has.
#[tokio::test]
async fn a_refresh_that_was_cut_off_is_repeated_within_the_grace() {
    let emulator = Emulator::start().await;
    let sessions = emulator.sessions().await;
    let (_, token) = begins(&sessions, somebody(), at(0.0)).await;
    let proxy = Proxy::before(&emulator.endpoint, "PutItem", |_, _| Fate::AnswerLost).await;
    let cut_off = dynamo::local(&proxy.endpoint, TABLE);
    let _ = cut_off.rotate(token.as_str(), at(1.0)).await;

    let next = renews(&sessions, &token, at(2.0)).await;
    renews(&sessions, &next, at(3.0)).await;
}

#[tokio::test]
async fn every_read_asks_for_the_newest_state() {
    let emulator = Emulator::start().await;
    let stale = |request: &Request, _| {
        let newest = request.text.contains(r#""ConsistentRead":true"#);
        if newest {
            Fate::Served
        } else {
            Fate::Throttled
        }
    };
    for operation in ["GetItem", "Query"] {
        emulator.sessions().await;
        let proxy = Proxy::before(&emulator.endpoint, operation, stale).await;
        let sessions = dynamo::local(&proxy.endpoint, TABLE);
        let (begun, token) = begins(&sessions, somebody(), at(0.0)).await;
        renews(&sessions, &token, at(1.0)).await;
        assert_eq!(sessions.end(begun.user, begun.id, at(2.0)).await, Ok(true));
        let cursor = RevocationCursor::default();
        let feed = sessions.revocations_since(&cursor, at(3.0)).await;
        assert!(feed.is_ok());
        assert!(proxy.requests() > 0, "{operation} was asked");
    }
}

#[tokio::test]
async fn the_log_tells_the_cause_and_no_token() {
    let emulator = Emulator::start().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let closed = nobody.local_addr().expect("a bound port");
    drop(nobody);
    let nameless = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .endpoint_url(&emulator.endpoint)
        .build();
    let user = somebody();
    let token = MemoryToken::of(user).await;
    // With a single subscriber, a call site that is met first on a thread without it is taken to be
    // silent everywhere; with two, both are asked.
    let _another = tracing::Dispatch::new(tracing_subscriber::fmt().finish());
    for (sessions, cause) in [
        (
            dynamo::local(&emulator.endpoint, "elsewhere"),
            "it answered ResourceNotFoundException",
        ),
        (
            dynamo::local(&format!("http://{closed}"), TABLE),
            "it could not be reached",
        ),
        (
            DynamoSessions::new(&Client::from_conf(nameless), TABLE),
            "credentials or region are missing",
        ),
    ] {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_max_level(tracing::Level::INFO)
            .finish();
        let listening = tracing::subscriber::set_default(subscriber);
        let rotated = sessions.rotate(&token.0, at(1.0)).await;
        drop(listening);
        assert_eq!(rotated.err(), Some(Unavailable));
        let told = log.told();
        assert!(told.contains(cause), "{told}");
        assert!(!told.contains(&token.0[43..]), "{told}");
    }
}

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn told(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no writer panics")).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn first_answer_lost(operation: &'static str) -> (Emulator, DynamoSessions, Proxy) {
    let emulator = Emulator::start().await;
    emulator.sessions().await;
    let proxy = Proxy::before(&emulator.endpoint, operation, |_, before| match before {
        0 => Fate::AnswerLost,
        _ => Fate::Served,
    })
    .await;
    let sessions = dynamo::local(&proxy.endpoint, TABLE);
    (emulator, sessions, proxy)
}

async fn every_call_is_unavailable_in_time(sessions: &DynamoSessions) {
    let user = somebody();
    let spare = MemoryToken::of(user).await;
    let key = ThrottleKey::account("ann@example.org", None);
    let cursor = RevocationCursor::default();
    let now = at(0.0);
    let asked = Instant::now();
    let (begin, rotate, list, end, by_token, all, revoked, feed, attempt, succeeded) = tokio::join!(
        sessions.begin(user, browser(), now),
        sessions.rotate(&spare.0, now),
        sessions.list(user, now),
        sessions.end(user, spare.1, now),
        sessions.end_by_token(&spare.0, now),
        sessions.end_all(user, now),
        sessions.is_revoked(user, None, now, now),
        sessions.revocations_since(&cursor, now),
        sessions.attempt(&key, now),
        sessions.succeeded(&key, now),
    );
    let took = asked.elapsed();
    assert_eq!(begin.err(), Some(Unavailable));
    assert_eq!(rotate.err(), Some(Unavailable));
    assert_eq!(list, Err(Unavailable));
    assert_eq!(end, Err(Unavailable));
    assert_eq!(by_token, Err(Unavailable));
    assert_eq!(all, Err(Unavailable));
    assert_eq!(revoked, Err(Unavailable));
    assert_eq!(feed.err(), Some(Unavailable));
    assert_eq!(attempt, Err(Unavailable));
    assert_eq!(succeeded, Err(Unavailable));
    assert!(took < CALL_TIMEOUT + Duration::from_secs(1), "{took:?}");
}

/// A token as DynamoDB might have issued it before.
struct MemoryToken(String, sessions::SessionId);

impl MemoryToken {
    async fn of(user: chat::UserId) -> Self {
        let memory = sessions::memory::MemorySessions::new();
        let (info, token) = begins(&memory, user, at(0.0)).await;
        Self(token.as_str().to_owned(), info.id)
    }
}
