//! The contract under every interleaving of instances, wires and server, without IO.

mod network;

use std::sync::Arc;

use bytes::Bytes;
use chat::{ChatMessageReceive, MessageId, RoomId, TempId};
use proptest::prelude::*;
use tokio::sync::oneshot::error::TryRecvError;
use uuid::Uuid;

use self::network::{Network, push};
use super::fault::Fault;
use super::resp::Frame;
use super::switchboard::Watch;
use crate::{Event, Incoming, Topic};

#[test]
fn a_confirmation_fulfils_its_own_wish_and_not_a_later_one_for_the_same_room() {
    let hall = room("hall");
    let mut network = Network::of(1);
    network.connect(0);
    network.settle();

    assert!(matches!(
        network.desks[0].board.watch(&Topic::room(&hall)),
        Watch::Soon(_)
    ));
    network.desks[0].board.unwatch(&Topic::room(&hall));
    let Watch::Soon(mut second) = network.desks[0].board.watch(&Topic::room(&hall)) else {
        panic!("the second wish is not fulfilled yet");
    };
    network.transmit(0);
    // Both channels subscribed and unsubscribed for the first wish, one subscribed for the second.
    for _ in 0..5 {
        assert_eq!(second.try_recv(), Err(TryRecvError::Empty));
        network.serve(0);
        network.deliver(0).expect("a frame").expect("a good frame");
    }
    assert_eq!(second.try_recv(), Err(TryRecvError::Empty));
    network.settle();
    assert_eq!(second.try_recv(), Ok(()));
    assert!(matches!(
        network.desks[0].board.watch(&Topic::room(&hall)),
        Watch::Effective
    ));
}

#[test]
fn a_wish_fails_when_the_line_is_lost_and_stands_for_the_next_one() {
    let hall = room("hall");
    let mut network = Network::of(2);
    network.connect(0);
    let Watch::Soon(mut soon) = network.desks[0].board.watch(&Topic::room(&hall)) else {
        panic!("nothing is confirmed yet");
    };
    network.cut(0);
    assert_eq!(soon.try_recv(), Err(TryRecvError::Closed));
    assert!(matches!(
        network.desks[0].board.watch(&Topic::room(&hall)),
        Watch::Away
    ));

    network.connect(0);
    network.connect(1);
    network.settle();
    let said = network.publish(1, shown(&hall, "heard"));
    network.settle();
    assert_eq!(network.heard(0), [said]);
}

#[test]
fn a_subscription_that_the_server_ends_is_a_fault() {
    let hall = room("hall");
    let mut network = Network::in_room(1, &hall);
    let channel = Bytes::from_static(b"chat-message:{hall}");
    network.desks[0]
        .frames
        .push_back(push("sunsubscribe", &channel, b"0"));
    assert!(matches!(network.deliver(0), Some(Err(Fault::Unsubscribed))));
}

#[test]
fn a_command_that_the_server_refuses_is_a_fault() {
    let mut network = Network::in_room(1, &room("hall"));
    let refusal = Frame::Refusal("MOVED".to_owned());
    network.desks[0].frames.push_back(refusal);
    assert!(matches!(network.deliver(0), Some(Err(Fault::Refused(code))) if code == "MOVED"));
}

#[test]
fn a_publication_that_does_not_come_back_in_half_a_second_is_looped_back() {
    let hall = room("hall");
    let mut network = Network::in_room(1, &hall);
    let said = network.publish(0, shown(&hall, "lost on the way"));

    assert!(network.pass(500, 0).is_ok());
    let fault = network.pass(1, 0).expect_err("half a second is over");
    assert!(matches!(fault, Fault::NoEcho));
    network.desks[0].board.hang_up(&fault);

    network.settle();
    assert_eq!(
        network.desks[0].heard,
        [Incoming::Interrupted, Incoming::Event(said)]
    );
}

#[test]
fn echoes_that_keep_coming_give_those_behind_them_time() {
    let hall = room("hall");
    let mut network = Network::in_room(1, &hall);
    for text in ["one", "two", "three"] {
        network.publish(0, shown(&hall, text));
    }
    network.transmit(0);
    for _ in 0..3 {
        assert!(network.pass(400, 0).is_ok());
        network.serve(0);
        while network.deliver(0).is_some() {}
    }
    network.settle();
    assert_eq!(network.heard(0).len(), 3);
}

