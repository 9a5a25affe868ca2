//! RECEIPT; STOMP 1.2, "Header receipt" and "RECEIPT".

use stomp::{Delivered, Limits};

use crate::peer::Peer;

#[test]
fn every_client_frame_but_connect_is_receipted_once_it_is_processed() {
    let mut peer = Peer::connected("1.2");

    peer.says("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\nreceipt:subscribe\n\n^@");
    let (_, ticket) = peer.server_is_asked_to_subscribe("1", "/topic/a");
    peer.hears_nothing();
    peer.server_settles(ticket);
    peer.hears("RECEIPT\nreceipt-id:subscribe\n\n^@");

    peer.says("SEND\ndestination:/a\nreceipt:send\n\nhi^@");
    let sent = peer.server_is_asked_to_send();
    peer.hears_nothing();
    peer.server_settles(sent.ticket);
    peer.hears("RECEIPT\nreceipt-id:send\n\n^@");

    for message_id in ["m1", "m2"] {
        assert_eq!(peer.server_delivers(message_id), Delivered::Sent);
        peer.hears_something();
    }
    for (frame, receipt) in [
        ("ACK\nid:1", "ack"),
        ("NACK\nid:2", "nack"),
        ("BEGIN\ntransaction:t", "begin"),
        ("COMMIT\ntransaction:t", "commit"),
    ] {
        peer.says(&format!("{frame}\nreceipt:{receipt}\n\n^@"));
        peer.hears(&format!("RECEIPT\nreceipt-id:{receipt}\n\n^@"));
    }
    peer.says("BEGIN\ntransaction:t\n\n^@ABORT\ntransaction:t\nreceipt:abort\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:abort\n\n^@");

    peer.says("UNSUBSCRIBE\nid:1\nreceipt:unsubscribe\n\n^@");
    let ticket = peer.server_is_asked_to_unsubscribe("1", "/topic/a");
    peer.hears_nothing();
    peer.server_settles(ticket);
    peer.hears("RECEIPT\nreceipt-id:unsubscribe\n\n^@");

    peer.says("DISCONNECT\nreceipt:disconnect\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:disconnect\n\n^@");
}

#[test]
fn a_receipt_can_carry_what_the_application_has_to_say() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\nreceipt:1\n\nhi^@");
    let sent = peer.server_is_asked_to_send();
    peer.session.settle(
        sent.ticket,
        &[("seq", "7"), ("", "nameless"), ("at", "12:00")],
        peer.now,
    );
    peer.hears("RECEIPT\nreceipt-id:1\nseq:7\nat:12\\c00\n\n^@");
}

#[test]
fn receipts_come_in_the_order_in_which_frames_are_settled() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\nreceipt:1\n\n^@SEND\ndestination:/a\nreceipt:2\n\n^@");
    let first = peer.server_is_asked_to_send();
    let second = peer.server_is_asked_to_send();
    assert_eq!(peer.session.outstanding(), 2);
    peer.server_settles(second.ticket);
    peer.server_settles(first.ticket);
    peer.hears("RECEIPT\nreceipt-id:2\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:1\n\n^@");
    assert_eq!(peer.session.outstanding(), 0);
}

#[test]
fn an_empty_receipt_is_a_receipt() {
    let mut peer = Peer::subscribed("1.2", "auto", Limits::default());
    peer.says("BEGIN\ntransaction:t\nreceipt:\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:\n\n^@");
}
