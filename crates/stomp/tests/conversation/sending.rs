//! SEND; STOMP 1.2, "SEND".

use stomp::CloseReason::Protocol;

use crate::peer::Peer;

#[test]
fn a_send_reaches_the_application_with_its_destination_all_its_headers_and_its_body() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/app/chat\ncontent-type:text/plain\nmine:own\n\nhello^@");
    let sent = peer.server_is_asked_to_send();
    assert_eq!(&*sent.destination, "/app/chat");
    assert_eq!(
        sent.headers.iter().collect::<Vec<_>>(),
        [
            ("destination", "/app/chat"),
            ("content-type", "text/plain"),
            ("mine", "own")
        ]
    );
    assert_eq!(sent.body, b"hello");
    assert_eq!(sent.ticket.receipt(), None);
    peer.server_settles(sent.ticket);
    peer.hears_nothing();
}

#[test]
fn a_send_without_a_destination_is_an_error() {
    for headers in ["", "destination:\n"] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("SEND\n{headers}receipt:1\n\nhello^@"));
        peer.hears(
            "ERROR\nmessage:missing header\nreceipt-id:1\ncontent-type:text/plain\ncontent-length:66\n\n\
             This frame must have a header named destination that is not empty.^@",
        );
        peer.server_closes(Protocol);
    }
}

#[test]
fn a_send_that_cannot_be_processed_is_answered_with_error_and_close() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/app/chat\nreceipt:1\n\nhello^@");
    let sent = peer.server_is_asked_to_send();
    assert_eq!(sent.ticket.receipt(), Some("1"));
    peer.session
        .fail(sent.ticket, "store unavailable", "Try again.", peer.now);
    peer.hears(
        "ERROR\nmessage:store unavailable\nreceipt-id:1\ncontent-type:text/plain\ncontent-length:10\n\nTry again.^@",
    );
    peer.server_closes(Protocol);
}

#[test]
fn a_declined_send_gets_no_receipt_and_the_session_goes_on() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/app/chat\nreceipt:1\n\nhello^@");
    let sent = peer.server_is_asked_to_send();
    assert_eq!(peer.session.outstanding(), 1);
    peer.session.decline(sent.ticket);
    assert_eq!(peer.session.outstanding(), 0);
    peer.hears_nothing();
    assert!(peer.session.is_connected());
}
