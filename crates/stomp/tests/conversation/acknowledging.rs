//! ACK and NACK; STOMP 1.2, "SUBSCRIBE ack Header", "ACK" and "NACK".

use stomp::CloseReason::Protocol;
use stomp::{Delivered, Limits};

use crate::peer::Peer;

/// A subscription that may leave two messages unacknowledged and has: `m1` and `m2`.
fn peer_with_two_unacknowledged(version: &str, mode: &str) -> Peer {
    let limits = Limits {
        unacknowledged_max: 2,
        ..Limits::default()
    };
    let mut peer = Peer::subscribed(version, mode, limits);
    for message_id in ["m1", "m2"] {
        assert_eq!(peer.server_delivers(message_id), Delivered::Sent);
        peer.hears_something();
    }
    peer
}

/// How many more messages the subscription takes.
fn room(peer: &mut Peer) -> usize {
    let mut room = 0;
    while peer.server_delivers("more") == Delivered::Sent {
        peer.hears_something();
        room += 1;
    }
    room
}

#[test]
fn a_full_window_holds_messages_back_until_an_ack_makes_room() {
    let mut peer = peer_with_two_unacknowledged("1.2", "client-individual");
    assert_eq!(peer.server_delivers("m3"), Delivered::Held);
    peer.hears_nothing();
    peer.says("ACK\nid:1\nreceipt:9\n\n^@");
    peer.server_learns_of_room("1");
    peer.hears("RECEIPT\nreceipt-id:9\n\n^@");
    assert_eq!(peer.server_delivers("m3"), Delivered::Sent);
    assert!(peer.hears_something().contains("\nack:3\n"));
}

#[test]
fn room_that_nobody_awaits_is_no_news() {
    let mut peer = peer_with_two_unacknowledged("1.2", "client");
    peer.says("ACK\nid:1\n\n^@");
    peer.hears_nothing();
}

#[test]
fn an_ack_in_client_mode_covers_all_earlier_messages() {
    let mut peer = peer_with_two_unacknowledged("1.2", "client");
    peer.says("ACK\nid:2\n\n^@");
    assert_eq!(room(&mut peer), 2);
}

#[test]
fn an_ack_in_individual_mode_covers_one_message_alone() {
    let mut peer = peer_with_two_unacknowledged("1.2", "client-individual");
    peer.says("ACK\nid:2\n\n^@");
    assert_eq!(room(&mut peer), 1);
}

#[test]
fn a_nack_makes_room_as_an_ack_does() {
    for version in ["1.1", "1.2"] {
        for (mode, freed) in [("client", 2), ("client-individual", 1)] {
            let mut peer = peer_with_two_unacknowledged(version, mode);
            peer.says("NACK\nid:2\nsubscription:1\nmessage-id:m2\n\n^@");
            assert_eq!(room(&mut peer), freed);
        }
    }
}

#[test]
fn in_1_1_message_id_and_subscription_name_the_message() {
    let mut peer = peer_with_two_unacknowledged("1.1", "client-individual");
    peer.says("ACK\nsubscription:1\nmessage-id:m2\n\n^@");
    assert_eq!(room(&mut peer), 1);
    for headers in ["subscription:1", "message-id:m1", "id:1"] {
        let mut peer = peer_with_two_unacknowledged("1.1", "client");
        peer.says(&format!("ACK\n{headers}\n\n^@"));
        peer.hears_the_error("missing header", Protocol);
    }
}

#[test]
fn in_1_0_message_id_alone_names_the_message() {
    let mut peer = peer_with_two_unacknowledged("1.0", "client");
    peer.says("ACK\nmessage-id:m2\n\n^@");
    assert_eq!(room(&mut peer), 2);
    peer.says("ACK\nsubscription:1\n\n^@");
    peer.hears_the_error("missing header", Protocol);
}

#[test]
fn nack_does_not_exist_in_1_0() {
    let mut peer = peer_with_two_unacknowledged("1.0", "client");
    peer.says("NACK\nmessage-id:m2\n\n^@");
    peer.hears_the_error("unknown command", Protocol);
}

#[test]
fn an_ack_without_an_id_is_an_error_in_1_2() {
    for command in ["ACK", "NACK"] {
        let mut peer = peer_with_two_unacknowledged("1.2", "client");
        peer.says(&format!(
            "{command}\nsubscription:1\nmessage-id:m1\nreceipt:9\n\n^@"
        ));
        let error = peer.hears_the_error("missing header", Protocol);
        assert!(error.contains("\nreceipt-id:9\n"), "{error}");
    }
}

#[test]
fn an_ack_of_a_message_that_was_never_sent_is_an_error() {
    for id in ["3", "0", "m1", "-1", "99999999999999999999"] {
        let mut peer = peer_with_two_unacknowledged("1.2", "client");
        peer.says(&format!("ACK\nid:{id}\n\n^@"));
        peer.hears_the_error("unknown message", Protocol);
    }
}

#[test]
fn an_ack_that_comes_twice_or_after_its_subscription_is_harmless() {
    let mut peer = peer_with_two_unacknowledged("1.2", "client");
    peer.says("ACK\nid:2\n\n^@ACK\nid:1\n\n^@ACK\nid:2\nreceipt:9\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:9\n\n^@");

    let mut peer = peer_with_two_unacknowledged("1.2", "client");
    peer.says("UNSUBSCRIBE\nid:1\n\n^@ACK\nid:2\n\n^@");
    let ticket = peer.server_is_asked_to_unsubscribe("1", "/topic/a");
    peer.server_settles(ticket);
    peer.hears_nothing();
}

#[test]
fn an_ack_is_for_the_subscription_that_was_sent_the_message() {
    let mut peer = peer_with_two_unacknowledged("1.1", "client-individual");
    peer.says("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client\n\n^@");
    peer.server_subscribes("0", "/topic/a");
    assert_eq!(peer.server_delivers_to("0", "m1"), Delivered::Sent);
    peer.hears_something();
    peer.says("ACK\nsubscription:0\nmessage-id:m1\n\n^@");
    assert_eq!(room(&mut peer), 0);
}

#[test]
fn an_ack_of_an_auto_subscription_is_harmless_before_1_2() {
    let mut peer = Peer::subscribed("1.1", "auto", Limits::default());
    assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
    peer.hears_something();
    peer.says("ACK\nsubscription:1\nmessage-id:m1\nreceipt:9\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:9\n\n^@");
}
