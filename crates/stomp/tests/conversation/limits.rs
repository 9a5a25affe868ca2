//! Every limit, by its name; STOMP 1.2, "Size Limits".

use std::sync::Arc;

use stomp::CloseReason::{Protocol, TooBig};
use stomp::{Decoder, Fault, Limits};

use crate::peer::Peer;

fn small() -> Limits {
    Limits {
        headers_max: 3,
        header_bytes_max: 20,
        headers_bytes_max: 40,
        body_bytes_max: 10,
        subscriptions_max: 2,
        transactions_max: 2,
        transaction_frames_max: 2,
        transactions_bytes_max: 80,
        ..Limits::default()
    }
}

fn fault_of(bytes: &[u8]) -> Option<Fault> {
    let mut decoder = Decoder::new(Arc::new(small()));
    decoder.push(bytes);
    match decoder.next_frame() {
        Ok(_) => None,
        Err(error) => {
            assert_eq!(decoder.buffered(), 0);
            Some(error.fault)
        }
    }
}

#[test]
fn headers_are_counted() {
    assert_eq!(fault_of(b"SEND\na:1\nb:2\nc:3\n\n\0"), None);
    let too_many = Some(Fault::TooManyHeaders { max: 3 });
    assert_eq!(fault_of(b"SEND\na:1\nb:2\nc:3\nd:4\n\n\0"), too_many);
    // Without waiting for the end of the line.
    assert_eq!(fault_of(b"SEND\na:1\nb:2\nc:3\nd"), too_many);
    // What could still be the blank line is no header.
    assert_eq!(fault_of(b"SEND\na:1\nb:2\nc:3\n\r"), None);
}

#[test]
fn a_header_line_is_measured_before_it_ends() {
    let too_long = Some(Fault::HeaderTooLong { max: 20 });
    assert_eq!(fault_of(b"SEND\na:345678901234567890\n\n\0"), None);
    assert_eq!(fault_of(b"SEND\na:345678901234567890\r\n\r\n\0"), None);
    assert_eq!(fault_of(b"SEND\na:3456789012345678901\n\n\0"), too_long);
    assert_eq!(fault_of(b"SEND\na:3456789012345678901"), too_long);
}

#[test]
fn all_header_lines_are_measured_together() {
    let lines = b"SEND\na:345678901234567\nb:345678901234567\n".to_vec();
    assert_eq!(fault_of(&[&lines[..], b"c:34\n\n\0"].concat()), None);
    assert_eq!(
        fault_of(&[&lines[..], b"c:345"].concat()),
        Some(Fault::HeadersTooLong { max: 40 })
    );
}

#[test]
fn the_limit_that_is_reached_first_is_named_in_whatever_pieces_a_line_comes() {
    let bytes = b"SEND\na:345678901234567\nb:345678901234567\nc:345678901234567890123";
    let whole = fault_of(bytes);
    assert_eq!(whole, Some(Fault::HeadersTooLong { max: 40 }));
    let mut decoder = Decoder::new(Arc::new(small()));
    let in_pieces = bytes.chunks(1).find_map(|piece| {
        decoder.push(piece);
        decoder.next_frame().err()
    });
    assert_eq!(in_pieces.map(|error| error.fault), whole);
}

#[test]
fn a_body_is_measured_before_it_ends_and_by_what_it_claims() {
    let too_long = Some(Fault::BodyTooLong { max: 10 });
    assert_eq!(fault_of(b"SEND\n\n0123456789\0"), None);
    assert_eq!(fault_of(b"SEND\n\n01234567890"), too_long);
    assert_eq!(fault_of(b"SEND\ncontent-length:10\n\n"), None);
    assert_eq!(fault_of(b"SEND\ncontent-length:11\n\n"), too_long);
    // Beyond every integer.
    assert_eq!(fault_of(b"SEND\ncontent-length:9999\n\n"), too_long);
    let mut decoder = Decoder::new(Arc::new(Limits::default()));
    decoder.push(b"SEND\ncontent-length:99999999999999999999999999\n\n");
    assert!(decoder.next_frame().is_err());
}

