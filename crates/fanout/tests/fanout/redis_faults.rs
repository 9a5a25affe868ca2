//! What the adapter between processes keeps while its server is killed, frozen or paused.

use std::sync::Arc;

use fanout::redis::ping;
use fanout::{Event, Incoming, Topic, Unavailable};

use crate::contract::Meeting;
use crate::instance::{Instance, committed, room, shown};
use crate::redis::Namespace;
use crate::redis_server::{RedisServer, free_port};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_people_talk_loses_and_doubles_no_own_event() {
    let mut server = RedisServer::start().await;
    let namespace = Namespace::on(&server.url());
    let (mut ann, mut bob) = (namespace.join().await, namespace.join().await);
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;

    let mut said = talk(&ann, &hall, 200);
    for event in &said[..50] {
        ann.hears(event).await;
    }
    said.extend(talk(&ann, &hall, 200));
    server.kill().await;
    said.extend(talk(&ann, &hall, 200));

    let mut back: Vec<Arc<Event>> = Vec::new();
    while back.len() < said.len() - 50 {
        back.push(ann.next_event().await);
    }
    assert!(back == said[50..], "each own event once, in order");
    assert!(!ann.fanout.is_connected());
    bob.hears_of(Incoming::Interrupted).await;
    // What was said before the break was noticed may have been sent; this surely is not.
    let alone = ann.says(shown(&hall, "alone"));
    assert!(ann.next_event().await == alone);

    server.start_again().await;
    assert_eq!(ann.hears_of(Incoming::Restored).await, []);
    bob.hears_of(Incoming::Restored).await;
    both_ways(&mut ann, &mut bob, &hall).await;
    assert_eq!(ann.fanout.counters().interruptions, 1);
    assert!(ann.fanout.counters().dropped > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_again_and_again_while_people_talk_lose_and_double_no_own_event() {
    let server = RedisServer::start().await;
    let namespace = Namespace::on(&server.url());
    let (mut ann, mut bob) = (namespace.join().await, namespace.join().await);
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;
    let mut stranger = namespace.stranger().await;

    for _ in 0..20 {
        let mut said = talk(&ann, &hall, 100);
        let () = redis::cmd("CLIENT")
            .arg(&["KILL", "TYPE", "pubsub"])
            .query_async(&mut stranger)
            .await
            .expect("killed");
        said.extend(talk(&ann, &hall, 100));
        let mut back = ann.hears_of(Incoming::Restored).await;
        while back.len() < said.len() {
            back.push(ann.next_event().await);
        }
        assert!(back == said, "each own event once, in order");
        bob.hears_of(Incoming::Restored).await;
    }

    let last = ann.says(shown(&hall, "last"));
    ann.hears(&last).await;
    while bob.next_event().await != last {}
}

#[tokio::test]
async fn a_server_that_is_paused_delays_own_events_by_no_more_than_the_limit() {
    let server = RedisServer::start().await;
    let namespace = Namespace::on(&server.url());
    let (mut ann, mut bob) = (namespace.join().await, namespace.join().await);
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;

    for mode in ["ALL", "WRITE"] {
        let () = redis::cmd("CLIENT")
            .arg(&["PAUSE", "3000", mode])
            .query_async(&mut namespace.stranger().await)
            .await
            .expect("paused");
        let said = [ann.says(shown(&hall, "now")), ann.says(committed(&hall, 1))];
        let asked = tokio::time::Instant::now();
        assert_eq!(ann.next().await, Incoming::Interrupted);
        for event in &said {
            ann.hears(event).await;
        }
        assert!(asked.elapsed().as_millis() < 1_500, "{:?}", asked.elapsed());
        let local = ann.says(shown(&hall, "while Redis is away"));
        ann.hears(&local).await;

        bob.hears_of(Incoming::Interrupted).await;
        assert_eq!(ann.hears_of(Incoming::Restored).await, []);
        bob.hears_of(Incoming::Restored).await;
        both_ways(&mut ann, &mut bob, &hall).await;
    }
}

#[tokio::test]
async fn a_server_that_freezes_is_noticed_though_nobody_talks() {
    let server = RedisServer::start().await;
    let namespace = Namespace::on(&server.url());
    let (mut ann, mut bob) = (namespace.join().await, namespace.join().await);
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;

    server.freeze().await;
    assert_eq!(ann.next().await, Incoming::Interrupted);
    assert_eq!(bob.next().await, Incoming::Interrupted);
    server.thaw().await;
    assert_eq!(ann.next().await, Incoming::Restored);
    assert_eq!(bob.next().await, Incoming::Restored);
    both_ways(&mut ann, &mut bob, &hall).await;
}

#[tokio::test]
async fn connections_that_the_server_ends_are_made_again_with_all_their_rooms() {
    let server = RedisServer::start().await;
    let namespace = Namespace::on(&server.url());
    let (mut ann, mut bob) = (namespace.join().await, namespace.join().await);
    let rooms: Vec<_> = (0..20).map(|_| room("hall")).collect();
    for hall in &rooms {
        ann.watches(hall).await;
        bob.watches(hall).await;
    }

    let mut stranger = namespace.stranger().await;
    for _ in 0..3 {
        let () = redis::cmd("CLIENT")
            .arg(&["KILL", "TYPE", "pubsub"])
            .query_async(&mut stranger)
            .await
            .expect("killed");
        for instance in [&mut ann, &mut bob] {
            assert_eq!(instance.next().await, Incoming::Interrupted);
            assert_eq!(instance.next().await, Incoming::Restored);
        }
        for hall in &rooms {
            both_ways(&mut ann, &mut bob, hall).await;
        }
    }
}

#[tokio::test]
async fn an_instance_starts_without_a_server_and_joins_the_others_when_there_is_one() {
    let port = free_port();
    let namespace = Namespace::on(&format!("redis://127.0.0.1:{port}"));
    let (mut ann, mut bob) = (
        namespace.join_with(None).await,
        namespace.join_with(None).await,
    );
    let hall = room("hall");
    assert!(!ann.fanout.is_connected());
    assert_eq!(
        ann.fanout.watch(&Topic::room(&hall)).await,
        Err(Unavailable)
    );
    assert_eq!(
        bob.fanout.watch(&Topic::room(&hall)).await,
        Err(Unavailable)
    );
    let said = ann.says(shown(&hall, "alone"));
    ann.hears(&said).await;

    let _server = RedisServer::start_with(port, &[]).await;
    assert_eq!(ann.next().await, Incoming::Restored);
    assert_eq!(bob.next().await, Incoming::Restored);
    both_ways(&mut ann, &mut bob, &hall).await;
}

#[tokio::test]
async fn a_password_opens_a_server_and_a_wrong_one_is_told_plainly() {
    let server = RedisServer::start_with(free_port(), &["--requirepass", "hunter2"]).await;
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port);
    ping(&url("hunter2")).await.expect("the password is right");
    let namespace = Namespace::on(&url("hunter2"));
    let (mut ann, mut bob) = (namespace.join().await, namespace.join().await);
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;
    both_ways(&mut ann, &mut bob, &hall).await;

    let error = ping(&url("hunter3"))
        .await
        .expect_err("the password is wrong");
    assert_eq!(
        error.to_string(),
        format!(
            "no Redis answers at 127.0.0.1:{}: the server refused a command with WRONGPASS",
            server.port
        )
    );
}

#[tokio::test]
async fn a_server_without_sharded_channels_is_named_as_unsuited() {
    let server = RedisServer::start_with(
        free_port(),
        &[
            "--rename-command",
            "SPUBLISH",
            "",
            "--rename-command",
            "SSUBSCRIBE",
            "",
        ],
    )
    .await;
    let error = ping(&server.url())
        .await
        .expect_err("it is as good as Redis 6");
    assert!(
        error.to_string().contains("it takes Redis 7 or later"),
        "{error}"
    );

    let mut ann = Namespace::on(&server.url()).join_with(None).await;
    let hall = room("hall");
    // Depending on the moment there is no connection, or one that does not come to serve.
    assert_eq!(
        ann.fanout.watch(&Topic::room(&hall)).await,
        Err(Unavailable)
    );
    let said = ann.says(shown(&hall, "alone"));
    ann.hears(&said).await;
}

fn talk(who: &Instance, room: &chat::RoomId, times: i64) -> Vec<Arc<Event>> {
    (0..times)
        .map(|number| match number % 2 {
            0 => who.says(shown(room, &number.to_string())),
            _ => who.says(committed(room, number)),
        })
        .collect()
}

/// Each of two hears what either says next, and nothing before it.
async fn both_ways(ann: &mut Instance, bob: &mut Instance, room: &chat::RoomId) {
    for event in [shown(room, "ann"), committed(room, 1)] {
        let said = ann.says(event);
        ann.hears(&said).await;
        bob.hears(&said).await;
    }
    let said = bob.says(shown(room, "bob"));
    ann.hears(&said).await;
    bob.hears(&said).await;
}
