//! The adapter between processes, on the server that `REDIS_URL` names, which tests share.

use std::sync::Arc;

use fanout::redis::{
    MacKey, PingError, RedisConfig, RedisHerald, StartError, UrlError, ping, start,
};
use fanout::{Herald, Incoming, Rejection};
use redis::IntoConnectionInfo;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::contract::{Meeting, contract};
use crate::instance::{Instance, committed, room, rules_changed, shown};

/// A namespace of its own on one server.
pub(crate) struct Namespace {
    url: String,
    name: String,
}

impl Namespace {
    /// On the server that all tests share.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test finds its server as the test command says"
    )]
    fn shared() -> Self {
        Self::on(&std::env::var("REDIS_URL").expect(
            "these tests talk to a real Redis: run `cargo xtask test`, \
             or set REDIS_URL to a Redis 7 or later",
        ))
    }

    /// On another server.
    pub(crate) fn on(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            name: format!("test-{}:", Uuid::new_v4()),
        }
    }

    pub(crate) fn channel(&self, kind: &str, room: &chat::RoomId) -> String {
        format!("{}{kind}:{{{room}}}", self.name)
    }

    /// An instance, wherever the server is.
    pub(crate) async fn join_with(&self, mac_key: Option<MacKey>) -> Instance {
        let (fanout, incoming) = start(RedisConfig {
            url: self.url.clone(),
            namespace: Some(self.name.clone()),
            mac_key,
        })
        .await
        .expect("the configuration is good");
        Instance::new(fanout, incoming)
    }

    /// One who tells and hears nothing.
    fn herald(&self, mac_key: Option<MacKey>) -> RedisHerald {
        RedisHerald::new(RedisConfig {
            url: self.url.clone(),
            namespace: Some(self.name.clone()),
            mac_key,
        })
        .expect("the configuration is good")
    }

    /// A connection that is not the adapter's.
    pub(crate) async fn stranger(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url.as_str())
            .expect("a URL")
            .get_multiplexed_async_connection()
            .await
            .expect("the server answers")
    }

    /// Somebody who records what travels on a channel.
    async fn recorder(&self, channel: &str) -> Recorder {
        let (pushes, recorded) = mpsc::channel(64);
        let info = self.url.as_str().into_connection_info().expect("a URL");
        let settings = info
            .redis_settings()
            .clone()
            .set_protocol(redis::ProtocolVersion::RESP3);
        let mut connection = redis::Client::open(info.set_redis_settings(settings))
            .expect("a URL")
            .get_multiplexed_async_connection_with_config(
                &redis::AsyncConnectionConfig::new()
                    .set_push_sender(move |push| pushes.try_send(push)),
            )
            .await
            .expect("the server answers");
        connection
            .send_packed_command(redis::cmd("SSUBSCRIBE").arg(channel))
            .await
            .expect("subscribed");
        Recorder {
            _connection: connection,
            recorded,
        }
    }

    /// Publishes what no instance would.
    pub(crate) async fn smuggle(&self, channel: &str, payload: &[u8]) {
        let receivers: u64 = redis::cmd("SPUBLISH")
            .arg(channel)
            .arg(payload)
            .query_async(&mut self.stranger().await)
            .await
            .expect("the server takes it");
        assert_eq!(receivers, 1, "the instance under test is subscribed");
    }
}

/// See [`Namespace::recorder`].
struct Recorder {
    _connection: redis::aio::MultiplexedConnection,
    recorded: mpsc::Receiver<redis::PushInfo>,
}

impl Recorder {
    /// The next payload.
    async fn payload(&mut self) -> Vec<u8> {
        loop {
            let push = self.recorded.recv().await.expect("the server answers");
            if push.kind == redis::PushKind::SMessage {
                return redis::from_redis_value(push.data[1].clone()).expect("bytes");
            }
        }
    }
}

impl Meeting for Namespace {
    async fn join(&self) -> Instance {
        let mut instance = self.join_with(None).await;
        assert_eq!(instance.next().await, Incoming::Restored);
        assert!(instance.fanout.is_connected());
        instance
    }
}

contract!(Namespace::shared());

