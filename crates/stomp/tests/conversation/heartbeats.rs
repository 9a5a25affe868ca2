//! Heart-beats; STOMP 1.2, "Heart-beating".

use std::time::Duration;

use stomp::{CloseReason, Heartbeat, Limits};

use crate::peer::Peer;

const SECOND: Duration = Duration::from_secs(1);

fn peer_with_heartbeat(header: &str) -> Peer {
    let mut peer = Peer::new();
    peer.says(&format!(
        "CONNECT\naccept-version:1.2\nheart-beat:{header}\n\n^@"
    ));
    peer.server_admits();
    peer.hears_connected();
    peer
}

#[test]
fn the_server_sends_a_line_end_within_the_interval_when_it_has_nothing_to_say() {
    let mut peer = peer_with_heartbeat("0,10000");
    peer.waits(8 * SECOND);
    peer.hears_nothing();
    peer.waits(2 * SECOND);
    peer.hears("\n");
    peer.hears_nothing();
    peer.waits(10 * SECOND);
    peer.hears("\n");
}

#[test]
fn the_slower_of_two_wishes_is_agreed_on() {
    // The client wants a beat each second; the server offers one every ten.
    let mut peer = peer_with_heartbeat("0,1000");
    peer.waits(8 * SECOND);
    peer.hears_nothing();
    peer.waits(2 * SECOND);
    peer.hears("\n");
    // The client wants one a minute.
    let mut peer = peer_with_heartbeat("0,60000");
    peer.waits(50 * SECOND);
    peer.hears_nothing();
    peer.waits(10 * SECOND);
    peer.hears("\n");
}

#[test]
fn a_missing_header_means_no_heartbeats_either_way() {
    let mut peer = Peer::connected("1.2");
    assert_eq!(peer.session.poll_timeout(), None);
    peer.waits(3_600 * SECOND);
    peer.hears_nothing();
}

#[test]
fn a_zero_of_either_side_means_none_in_that_direction() {
    let mut peer = peer_with_heartbeat("0,0");
    assert_eq!(peer.session.poll_timeout(), None);
    peer.waits(3_600 * SECOND);
    peer.hears_nothing();

    let silent_server = Heartbeat {
        send_ms: 0,
        receive_ms: 0,
    };
    let mut peer = Peer::with(Limits::default(), silent_server);
    peer.says("CONNECT\naccept-version:1.2\nheart-beat:5000,5000\n\n^@");
    peer.server_admits();
    assert!(peer.hears_something().contains("\nheart-beat:0,0\n"));
    assert_eq!(peer.session.poll_timeout(), None);
}

#[test]
fn whatever_the_server_sends_stands_for_a_heartbeat() {
    let mut peer = peer_with_heartbeat("0,10000");
    peer.waits(8 * SECOND);
    peer.says("BEGIN\ntransaction:t\nreceipt:1\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:1\n\n^@");
    peer.waits(8 * SECOND);
    peer.hears_nothing();
    // Bytes that the driver wrote itself count as well.
    peer.session.transmitted(peer.now);
    peer.waits(8 * SECOND);
    peer.hears_nothing();
    peer.waits(2 * SECOND);
    peer.hears("\n");
}

#[test]
fn a_client_that_is_silent_for_twice_the_interval_is_gone() {
    let mut peer = peer_with_heartbeat("10000,0");
    peer.waits(Duration::from_millis(19_999));
    peer.hears_nothing();
    peer.waits(Duration::from_millis(1));
    peer.hears_the_error("heart-beat missed", CloseReason::HeartbeatMissed);
}

#[test]
fn any_byte_of_the_client_shows_that_it_is_alive() {
    let mut peer = peer_with_heartbeat("10000,0");
    for piece in ["\n", "\r\n", "SEND\nde", "stination:/a\n\n^@"] {
        peer.waits(19 * SECOND);
        peer.says(piece);
    }
    peer.server_is_asked_to_send();
    peer.waits(19 * SECOND);
    peer.hears_nothing();
}

#[test]
fn a_lone_line_end_is_no_frame() {
    let mut peer = Peer::connected("1.2");
    peer.says("\n");
    peer.says("\r");
    peer.says("\n\r\n\n");
    peer.hears_nothing();
}

#[test]
fn a_malformed_header_is_an_error() {
    for malformed in ["", "10000", "1,2,3", "a,b", "-1,0", "1.5,1"] {
        let mut peer = Peer::new();
        peer.says(&format!(
            "CONNECT\naccept-version:1.1\nheart-beat:{malformed}\n\n^@"
        ));
        peer.hears_the_error("malformed heart-beat", CloseReason::Protocol);
    }
}

#[test]
fn a_client_of_1_0_has_no_heartbeats() {
    let mut peer = Peer::new();
    peer.says("CONNECT\nheart-beat:1000,1000\n\n^@");
    peer.server_admits();
    assert!(!peer.hears_something().contains("heart-beat"));
    assert_eq!(peer.session.poll_timeout(), None);
}

#[test]
fn a_server_cannot_be_made_to_beat_faster_than_once_a_second() {
    let hasty = Heartbeat {
        send_ms: 1,
        receive_ms: 1,
    };
    let mut peer = Peer::with(Limits::default(), hasty);
    peer.says("CONNECT\naccept-version:1.2\nheart-beat:1,1\n\n^@");
    peer.server_admits();
    assert!(peer.hears_something().contains("\nheart-beat:1000,1000\n"));
    peer.waits(Duration::from_millis(800));
    peer.hears_nothing();
}

#[test]
fn intervals_beyond_every_clock_are_no_trouble() {
    let mut peer = peer_with_heartbeat("99999999999999999999,4294967295");
    peer.waits(86_400 * SECOND);
    peer.hears_nothing();
}

#[test]
fn the_server_goes_on_beating_while_it_finishes_for_a_client_that_leaves() {
    let mut peer = peer_with_heartbeat("10000,10000");
    peer.says("SEND\ndestination:/a\n\nhi^@DISCONNECT\nreceipt:2\n\n^@");
    let sent = peer.server_is_asked_to_send();
    peer.waits(10 * SECOND);
    peer.hears("\n");
    // The client has said its last word: its silence is no fault.
    peer.waits(10 * SECOND);
    peer.hears("\n");
    peer.waits(10 * SECOND);
    peer.hears("\n");
    peer.server_settles(sent.ticket);
    peer.hears("RECEIPT\nreceipt-id:2\n\n^@");
    peer.server_closes(CloseReason::Disconnected);
}
