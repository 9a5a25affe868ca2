//! BEGIN, COMMIT and ABORT; STOMP 1.2, the sections of these names.

use stomp::CloseReason::{Disconnected, Protocol};
use stomp::{Delivered, Limits};

use crate::peer::Peer;

#[test]
fn sends_of_a_transaction_are_handed_over_together_at_commit() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\n\n^@");
    for body in ["1", "2"] {
        peer.says(&format!("SEND\ndestination:/a\ntransaction:t\n\n{body}^@"));
    }
    peer.says("SEND\ndestination:/a\n\noutside^@");
    assert_eq!(peer.server_is_asked_to_send().body, b"outside");
    peer.hears_nothing();
    peer.says("COMMIT\ntransaction:t\n\n^@");
    assert_eq!(peer.server_is_asked_to_send().body, b"1");
    assert_eq!(peer.server_is_asked_to_send().body, b"2");
    peer.hears_nothing();
}

#[test]
fn an_aborted_transaction_leaves_nothing_behind_but_its_own_receipts() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\nreceipt:1\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:1\n\n^@");
    peer.says("SEND\ndestination:/a\ntransaction:t\nreceipt:2\n\nnever^@");
    peer.says("ABORT\ntransaction:t\nreceipt:3\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:3\n\n^@");
    peer.hears_nothing();
    // The name is free again.
    peer.says("BEGIN\ntransaction:t\n\n^@COMMIT\ntransaction:t\nreceipt:4\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:4\n\n^@");
}

#[test]
fn the_receipt_of_a_commit_comes_when_all_its_sends_are_processed() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\n\n^@");
    peer.says("SEND\ndestination:/a\ntransaction:t\nreceipt:first\n\n1^@");
    peer.says("SEND\ndestination:/a\ntransaction:t\n\n2^@");
    peer.says("COMMIT\ntransaction:t\nreceipt:all\n\n^@");
    let first = peer.server_is_asked_to_send();
    let second = peer.server_is_asked_to_send();
    peer.server_settles(first.ticket);
    peer.hears("RECEIPT\nreceipt-id:first\n\n^@");
    peer.hears_nothing();
    peer.server_settles(second.ticket);
    peer.hears("RECEIPT\nreceipt-id:all\n\n^@");
    peer.hears_nothing();
}

#[test]
fn a_commit_of_which_a_send_was_declined_is_not_receipted() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\n\n^@");
    peer.says(
        "SEND\ndestination:/a\ntransaction:t\n\n1^@SEND\ndestination:/a\ntransaction:t\n\n2^@",
    );
    peer.says("COMMIT\ntransaction:t\nreceipt:all\n\n^@");
    let first = peer.server_is_asked_to_send();
    let second = peer.server_is_asked_to_send();
    peer.session.decline(first.ticket);
    peer.server_settles(second.ticket);
    peer.hears_nothing();
    assert_eq!(peer.session.outstanding(), 0);
}

#[test]
fn acknowledgements_wait_for_their_commit_too() {
    let limits = Limits {
        unacknowledged_max: 1,
        ..Limits::default()
    };
    let mut peer = Peer::subscribed("1.2", "client", limits);
    assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
    peer.hears_something();
    peer.says("BEGIN\ntransaction:t\n\n^@ACK\nid:1\ntransaction:t\nreceipt:ack\n\n^@");
    assert_eq!(peer.server_delivers("m2"), Delivered::Held);
    peer.hears_nothing();
    peer.says("COMMIT\ntransaction:t\nreceipt:all\n\n^@");
    peer.server_learns_of_room("1");
    peer.hears("RECEIPT\nreceipt-id:ack\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:all\n\n^@");
    assert_eq!(peer.server_delivers("m2"), Delivered::Sent);
}

#[test]
fn an_aborted_acknowledgement_makes_no_room() {
    let limits = Limits {
        unacknowledged_max: 1,
        ..Limits::default()
    };
    let mut peer = Peer::subscribed("1.2", "client", limits);
    assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
    peer.hears_something();
    peer.says(
        "BEGIN\ntransaction:t\n\n^@NACK\nid:1\ntransaction:t\n\n^@ABORT\ntransaction:t\n\n^@",
    );
    assert_eq!(peer.server_delivers("m2"), Delivered::Held);
}

#[test]
fn begin_commit_and_abort_need_a_transaction() {
    for command in ["BEGIN", "COMMIT", "ABORT"] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("{command}\nreceipt:9\n\n^@"));
        let error = peer.hears_the_error("missing header", Protocol);
        assert!(error.contains("\nreceipt-id:9\n"), "{error}");
    }
}

#[test]
fn a_transaction_is_open_once_at_a_time() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\n\n^@BEGIN\ntransaction:t\n\n^@");
    peer.hears_the_error("duplicate transaction", Protocol);
}

#[test]
fn a_transaction_that_is_not_open_is_an_error_wherever_it_is_named() {
    for frame in [
        "COMMIT\ntransaction:t",
        "ABORT\ntransaction:t",
        "SEND\ndestination:/a\ntransaction:t",
        "SEND\ndestination:/a\ntransaction:",
        "ACK\nid:1\ntransaction:t",
        "NACK\nid:1\ntransaction:t",
    ] {
        let mut peer = Peer::subscribed("1.2", "client", Limits::default());
        assert_eq!(peer.server_delivers("m1"), Delivered::Sent);
        peer.hears_something();
        peer.says(&format!("{frame}\nreceipt:9\n\n^@"));
        let error = peer.hears_the_error("unknown transaction", Protocol);
        assert!(error.contains("\nreceipt-id:9\n"), "{error}");
    }
}

#[test]
fn open_transactions_are_aborted_when_the_client_leaves() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\n\n^@SEND\ndestination:/a\ntransaction:t\n\nnever^@DISCONNECT\nreceipt:9\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:9\n\n^@");
    peer.server_closes(Disconnected);
}
