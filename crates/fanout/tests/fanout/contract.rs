//! The contract that `Fanout`'s doc comment states, on every adapter.
//!
//! That something does not arrive is shown without waiting: what is published after it arrives.

use std::sync::Arc;

use chat::UserId;
use fanout::{Event, Topic};
use uuid::Uuid;

use crate::instance::{
    Instance, committed, presence, read, rejected, room, rules_changed, shown, to_user, typing,
};

/// A place where instances meet by way of one adapter.
pub(crate) trait Meeting {
    /// Another instance, connected.
    async fn join(&self) -> Instance;
}

/// Runs the whole contract on one adapter: `contract!(constructor of a Meeting)`.
macro_rules! contract {
    ($meeting:expr) => {
        crate::contract::contract!($meeting =>
            every_watcher_hears_every_kind_of_event,
            own_events_come_back_once_and_in_order,
            all_instances_hear_one_order_under_concurrent_publishing,
            a_user_is_told_where_he_is_watched_and_nobody_else_is,
            a_room_that_is_not_watched_is_silent,
            a_watch_that_resolved_misses_nothing,
            what_is_published_right_after_the_call_of_watch_comes_back,
            an_end_of_watching_stops_the_room_and_no_other,
            a_room_can_be_watched_again,
            watching_twice_changes_nothing,
            an_instance_that_leaves_disturbs_nobody,
        );
    };
    ($meeting:expr => $($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::contract::$name(&$meeting).await;
            }
        )+
    };
}
pub(crate) use contract;

pub(crate) async fn every_watcher_hears_every_kind_of_event(meeting: &impl Meeting) {
    let (mut ann, mut bob) = (meeting.join().await, meeting.join().await);
    let speaker = meeting.join().await;
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;

    for event in [
        shown(&hall, "안녕\n\"hi\""),
        committed(&hall, 7),
        rejected(&hall),
        rules_changed(&hall),
        read(&hall),
        typing(&hall),
        presence(&hall),
    ] {
        let said = speaker.says(event);
        ann.hears(&said).await;
        bob.hears(&said).await;
    }
}

pub(crate) async fn own_events_come_back_once_and_in_order(meeting: &impl Meeting) {
    let mut ann = meeting.join().await;
    let (hall, yard) = (room("hall"), room("yard"));
    ann.watches(&hall).await;
    ann.watches(&yard).await;

    let said: Vec<Arc<Event>> = (0..300)
        .map(|seq| match seq % 3 {
            0 => ann.says(shown(&hall, "one")),
            1 => ann.says(committed(&hall, seq)),
            _ => ann.says(shown(&yard, "two")),
        })
        .collect();

    for event in &said {
        ann.hears(event).await;
    }
}

pub(crate) async fn all_instances_hear_one_order_under_concurrent_publishing(
    meeting: &impl Meeting,
) {
    // All of it fits into the channel of an instance that does not listen yet.
    const EACH: usize = fanout::INCOMING_EVENTS_MAX / 3;
    let hall = room("hall");
    let mut instances = Vec::new();
    for _ in 0..3 {
        let instance = meeting.join().await;
        instance.watches(&hall).await;
        instances.push(instance);
    }

    let mut talk = tokio::task::JoinSet::new();
    for (who, instance) in instances.iter().enumerate() {
        let (fanout, hall) = (instance.fanout.clone(), hall.clone());
        talk.spawn(async move {
            for number in 0..EACH {
                fanout.publish(Arc::new(shown(&hall, &format!("{who}:{number}"))));
                tokio::task::yield_now().await;
            }
        });
    }

    let mut heard: Vec<Vec<Arc<Event>>> = Vec::new();
    for instance in &mut instances {
        let mut order = Vec::new();
        for _ in 0..3 * EACH {
            order.push(instance.next_event().await);
        }
        heard.push(order);
    }
    talk.join_all().await;
    assert!(heard[0] == heard[1], "the second hears the first's order");
    assert!(heard[0] == heard[2], "the third hears the first's order");
    for who in 0..3 {
        let texts: Vec<&str> = heard[0].iter().filter_map(|event| text(event)).collect();
        let numbers: Vec<usize> = texts
            .iter()
            .filter_map(|text| text.strip_prefix(&format!("{who}:"))?.parse().ok())
            .collect();
        assert_eq!(
            numbers,
            (0..EACH).collect::<Vec<_>>(),
            "each sender's own order"
        );
    }
}