#[tokio::test]
async fn a_herald_is_heard_by_every_instance_that_watches() {
    let namespace = Namespace::shared();
    let (mut ann, mut bob) = (namespace.join().await, namespace.join().await);
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;
    let herald = namespace.herald(None);

    for _ in 0..2 {
        let told = Arc::new(rules_changed(&hall));
        herald.announce(Arc::clone(&told)).await;
        ann.hears(&told).await;
        bob.hears(&told).await;
    }
}

#[tokio::test]
async fn a_herald_with_the_key_is_believed_and_one_without_is_not() {
    let key = |byte| Some(MacKey::new(&[byte; 32]).expect("long enough"));
    let namespace = Namespace::shared();
    let mut ann = namespace.join_with(key(1)).await;
    assert_eq!(ann.next().await, Incoming::Restored);
    let hall = room("hall");
    ann.watches(&hall).await;
    for forger in [None, key(2)] {
        let forged = Arc::new(rules_changed(&hall));
        namespace.herald(forger).announce(forged).await;
    }
    let told = Arc::new(committed(&hall, 1));
    namespace.herald(key(1)).announce(Arc::clone(&told)).await;
    ann.hears(&told).await;
}

#[tokio::test]
async fn a_herald_that_finds_no_redis_gives_up_within_a_second() {
    let herald = RedisHerald::new(RedisConfig {
        url: "redis://127.0.0.1:1".to_owned(),
        ..RedisConfig::default()
    });
    let announcing = herald
        .expect("the configuration is good")
        .announce(Arc::new(rules_changed(&room("hall"))));
    tokio::time::timeout(std::time::Duration::from_secs(10), announcing)
        .await
        .expect("it gives up");
}

#[tokio::test]
async fn garbage_on_a_channel_is_dropped_and_counted_by_reason() {
    let namespace = Namespace::shared();
    let (mut ann, bob) = (namespace.join().await, namespace.join().await);
    let (hall, yard) = (room("hall"), room("yard"));
    ann.watches(&hall).await;
    let message = namespace.channel("chat-message", &hall);
    let timestamp = namespace.channel("chat-timestamp", &hall);
    let envelope = |kind: &str, room: &chat::RoomId, v: u32| {
        let id = Uuid::nil();
        format!(
            r#"{{"v":{v},"origin":"{id}","n":1,"type":"{kind}","event":{{"tempId":"{id}","roomId":"{room}","rejected":true,"reason":""}}}}"#
        )
    };

    for garbage in [&b""[..], b"\x00\xff", b"{}", b"{\"v\":1}"] {
        namespace.smuggle(&message, garbage).await;
    }
    namespace.smuggle(&message, &vec![b' '; 65_537]).await;
    namespace.smuggle(&message, &vec![b' '; 5_000_000]).await;
    namespace
        .smuggle(&message, envelope("rejected", &hall, 2).as_bytes())
        .await;
    namespace
        .smuggle(&message, envelope("sung", &hall, 1).as_bytes())
        .await;
    namespace
        .smuggle(&message, envelope("rejected", &yard, 1).as_bytes())
        .await;
    namespace
        .smuggle(&timestamp, envelope("rejected", &hall, 1).as_bytes())
        .await;
    namespace
        .smuggle(&timestamp, envelope("committed", &hall, 1).as_bytes())
        .await;

    let said = bob.says(shown(&hall, "the first thing that ann hears"));
    ann.hears(&said).await;
    let rejected = ann.fanout.counters().rejected;
    let counted = Rejection::ALL.map(|reason| (reason, rejected.of(reason)));
    assert_eq!(
        counted,
        [
            (Rejection::Garbage, 5),
            (Rejection::Oversized, 2),
            (Rejection::Unknown, 2),
            (Rejection::Forged, 0),
            (Rejection::Misplaced, 2),
        ]
    );
    assert_eq!(ann.fanout.counters().interruptions, 0);
}

