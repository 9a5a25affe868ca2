//! SUBSCRIBE, UNSUBSCRIBE and MESSAGE; STOMP 1.2, the sections of these names.

use stomp::CloseReason::Protocol;
use stomp::{AckMode, Delivered, Limits, Message};

use crate::peer::Peer;

#[test]
fn a_subscription_is_handed_over_with_its_mode_and_auto_is_the_default() {
    for (header, mode) in [
        ("", AckMode::Auto),
        ("ack:auto\n", AckMode::Auto),
        ("ack:client\n", AckMode::Client),
        ("ack:client-individual\n", AckMode::ClientIndividual),
    ] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!(
            "SUBSCRIBE\nid:1\ndestination:/topic/a\n{header}\n^@"
        ));
        let (ack, ticket) = peer.server_is_asked_to_subscribe("1", "/topic/a");
        assert_eq!(ack, mode);
        peer.server_settles(ticket);
        peer.hears_nothing();
    }
}

#[test]
fn an_unknown_ack_mode_is_an_error() {
    let mut peer = Peer::connected("1.2");
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:Client\n\n^@");
    peer.hears_the_error("unknown ack mode", Protocol);
}

#[test]
fn a_subscribe_without_a_destination_is_an_error() {
    let mut peer = Peer::connected("1.2");
    peer.says("SUBSCRIBE\nid:1\nreceipt:9\n\n^@");
    let error = peer.hears_the_error("missing header", Protocol);
    assert!(error.contains("\nreceipt-id:9\n"), "{error}");
    assert!(error.contains("named destination"), "{error}");
}

#[test]
fn a_subscribe_without_an_id_is_an_error_from_1_1_on() {
    for version in ["1.1", "1.2"] {
        for id in ["", "id:\n"] {
            let mut peer = Peer::connected(version);
            peer.says(&format!("SUBSCRIBE\ndestination:/topic/a\n{id}\n^@"));
            let error = peer.hears_the_error("missing header", Protocol);
            assert!(error.contains("named id"), "{error}");
        }
    }
}

#[test]
fn the_destination_stands_for_a_missing_id_in_1_0() {
    let mut peer = Peer::connected("1.0");
    peer.says("SUBSCRIBE\ndestination:/topic/a\n\n^@");
    peer.server_subscribes("/topic/a", "/topic/a");
    assert_eq!(peer.server_delivers_to("/topic/a", "m1"), Delivered::Sent);
    peer.hears(
        "MESSAGE\ndestination:/topic/a\nsubscription:/topic/a\nmessage-id:m1\ncontent-type:text/plain\ncontent-length:2\n\nhi^@",
    );
    peer.says("UNSUBSCRIBE\ndestination:/topic/a\n\n^@");
    let ticket = peer.server_is_asked_to_unsubscribe("/topic/a", "/topic/a");
    peer.server_settles(ticket);
}

#[test]
fn a_subscription_id_can_be_used_once_at_a_time() {
    let mut peer = Peer::connected("1.2");
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n^@");
    peer.server_subscribes("1", "/topic/a");
    peer.says("UNSUBSCRIBE\nid:1\n\n^@SUBSCRIBE\nid:1\ndestination:/topic/b\n\n^@");
    let ticket = peer.server_is_asked_to_unsubscribe("1", "/topic/a");
    peer.server_settles(ticket);
    peer.server_subscribes("1", "/topic/b");
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/c\nreceipt:9\n\n^@");
    let error = peer.hears_the_error("duplicate subscription", Protocol);
    assert!(error.contains("\nreceipt-id:9\n"), "{error}");
}

#[test]
fn a_message_has_destination_subscription_and_id() {
    let mut peer = Peer::subscribed("1.2", "auto", Limits::default());
    assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
    peer.hears(
        "MESSAGE\ndestination:/topic/a\nsubscription:1\nmessage-id:m1\ncontent-type:text/plain\ncontent-length:2\n\nhi^@",
    );
}

#[test]
fn a_message_carries_further_headers_and_a_body_with_nul() {
    let mut peer = Peer::subscribed("1.2", "auto", Limits::default());
    let message = Message {
        message_id: "m1",
        destination: "/topic/a",
        content_type: "",
        body: b"a\0b",
        headers: &[("mine", "own:1")],
    };
    let delivered = peer.session.deliver("1", &message, peer.now);
    assert_eq!(delivered, Delivered::Sent);
    peer.hears(
        "MESSAGE\ndestination:/topic/a\nsubscription:1\nmessage-id:m1\nmine:own\\c1\ncontent-length:3\n\na^@b^@",
    );
}

