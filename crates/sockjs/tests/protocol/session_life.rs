//! A session from its beginning to its end: who waits for what, how long and how much.

use std::time::Duration;

use sockjs::{Close, Quoted, ReceiveError, SendError, Settings, Status, Transmit, Transport};

use crate::peer::Peer;

const DISCONNECT: Duration = Duration::from_secs(5);
const HEARTBEAT: Duration = Duration::from_secs(25);

#[test]
fn what_is_said_before_anybody_listens_comes_after_the_greeting() {
    let mut peer = Peer::new();
    peer.application_says("early");
    let mut poll = peer.listens(Transport::Xhr);
    assert_eq!(peer.hears(&mut poll), ["o\n"]);
    let mut poll = peer.listens(Transport::Xhr);
    assert_eq!(peer.hears(&mut poll), ["a[\"early\"]\n"]);
}

#[test]
fn messages_wait_between_polls_and_arrive_together() {
    let mut peer = Peer::opened();
    peer.application_says("a");
    peer.waits(DISCONNECT / 2);
    peer.application_says("b");
    let mut poll = peer.listens(Transport::Xhr);
    assert_eq!(peer.hears(&mut poll), ["a[\"a\",\"b\"]\n"]);
}

#[test]
fn a_frame_takes_no_more_messages_once_it_is_large() {
    let mut peer = Peer::opened();
    let large = "x".repeat(Settings::default().frame_bytes_max);
    peer.application_says(&large);
    peer.application_says("next");
    let mut stream = peer.listens(Transport::WebSocket);
    let heard = peer.hears(&mut stream);
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[1], "a[\"next\"]");
}

#[test]
fn nobody_listening_makes_a_session_gone_and_a_listener_keeps_it() {
    let mut peer = Peer::new();
    assert_eq!(peer.session.poll_timeout(), Some(peer.now + DISCONNECT));
    let mut stream = peer.listens(Transport::XhrStreaming);
    peer.hears(&mut stream);
    assert_eq!(peer.session.poll_timeout(), None);
    peer.waits(100 * DISCONNECT);
    assert_eq!(peer.session.status(), Status::Open);

    let mut idle = Peer::opened();
    idle.waits(DISCONNECT);
    assert_eq!(idle.session.status(), Status::Gone);
    assert_eq!(idle.session.poll_timeout(), None);
    assert_eq!(
        idle.session.send(Quoted::new("late"), idle.now),
        Err(SendError::Closed)
    );
    let mut late = idle.listens(Transport::Xhr);
    assert_eq!(
        idle.hears(&mut late),
        ["c[1002,\"Connection interrupted\"]\n"]
    );
}

#[test]
fn a_heartbeat_follows_silence_only_and_ends_a_poll() {
    let mut peer = Peer::opened();
    let mut stream = peer.listens(Transport::WebSocket);
    peer.waits(HEARTBEAT / 2);
    peer.application_says("a");
    assert_eq!(peer.hears(&mut stream), ["a[\"a\"]"]);
    let due = peer.now + HEARTBEAT;
    assert_eq!(
        peer.session.poll_transmit(&mut stream, peer.now),
        Transmit::Wait(due)
    );
    peer.waits(HEARTBEAT - Duration::from_millis(1));
    assert_eq!(peer.hears(&mut stream), [""; 0]);
    peer.waits(Duration::from_millis(1));
    assert_eq!(peer.hears(&mut stream), ["h"]);

    let mut polling = Peer::opened();
    let mut poll = polling.listens(Transport::Xhr);
    polling.waits(HEARTBEAT);
    assert_eq!(polling.hears(&mut poll), ["h\n"]);
    assert!(polling.is_over(&mut poll));
    assert_eq!(polling.session.status(), Status::Open);
}

#[test]
fn closing_delivers_what_waits_and_then_the_reason() {
    let mut peer = Peer::opened();
    peer.application_says("last");
    peer.session.close(Close::GO_AWAY, peer.now);
    peer.session.close(Close::INTERRUPTED, peer.now);
    assert_eq!(
        peer.session.send(Quoted::new("too late"), peer.now),
        Err(SendError::Closed)
    );
    let mut poll = peer.listens(Transport::Xhr);
    assert_eq!(peer.hears(&mut poll), ["a[\"last\"]\n"]);
    for _ in 0..2 {
        let mut poll = peer.listens(Transport::Xhr);
        assert_eq!(peer.hears(&mut poll), ["c[3000,\"Go away!\"]\n"]);
    }
}

#[test]
fn who_comes_while_another_is_told_to_go_is_told_the_same() {
    let mut peer = Peer::opened();
    let mut slow = peer.listens(Transport::XhrStreaming);
    peer.application_says("last");
    peer.session.close(Close::GO_AWAY, peer.now);
    let mut next = peer.listens(Transport::XhrStreaming);
    assert_eq!(peer.hears(&mut next), ["c[3000,\"Go away!\"]\n"]);
    assert_eq!(
        peer.hears(&mut slow),
        ["a[\"last\"]\n", "c[3000,\"Go away!\"]\n"]
    );
}