#[tokio::test]
async fn with_a_key_only_instances_that_share_it_are_believed() {
    let key = |byte| Some(MacKey::new(&[byte; 32]).expect("long enough"));
    let namespace = Namespace::shared();
    let mut ann = namespace.join_with(key(1)).await;
    let friend = namespace.join_with(key(1)).await;
    let thief = namespace.join_with(key(2)).await;
    let stranger = namespace.join_with(None).await;
    assert_eq!(ann.next().await, Incoming::Restored);
    let hall = room("hall");
    ann.watches(&hall).await;

    for mut forger in [thief, stranger] {
        assert_eq!(forger.next().await, Incoming::Restored);
        forger.watches(&hall).await;
        // What has come back to the forger by way of Redis has come to ann as well.
        let said = forger.says(committed(&hall, 1));
        forger.hears(&said).await;
    }
    let said = friend.says(committed(&hall, 2));

    ann.hears(&said).await;
    assert_eq!(ann.fanout.counters().rejected.of(Rejection::Forged), 2);
    let own = ann.says(shown(&hall, "signed, and back"));
    ann.hears(&own).await;
}

#[tokio::test]
async fn a_copy_of_an_own_event_is_not_heard_again() {
    let namespace = Namespace::shared();
    let mut ann = namespace.join().await;
    let hall = room("hall");
    ann.watches(&hall).await;
    let channel = namespace.channel("chat-message", &hall);
    let mut recorder = namespace.recorder(&channel).await;

    let said = ann.says(shown(&hall, "once"));
    ann.hears(&said).await;
    let copy = recorder.payload().await;
    let receivers: u64 = redis::cmd("SPUBLISH")
        .arg(&channel)
        .arg(copy)
        .query_async(&mut namespace.stranger().await)
        .await
        .expect("the server takes it");
    assert_eq!(receivers, 2, "ann and the recorder");

    let last = ann.says(shown(&hall, "last"));
    ann.hears(&last).await;
    assert_eq!(ann.fanout.counters().late, 1);
}

#[tokio::test]
async fn what_travels_names_its_origin_and_is_versioned() {
    let namespace = Namespace::shared();
    let ann = namespace.join().await;
    let hall = room("hall");
    let mut recorder = namespace
        .recorder(&namespace.channel("chat-timestamp", &hall))
        .await;

    ann.says(committed(&hall, 7));

    let payload = recorder.payload().await;
    let envelope: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!(envelope["v"], 1);
    assert_eq!(envelope["n"], 1);
    assert_eq!(envelope["type"], "committed");
    assert_eq!(envelope["event"]["seq"], 7);
    assert!(envelope["origin"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_slow_to_listen_holds_up_neither_itself_nor_others() {
    const MANY: usize = 6_000;
    let namespace = Namespace::shared();
    let (mut slow, mut quick) = (namespace.join().await, namespace.join().await);
    let hall = room("hall");
    slow.watches(&hall).await;
    quick.watches(&hall).await;

    let own = slow.says(shown(&hall, "own, first"));
    quick.hears(&own).await;
    let mut said = vec![own];
    for number in 0..MANY {
        said.push(quick.says(shown(&hall, &number.to_string())));
    }
    for event in &said[1..] {
        quick.hears(event).await;
    }

    for event in &said {
        slow.hears(event).await;
    }
    assert!(slow.fanout.is_connected());
    assert_eq!(slow.fanout.counters().lost, 0);
}

#[tokio::test]
async fn a_configuration_that_can_never_work_is_refused_at_once() {
    let config = |url: &str, namespace: &str| RedisConfig {
        url: url.to_owned(),
        namespace: Some(namespace.to_owned()),
        mac_key: None,
    };

    let error = start(config("localhost", "")).await.err();
    assert_eq!(error, Some(StartError::Url(UrlError::Form)));
    let error = start(config("redis://localhost", "{all}:")).await.err();
    assert_eq!(error, Some(StartError::Namespace));
}

#[tokio::test]
async fn a_ping_tells_a_server_that_serves_from_one_that_does_not() {
    let namespace = Namespace::shared();
    ping(&namespace.url).await.expect("the server serves");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("bound");
    drop(closed);
    let error = ping(&format!("redis://:hunter2@{address}"))
        .await
        .expect_err("nobody listens");
    assert!(matches!(error, PingError::Unreachable { .. }));
    let line = error.to_string();
    assert!(
        line.starts_with(&format!("no Redis answers at {address}: ")) && !line.contains("hunter2"),
        "{line}"
    );
}