#[test]
fn a_message_in_a_mode_that_needs_acknowledgement_has_an_ack_header_in_1_2() {
    for mode in ["client", "client-individual"] {
        let mut peer = Peer::subscribed("1.2", mode, Limits::default());
        assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
        peer.hears(
            "MESSAGE\ndestination:/topic/a\nsubscription:1\nmessage-id:m1\ncontent-type:text/plain\nack:1\ncontent-length:2\n\nhi^@",
        );
        let mut peer = Peer::subscribed("1.1", mode, Limits::default());
        assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
        assert!(!peer.hears_something().contains("\nack:"));
    }
}

#[test]
fn nothing_is_delivered_once_a_subscription_has_ended() {
    let mut peer = Peer::subscribed("1.2", "auto", Limits::default());
    peer.says("UNSUBSCRIBE\nid:1\nreceipt:9\n\n^@");
    assert_eq!(peer.server_delivers("m1"), Delivered::Gone);
    let ticket = peer.server_is_asked_to_unsubscribe("1", "/topic/a");
    peer.hears_nothing();
    peer.server_settles(ticket);
    peer.hears("RECEIPT\nreceipt-id:9\n\n^@");
}

#[test]
fn an_unsubscribe_without_an_id_is_an_error_from_1_1_on() {
    for version in ["1.1", "1.2"] {
        let mut peer = Peer::subscribed(version, "auto", Limits::default());
        peer.says("UNSUBSCRIBE\ndestination:/topic/a\n\n^@");
        peer.hears_the_error("missing header", Protocol);
    }
}

#[test]
fn to_end_a_subscription_that_is_not_there_is_no_error() {
    let mut peer = Peer::connected("1.2");
    peer.says("UNSUBSCRIBE\nid:1\nreceipt:9\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:9\n\n^@");
}

#[test]
fn a_subscription_that_cannot_be_created_is_answered_with_error_and_close() {
    let mut peer = Peer::connected("1.2");
    peer.says("SUBSCRIBE\nid:1\ndestination:/nowhere\nreceipt:9\n\n^@");
    let (_, ticket) = peer.server_is_asked_to_subscribe("1", "/nowhere");
    peer.session
        .fail(ticket, "no such destination", "", peer.now);
    let error = peer.hears_the_error("no such destination", Protocol);
    assert!(error.contains("\nreceipt-id:9\n"), "{error}");
}

#[test]
fn a_declined_subscription_is_as_if_it_had_never_been() {
    let mut peer = Peer::connected("1.2");
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/full\nreceipt:9\n\n^@");
    let (_, ticket) = peer.server_is_asked_to_subscribe("1", "/topic/full");
    peer.session.decline(ticket);
    peer.hears_nothing();
    assert_eq!(peer.server_delivers("m1"), Delivered::Gone);
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n^@");
    peer.server_subscribes("1", "/topic/a");
    assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
}

#[test]
fn declining_a_subscription_that_has_ended_leaves_its_successor_alone() {
    let mut peer = Peer::connected("1.2");
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n^@UNSUBSCRIBE\nid:1\n\n^@SUBSCRIBE\nid:1\ndestination:/topic/b\n\n^@");
    let (_, first) = peer.server_is_asked_to_subscribe("1", "/topic/a");
    let ended = peer.server_is_asked_to_unsubscribe("1", "/topic/a");
    peer.server_settles(ended);
    peer.server_subscribes("1", "/topic/b");
    peer.session.decline(first);
    assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
}

#[test]
fn several_subscriptions_do_not_get_in_each_others_way() {
    let mut peer = Peer::connected("1.2");
    for id in ["b", "a", "c"] {
        peer.says(&format!("SUBSCRIBE\nid:{id}\ndestination:/topic/a\n\n^@"));
        peer.server_subscribes(id, "/topic/a");
    }
    peer.says("UNSUBSCRIBE\nid:b\n\n^@");
    let ticket = peer.server_is_asked_to_unsubscribe("b", "/topic/a");
    peer.server_settles(ticket);
    assert_eq!(peer.server_delivers_to("a", "m1"), Delivered::Sent);
    assert_eq!(peer.server_delivers_to("b", "m1"), Delivered::Gone);
    assert_eq!(peer.server_delivers_to("c", "m1"), Delivered::Sent);
    assert!(peer.hears_something().contains("\nsubscription:a\n"));
    assert!(peer.hears_something().contains("\nsubscription:c\n"));
}

#[test]
fn nothing_is_delivered_before_the_client_is_let_in() {
    let mut peer = Peer::new();
    assert_eq!(peer.server_delivers("m1"), Delivered::Gone);
    peer.hears_nothing();
}

#[test]
fn a_subscription_that_the_application_ends_hears_nothing_more_and_frees_its_id() {
    let mut peer = Peer::connected("1.2");
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n^@");
    peer.server_subscribes("1", "/topic/a");
    peer.server_ends("1");
    assert_eq!(peer.server_delivers_to("1", "m1"), Delivered::Gone);
    peer.says("UNSUBSCRIBE\nid:1\nreceipt:9\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:9\n\n^@");
    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/b\n\n^@");
    peer.server_subscribes("1", "/topic/b");
}