#[test]
fn a_closed_session_goes_in_time_even_if_somebody_keeps_asking_or_takes_nothing() {
    let mut asked = Peer::opened();
    asked.session.close(Close::GO_AWAY, asked.now);
    for _ in 0..4 {
        let mut poll = asked.listens(Transport::Xhr);
        assert_eq!(asked.hears(&mut poll), ["c[3000,\"Go away!\"]\n"]);
        asked.waits(DISCONNECT / 4);
    }
    assert_eq!(asked.session.status(), Status::Gone);

    let mut stuck = Peer::opened();
    let mut stream = stuck.listens(Transport::XhrStreaming);
    stuck.session.close(Close::GO_AWAY, stuck.now);
    assert_eq!(stuck.session.status(), Status::Closed);
    stuck.waits(DISCONNECT);
    assert_eq!(stuck.session.status(), Status::Gone);
    stuck.hears(&mut stream);
    assert!(stuck.is_over(&mut stream));
}

#[test]
fn a_client_that_takes_too_little_is_closed_by_name() {
    let mut peer = Peer::opened();
    let bytes_max = Settings::default().outbox_bytes_max;
    let message = Quoted::new(&"x".repeat(1000));
    while peer.session.send(message.clone(), peer.now).is_ok() {
        assert!(peer.session.outbox_bytes() <= bytes_max);
    }
    assert_eq!(peer.session.status(), Status::Closed);
    assert_eq!(peer.session.outbox_bytes(), 0);
    let mut poll = peer.listens(Transport::Xhr);
    assert_eq!(peer.hears(&mut poll), ["c[4009,\"Slow consumer\"]\n"]);
}

#[test]
fn there_is_room_exactly_as_long_as_a_message_is_taken() {
    let mut peer = Peer::opened();
    let message = Quoted::new(&"x".repeat(1000));
    assert!(peer.session.is_drained());
    while peer.session.has_room(&message) {
        assert_eq!(peer.session.send(message.clone(), peer.now), Ok(()));
        assert!(!peer.session.is_drained());
    }
    assert_eq!(
        peer.session.send(message, peer.now),
        Err(SendError::OutboxFull)
    );
}

#[test]
fn a_client_that_outruns_the_application_gets_its_messages_back() {
    let mut peer = Peer::opened();
    let half = "x".repeat(Settings::default().inbox_bytes_max / 2);
    assert_eq!(peer.session.receive(vec![half.clone()]), Ok(()));
    let refused = vec!["a".to_owned(), half.clone()];
    assert_eq!(
        peer.session.receive(refused.clone()),
        Err(ReceiveError::InboxFull(refused.clone()))
    );
    assert_eq!(peer.session.poll_message(), Some(half));
    assert_eq!(peer.session.receive(refused), Ok(()));
}

#[test]
fn an_error_does_not_print_what_was_said() {
    let error = ReceiveError::InboxFull(vec!["secret".to_owned()]);
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn what_was_taken_before_an_interruption_reaches_the_application() {
    let mut peer = Peer::opened();
    let poll = peer.listens(Transport::Xhr);
    assert_eq!(peer.session.receive(vec!["a".to_owned()]), Ok(()));
    peer.session.detach(poll, peer.now);
    assert_eq!(peer.session.status(), Status::Closed);
    assert_eq!(
        peer.session.receive(vec!["b".to_owned()]),
        Err(ReceiveError::Closed)
    );
    assert_eq!(peer.session.poll_message().as_deref(), Some("a"));
    assert_eq!(peer.session.poll_message(), None);
}

#[test]
fn what_the_application_did_not_take_before_it_closed_is_dropped() {
    let mut peer = Peer::opened();
    assert_eq!(peer.session.receive(vec!["a".to_owned()]), Ok(()));
    peer.session.close(Close::GO_AWAY, peer.now);
    assert_eq!(peer.session.poll_message(), None);
}

#[test]
fn an_interruption_drops_what_waits_and_repeats_its_reason() {
    let mut peer = Peer::new();
    let mut stream = peer.listens(Transport::XhrStreaming);
    peer.application_says("lost");
    assert!(matches!(
        peer.session.poll_transmit(&mut stream, peer.now),
        Transmit::Chunk(_)
    ));
    peer.session.detach(stream, peer.now);
    for _ in 0..2 {
        let mut poll = peer.listens(Transport::Xhr);
        assert_eq!(
            peer.hears(&mut poll),
            ["c[1002,\"Connection interrupted\"]\n"]
        );
    }
    assert_eq!(peer.session.outbox_bytes(), 0);
}

#[test]
fn a_poll_that_is_cut_off_before_its_end_is_an_interruption_and_not_a_silent_loss() {
    let mut peer = Peer::opened();
    peer.application_says("lost on the way");
    let mut poll = peer.listens(Transport::Xhr);
    assert!(matches!(
        peer.session.poll_transmit(&mut poll, peer.now),
        Transmit::Chunk(_)
    ));
    peer.session.detach(poll, peer.now);
    let mut next = peer.listens(Transport::Xhr);
    assert_eq!(
        peer.hears(&mut next),
        ["c[1002,\"Connection interrupted\"]\n"]
    );
}

#[test]
fn a_websocket_takes_its_session_with_it() {
    let mut peer = Peer::new();
    let mut socket = peer.listens(Transport::WebSocket);
    assert_eq!(peer.hears(&mut socket), ["o"]);
    peer.session.detach(socket, peer.now);
    assert_eq!(peer.session.status(), Status::Gone);
}