#[test]
fn a_quiet_line_carries_a_beat_a_second_and_is_dead_when_one_stays_away() {
    let mut network = Network::in_room(1, &room("hall"));
    for _ in 0..3 {
        assert!(network.pass(1_001, 0).is_ok());
        assert!(network.desks[0].board.has_to_write(), "a beat");
        network.settle();
    }

    assert!(network.pass(1_001, 0).is_ok());
    assert!(network.pass(500, 0).is_ok());
    assert!(matches!(network.pass(1, 0), Err(Fault::Silent)));
    assert_eq!(network.desks[0].heard, [], "nobody is told of a beat");
}

#[test]
fn an_instance_that_does_not_listen_stops_the_reading_and_is_not_taken_for_a_dead_server() {
    let hall = room("hall");
    let mut network = Network::in_room(2, &hall);
    let own = network.publish(0, shown(&hall, "own"));
    let mut said = vec![own];
    for number in 0..2_000 {
        said.push(network.publish(1, shown(&hall, &number.to_string())));
    }
    network.transmit(0);
    network.serve(0);
    network.transmit(1);
    while network.serve(1) {}

    while network.deliver(0).is_some() {}
    assert!(
        !network.desks[0].frames.is_empty(),
        "the rest waits in the server"
    );
    for _ in 0..100 {
        assert!(network.pass(100, 0).is_ok());
    }
    network.settle();
    assert!(network.heard(0) == said, "nothing is lost");
    assert!(network.pass(400, 0).is_ok());
}

#[test]
fn what_an_instance_never_takes_is_bounded_and_its_loss_is_told_once() {
    const BIG: usize = 16_000;
    let hall = room("hall");
    let mut network = Network::in_room(1, &hall);
    let content = "x".repeat(BIG);
    let mut said = Vec::new();
    for _ in 0..4_000 {
        said.push(network.publish(0, shown(&hall, &content)));
        network.transmit(0);
        network.serve(0);
        network.desks[0]
            .frames
            .retain(|frame| *frame != Frame::Answer);
        network.deliver(0);
    }

    let counters = network.desks[0].board.counters();
    let kept = said.len() - counters.lost as usize;
    assert!(kept * BIG < 40 * 1_024 * 1_024, "{kept} events are held");
    network.settle();
    let mut notices = network.desks[0].heard.clone();
    notices.retain(|incoming| !matches!(incoming, Incoming::Event(_)));
    assert_eq!(notices, [Incoming::Interrupted, Incoming::Restored]);
    assert!(network.heard(0) == said[..kept], "what came first is kept");

    let last = network.publish(0, shown(&hall, "after the loss"));
    network.settle();
    assert_eq!(network.heard(0).last(), Some(&last));
}

#[test]
fn a_server_that_does_not_take_what_is_published_is_given_up() {
    const BIG: usize = 16_000;
    let (hall, elsewhere) = (room("hall"), room("elsewhere"));
    let mut network = Network::in_room(1, &hall);
    let content = "x".repeat(BIG);
    let first = network.publish(0, shown(&hall, "first"));
    for _ in 0..600 {
        network.publish(0, shown(&elsewhere, &content));
    }
    assert!(!network.desks[0].board.is_connected());
    assert!(
        network.pass(0, 0).is_err(),
        "whoever drives the line learns of it"
    );

    let last = network.publish(0, shown(&hall, "last"));
    network.settle();
    assert_eq!(network.heard(0), [first, last]);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    PublishToHall(usize),
    PublishToYard(usize),
    PublishElsewhere(usize),
    WatchYard(usize),
    UnwatchYard(usize),
    Transmit(usize),
    Serve(usize),
    ServeOrphan,
    Deliver(usize),
    Take(usize),
    Cut(usize),
    Connect(usize),
}

