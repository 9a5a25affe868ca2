//! ERROR; STOMP 1.2, "ERROR".

use stomp::CloseReason::Protocol;

use crate::peer::Peer;

#[test]
fn an_error_says_what_is_wrong_and_what_would_be_right_and_nothing_follows() {
    let mut peer = Peer::connected("1.2");
    peer.says("UNSUBSCRIBE\nreceipt:a\\cb\n\n^@SEND\ndestination:/a\n\nhi^@");
    peer.hears(
        "ERROR\nmessage:missing header\nreceipt-id:a\\cb\ncontent-type:text/plain\ncontent-length:57\n\n\
         This frame must have a header named id that is not empty.^@",
    );
    peer.server_closes(Protocol);
}

#[test]
fn what_came_before_an_error_is_still_to_be_processed() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\nreceipt:1\n\ngood^@SEND\n\nbad^@");
    let sent = peer.server_is_asked_to_send();
    assert_eq!(sent.body, b"good");
    peer.hears_the_error("missing header", Protocol);
    // Its receipt can no longer be told.
    peer.server_settles(sent.ticket);
    peer.hears_nothing();
}

#[test]
fn an_error_never_echoes_what_the_client_said_but_its_receipt() {
    let mut peer = Peer::new();
    peer.says(
        "CONNECT\naccept-version:6.6\nlogin:mina\npasscode:s3cret\nAuthorization:s3cret\n\n^@",
    );
    let error = peer.hears_the_error("unsupported protocol version", Protocol);
    assert!(!error.contains("s3cret"), "{error}");
    assert!(!error.contains("6.6"), "{error}");
}

#[test]
fn the_words_of_the_application_cannot_forge_a_header() {
    let mut peer = Peer::connected("1.2");
    peer.session.refuse("no\nreceipt-id:1", "", peer.now);
    assert!(
        peer.hears_something()
            .starts_with("ERROR\nmessage:no\\nreceipt-id\\c1\ncontent-type:")
    );
    let mut peer = Peer::connected("1.0");
    peer.session.refuse("no\nreceipt-id:1", "", peer.now);
    assert!(
        peer.hears_something()
            .starts_with("ERROR\nmessage:no receipt-id:1\ncontent-type:")
    );
}
