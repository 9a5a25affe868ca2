//! DISCONNECT; STOMP 1.2, "DISCONNECT".

use stomp::CloseReason::Disconnected;
use stomp::{Delivered, Limits};

use crate::peer::Peer;

#[test]
fn the_receipt_of_disconnect_comes_after_everything_before_it_is_processed() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\nreceipt:1\n\nhi^@SEND\ndestination:/a\n\nho^@DISCONNECT\nreceipt:77\n\n^@");
    let first = peer.server_is_asked_to_send();
    let second = peer.server_is_asked_to_send();
    peer.hears_nothing();
    assert!(!peer.session.is_connected());
    peer.server_settles(second.ticket);
    peer.hears_nothing();
    peer.server_settles(first.ticket);
    peer.hears("RECEIPT\nreceipt-id:1\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:77\n\n^@");
    peer.server_closes(Disconnected);
}

#[test]
fn a_declined_frame_holds_the_disconnect_back_no_longer() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\nreceipt:1\n\nhi^@DISCONNECT\nreceipt:77\n\n^@");
    let sent = peer.server_is_asked_to_send();
    peer.session.decline(sent.ticket);
    peer.hears("RECEIPT\nreceipt-id:77\n\n^@");
    peer.server_closes(Disconnected);
}

#[test]
fn a_commit_is_receipted_before_the_disconnect_that_follows_it() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\n\n^@SEND\ndestination:/a\ntransaction:t\n\nhi^@");
    peer.says("COMMIT\ntransaction:t\nreceipt:1\n\n^@DISCONNECT\nreceipt:77\n\n^@");
    let sent = peer.server_is_asked_to_send();
    peer.hears_nothing();
    peer.server_settles(sent.ticket);
    peer.hears("RECEIPT\nreceipt-id:1\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:77\n\n^@");
    peer.server_closes(Disconnected);
}

#[test]
fn a_disconnect_without_a_receipt_just_closes() {
    for version in ["1.0", "1.1", "1.2"] {
        let mut peer = Peer::connected(version);
        peer.says("DISCONNECT\n\n^@");
        peer.server_closes(Disconnected);
    }
}

#[test]
fn whatever_follows_disconnect_is_ignored() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\n\nhi^@DISCONNECT\n\n^@SEND\ndestination:/a\n\nlate^@NONSENSE");
    let sent = peer.server_is_asked_to_send();
    peer.says("SEND\ndestination:/a\n\nlater^@");
    peer.hears_nothing();
    peer.server_settles(sent.ticket);
    peer.server_closes(Disconnected);
}

#[test]
fn nothing_is_delivered_after_disconnect() {
    let mut peer = Peer::subscribed("1.2", "auto", Limits::default());
    peer.says("SEND\ndestination:/a\n\nhi^@DISCONNECT\n\n^@");
    peer.server_is_asked_to_send();
    assert_eq!(peer.server_delivers("m1"), Delivered::Gone);
    peer.hears_nothing();
}