const INSTANCES: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let who = 0..INSTANCES;
    prop_oneof![
        4 => who.clone().prop_map(Step::PublishToHall),
        2 => who.clone().prop_map(Step::PublishToYard),
        1 => who.clone().prop_map(Step::PublishElsewhere),
        1 => who.clone().prop_map(Step::WatchYard),
        1 => who.clone().prop_map(Step::UnwatchYard),
        6 => who.clone().prop_map(Step::Transmit),
        9 => who.clone().prop_map(Step::Serve),
        2 => Just(Step::ServeOrphan),
        9 => who.clone().prop_map(Step::Deliver),
        6 => who.clone().prop_map(Step::Take),
        1 => who.clone().prop_map(Step::Cut),
        2 => who.prop_map(Step::Connect),
    ]
}

proptest! {
    #[test]
    fn the_contract_holds_however_the_network_interleaves(
        steps in proptest::collection::vec(step(), 0..150),
        with_cuts in any::<bool>(),
    ) {
        let (hall, yard, elsewhere) = (room("hall"), room("yard"), room("elsewhere"));
        let mut network = Network::in_room(INSTANCES, &hall);
        let mut own_in_hall = vec![Vec::new(); INSTANCES];
        for step in steps {
            match step {
                Step::PublishToHall(who) => {
                    let said = network.publish(who, shown(&hall, ""));
                    own_in_hall[who].push(said);
                }
                Step::PublishToYard(who) => drop(network.publish(who, shown(&yard, ""))),
                Step::PublishElsewhere(who) => drop(network.publish(who, shown(&elsewhere, ""))),
                Step::WatchYard(who) => drop(network.desks[who].board.watch(&Topic::room(&yard))),
                Step::UnwatchYard(who) => network.desks[who].board.unwatch(&Topic::room(&yard)),
                Step::Transmit(who) => network.transmit(who),
                Step::Serve(who) => drop(network.serve(who)),
                Step::ServeOrphan => drop(network.serve_orphan()),
                Step::Deliver(who) => {
                    if let Some(received) = network.deliver(who) {
                        prop_assert!(received.is_ok(), "{:?}", received);
                    }
                }
                Step::Take(who) => drop(network.take(who)),
                Step::Cut(who) if with_cuts => network.cut(who),
                Step::Cut(_) => {}
                Step::Connect(who) => network.connect(who),
            }
        }
        for who in 0..INSTANCES {
            network.connect(who);
        }
        network.settle();
        for (who, own) in own_in_hall.iter_mut().enumerate() {
            own.push(network.publish(who, shown(&hall, "last")));
        }
        network.settle();

        let published: usize = own_in_hall.iter().map(Vec::len).sum();
        let in_hall = |who: usize| -> Vec<Arc<Event>> {
            let mut events = network.heard(who);
            events.retain(|event| event.topic() == Topic::room(&hall));
            events
        };
        let first = in_hall(0);
        for (who, own) in own_in_hall.iter().enumerate() {
            let heard = network.heard(who);
            for (place, event) in heard.iter().enumerate() {
                prop_assert!(!heard[..place].contains(event), "heard twice");
                prop_assert_ne!(event.topic(), Topic::room(&elsewhere));
            }
            let heard = in_hall(who);
            let mut back = heard.clone();
            back.retain(|event| own.contains(event));
            prop_assert_eq!(&back, own, "own events, once and in order");
            prop_assert_eq!(
                &heard[heard.len() - INSTANCES..],
                &first[first.len() - INSTANCES..],
                "in the end all hear all in one order"
            );
            if !with_cuts {
                prop_assert_eq!(&heard, &first, "one order from the start");
                prop_assert_eq!(heard.len(), published, "and nothing is lost");
            }
            let notices: Vec<_> = network.desks[who]
                .heard
                .iter()
                .filter(|incoming| !matches!(incoming, Incoming::Event(_)))
                .collect();
            for pair in notices.chunks(2) {
                prop_assert!(pair == [&Incoming::Interrupted, &Incoming::Restored], "{:?}", notices);
            }
        }
    }
}

fn room(name: &str) -> RoomId {
    RoomId::parse(name).expect("a room")
}

fn shown(room: &RoomId, content: &str) -> Event {
    let id = Uuid::new_v4();
    let message = ChatMessageReceive {
        id: MessageId(id),
        temp_id: TempId(id),
        sender: "지은".to_owned(),
        sender_id: None,
        content: content.to_owned(),
        room_id: room.clone(),
        created_at: None,
        edited_at: None,
        deleted: false,
        seq: None,
        rev: None,
    };
    Event::Shown {
        message,
        trace: None,
    }
}