#[test]
fn a_frame_that_passes_a_limit_is_answered_with_error_and_close() {
    for (frame, message, name) in [
        (
            "SEND\na:1\nb:2\nc:3\nd:4\n",
            "too many headers",
            "headers_max",
        ),
        (
            "SEND\na:3456789012345678901",
            "header too long",
            "header_bytes_max",
        ),
        (
            "SEND\na:345678901234567\nb:345678901234567\nc:345",
            "headers too long",
            "headers_bytes_max",
        ),
        (
            "SEND\ndestination:/a\n\n01234567890",
            "body too long",
            "body_bytes_max",
        ),
    ] {
        let mut peer = Peer::connected_with("1.2", small());
        peer.says(frame);
        let error = peer.hears_the_error(message, TooBig);
        assert!(error.contains(&format!("({name})")), "{error}");
    }
}

#[test]
fn a_frame_too_big_still_names_its_receipt() {
    let mut peer = Peer::connected_with("1.2", small());
    peer.says("SEND\nreceipt:1\na:3456789012345678901");
    let error = peer.hears_the_error("header too long", TooBig);
    assert!(error.contains("\nreceipt-id:1\n"), "{error}");
    let mut peer = Peer::connected_with("1.2", small());
    peer.says("SEND\nreceipt:2\n\n01234567890");
    let error = peer.hears_the_error("body too long", TooBig);
    assert!(error.contains("\nreceipt-id:2\n"), "{error}");
}

#[test]
fn subscriptions_are_counted() {
    let mut peer = Peer::connected_with("1.2", small());
    for id in ["1", "2"] {
        peer.says(&format!("SUBSCRIBE\nid:{id}\ndestination:/a\n\n^@"));
        peer.server_subscribes(id, "/a");
    }
    peer.says("SUBSCRIBE\nid:3\ndestination:/a\n\n^@");
    let error = peer.hears_the_error("too many subscriptions", Protocol);
    assert!(error.contains("(subscriptions_max)"), "{error}");
}

#[test]
fn open_transactions_are_counted() {
    let mut peer = Peer::connected_with("1.2", small());
    for name in ["1", "2", "3"] {
        peer.says(&format!("BEGIN\ntransaction:{name}\n\n^@"));
    }
    let error = peer.hears_the_error("too many transactions", Protocol);
    assert!(error.contains("(transactions_max)"), "{error}");
}

#[test]
fn frames_of_a_transaction_are_counted() {
    let mut peer = Peer::connected_with("1.2", small());
    peer.says("BEGIN\ntransaction:t\n\n^@");
    for _ in 0..3 {
        peer.says("SEND\ndestination:/\ntransaction:t\n\n^@");
    }
    let error = peer.hears_the_error("transaction too long", Protocol);
    assert!(error.contains("(transaction_frames_max)"), "{error}");
}

#[test]
fn bytes_of_all_open_transactions_are_counted_until_they_end() {
    let send = "SEND\ndestination:/a\ntransaction:t\n\n0123456789^@";
    let mut peer = Peer::connected_with("1.2", small());
    // Each round is within the limit, because the one before has ended.
    for end in ["COMMIT", "ABORT", "COMMIT"] {
        peer.says(&format!(
            "BEGIN\ntransaction:t\n\n^@{send}{end}\ntransaction:t\n\n^@"
        ));
    }
    peer.server_is_asked_to_send();
    peer.server_is_asked_to_send();
    peer.says("BEGIN\ntransaction:t\n\n^@");
    peer.says(send);
    peer.says(send);
    let error = peer.hears_the_error("transactions too big", TooBig);
    assert!(error.contains("(transactions_bytes_max)"), "{error}");
}

#[test]
fn what_waits_behind_connect_is_bounded() {
    let mut peer = Peer::with(small(), stomp::Heartbeat::default());
    peer.says("CONNECT\n\n^@");
    peer.server_is_asked_who_this_is();
    peer.says(&"\n".repeat(50));
    peer.hears_nothing();
    peer.says("\n");
    let error = peer.hears_the_error("too much sent before CONNECTED", TooBig);
    assert!(error.contains("(pipelined_bytes_max)"), "{error}");
}

#[test]
fn a_session_that_was_ended_holds_nothing() {
    let mut decoder = Decoder::new(Arc::new(small()));
    decoder.push(b"\0");
    assert!(decoder.next_frame().is_err());
    decoder.push(b"SEND\n\n\0");
    assert_eq!(decoder.buffered(), 0);
    assert_eq!(decoder.next_frame(), Ok(None));
}