pub(crate) async fn a_user_is_told_where_he_is_watched_and_nobody_else_is(meeting: &impl Meeting) {
    let (mut ann, mut bob) = (meeting.join().await, meeting.join().await);
    let (ada, ben) = (UserId(Uuid::new_v4()), UserId(Uuid::new_v4()));
    ann.watches_topic(&Topic::User(ada)).await;
    bob.watches_topic(&Topic::User(ada)).await;
    bob.watches_topic(&Topic::User(ben)).await;
    for event in to_user(ben) {
        let said = ann.says(event);
        bob.hears(&said).await;
    }
    for event in to_user(ada) {
        let said = ann.says(event);
        // What is said to another is not the first that she hears.
        ann.hears(&said).await;
        bob.hears(&said).await;
    }
    bob.fanout.unwatch(&Topic::User(ada));
    bob.watches(&room("elsewhere")).await;
    for (to_ada, to_ben) in to_user(ada).into_iter().zip(to_user(ben)) {
        ann.says(to_ada);
        let said = ann.says(to_ben);
        bob.hears(&said).await;
    }
}

pub(crate) async fn a_room_that_is_not_watched_is_silent(meeting: &impl Meeting) {
    let (mut ann, mut bob) = (meeting.join().await, meeting.join().await);
    let (hall, yard) = (room("hall"), room("yard"));
    ann.watches(&hall).await;
    bob.watches(&yard).await;

    let only_to_yard = bob.says(shown(&yard, "not for ann"));
    let to_hall = bob.says(shown(&hall, "for ann, and bob does not watch"));
    let to_yard = bob.says(committed(&yard, 1));

    ann.hears(&to_hall).await;
    bob.hears(&only_to_yard).await;
    bob.hears(&to_yard).await;
}

pub(crate) async fn a_watch_that_resolved_misses_nothing(meeting: &impl Meeting) {
    let (mut ann, bob) = (meeting.join().await, meeting.join().await);
    for _ in 0..50 {
        let hall = room("hall");
        ann.watches(&hall).await;
        let said = [bob.says(shown(&hall, "now")), bob.says(committed(&hall, 1))];
        for event in &said {
            ann.hears(event).await;
        }
    }
}

pub(crate) async fn what_is_published_right_after_the_call_of_watch_comes_back(
    meeting: &impl Meeting,
) {
    let mut ann = meeting.join().await;
    for _ in 0..50 {
        let hall = room("hall");
        drop(ann.fanout.watch(&Topic::room(&hall)));
        let said = ann.says(shown(&hall, "at once"));
        ann.hears(&said).await;
    }
}

pub(crate) async fn an_end_of_watching_stops_the_room_and_no_other(meeting: &impl Meeting) {
    let (mut ann, bob) = (meeting.join().await, meeting.join().await);
    let (hall, yard) = (room("hall"), room("yard"));
    ann.watches(&hall).await;
    ann.watches(&yard).await;
    let before = bob.says(shown(&hall, "before"));
    ann.hears(&before).await;

    ann.fanout.unwatch(&Topic::room(&hall));
    ann.fanout.unwatch(&Topic::room(&room("never watched")));
    bob.says(shown(&hall, "another's, after"));
    ann.says(shown(&hall, "own, after"));

    let last = bob.says(shown(&yard, "last"));
    ann.hears(&last).await;
    let own_last = ann.says(shown(&yard, "own, last"));
    ann.hears(&own_last).await;
}

pub(crate) async fn a_room_can_be_watched_again(meeting: &impl Meeting) {
    let (mut ann, bob) = (meeting.join().await, meeting.join().await);
    let hall = room("hall");
    for _ in 0..50 {
        ann.watches(&hall).await;
        let said = bob.says(shown(&hall, "again"));
        ann.hears(&said).await;
        ann.fanout.unwatch(&Topic::room(&hall));
    }
}

pub(crate) async fn watching_twice_changes_nothing(meeting: &impl Meeting) {
    let (mut ann, bob) = (meeting.join().await, meeting.join().await);
    let (hall, yard) = (room("hall"), room("yard"));
    ann.watches(&yard).await;
    let twice = futures_util::future::join(
        ann.fanout.watch(&Topic::room(&hall)),
        ann.fanout.watch(&Topic::room(&hall)),
    )
    .await;
    assert_eq!(twice, (Ok(()), Ok(())));

    let once = bob.says(shown(&hall, "heard once"));
    ann.hears(&once).await;
    ann.fanout.unwatch(&Topic::room(&hall));
    bob.says(shown(&hall, "one end is enough"));
    let last = bob.says(shown(&yard, "last"));
    ann.hears(&last).await;
}

pub(crate) async fn an_instance_that_leaves_disturbs_nobody(meeting: &impl Meeting) {
    let (mut ann, bob) = (meeting.join().await, meeting.join().await);
    let hall = room("hall");
    ann.watches(&hall).await;
    bob.watches(&hall).await;

    drop(bob);
    let said = ann.says(shown(&hall, "still here"));
    ann.hears(&said).await;
}

fn text(event: &Event) -> Option<&str> {
    match event {
        Event::Shown { message, .. } => Some(&message.content),
        _ => None,
    }
}
