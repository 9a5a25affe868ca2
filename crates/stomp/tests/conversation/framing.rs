//! The syntax of frames; STOMP 1.2, "STOMP Frames", and what 1.0 and 1.1 differ in.

use stomp::CloseReason::Protocol;

use crate::peer::Peer;

#[test]
fn lines_may_end_in_cr_lf_in_1_2() {
    let mut peer = Peer::new();
    peer.says("CONNECT\r\naccept-version:1.2\r\n\r\n^@\r\n");
    peer.server_admits();
    peer.hears_connected();
    peer.says("SEND\r\ndestination:/a\r\nx:1\n\r\nhi\r\n^@");
    let sent = peer.server_is_asked_to_send();
    assert_eq!(&*sent.destination, "/a");
    assert_eq!(sent.headers.get("x"), Some("1"));
    assert_eq!(sent.body, b"hi\r\n");
}

#[test]
fn a_carriage_return_is_part_of_a_header_before_1_2() {
    for version in ["1.0", "1.1"] {
        let mut peer = Peer::connected(version);
        peer.says("SEND\ndestination:/a\nx:1\r\n\nhi^@");
        assert_eq!(peer.server_is_asked_to_send().headers.get("x"), Some("1\r"));
    }
}

#[test]
fn lines_that_end_in_cr_lf_are_an_error_before_1_2() {
    for version in ["1.0", "1.1"] {
        let mut peer = Peer::connected(version);
        peer.says("SEND\r\ndestination:/a\r\n\r\n^@");
        let error = peer.hears_the_error("line ends in CR LF", Protocol);
        assert!(error.contains("Before STOMP 1.2"), "{error}");
    }
}

#[test]
fn a_carriage_return_within_a_line_of_1_2_is_an_error() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\nx:1\r2\n\n^@");
    peer.hears_the_error("stray carriage return in a header", Protocol);
}

#[test]
fn line_ends_between_frames_are_skipped_in_every_version() {
    for version in ["1.0", "1.1", "1.2"] {
        let mut peer = Peer::connected(version);
        peer.says("\n\r\n\nSEND\ndestination:/a\n\n1^@\n\n\r\nSEND\ndestination:/a\n\n2^@SEND\ndestination:/a\n\n3^@");
        for body in ["1", "2", "3"] {
            assert_eq!(peer.server_is_asked_to_send().body, body.as_bytes());
        }
        peer.hears_nothing();
    }
}

#[test]
fn the_escapes_of_1_2_are_decoded_in_names_and_values() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\nna\\cme:\\r\\n\\c\\\\\n\n^@");
    assert_eq!(
        peer.server_is_asked_to_send().headers.get("na:me"),
        Some("\r\n:\\")
    );
}

#[test]
fn the_escapes_of_1_1_are_decoded_and_that_of_1_2_is_undefined() {
    let mut peer = Peer::connected("1.1");
    peer.says("SEND\ndestination:/a\nx:\\n\\c\\\\\n\n^@");
    assert_eq!(
        peer.server_is_asked_to_send().headers.get("x"),
        Some("\n:\\")
    );
    peer.says("SEND\ndestination:/a\nx:\\r\n\n^@");
    peer.hears_the_error("undefined escape in a header", Protocol);
}

#[test]
fn an_undefined_escape_is_fatal() {
    for header in ["x:\\t", "x:a\\", "x:\\마", "\\x:1"] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("SEND\ndestination:/a\n{header}\n\n^@"));
        peer.hears_the_error("undefined escape in a header", Protocol);
    }
}

#[test]
fn nothing_is_escaped_in_1_0() {
    let mut peer = Peer::connected("1.0");
    peer.says("SEND\ndestination:C:\\temp\nreceipt:a\\n:b\n\n^@");
    let sent = peer.server_is_asked_to_send();
    assert_eq!(&*sent.destination, "C:\\temp");
    peer.server_settles(sent.ticket);
    peer.hears("RECEIPT\nreceipt-id:a\\n:b\n\n^@");
}

#[test]
fn what_is_echoed_is_escaped_again() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\nreceipt:a\\nb\\c\\\\\\r\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:a\\nb\\c\\\\\\r\n\n^@");
    let mut peer = Peer::connected("1.1");
    peer.says("BEGIN\ntransaction:t\nreceipt:a\\nb\\c\\\\\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:a\\nb\\c\\\\\n\n^@");
}

#[test]
fn spaces_around_headers_are_kept_from_1_1_on() {
    for version in ["1.1", "1.2"] {
        let mut peer = Peer::connected(version);
        peer.says("SEND\ndestination:/a\n x : 1 \n\n^@");
        let sent = peer.server_is_asked_to_send();
        assert_eq!(sent.headers.get(" x "), Some(" 1 "));
    }
}

#[test]
fn spaces_around_values_are_padding_in_1_0() {
    let mut peer = Peer::connected("1.0");
    peer.says("SEND\ndestination: /queue/a \n\n^@");
    assert_eq!(&*peer.server_is_asked_to_send().destination, "/queue/a");
}

#[test]
fn a_colon_in_a_value_is_tolerated() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a:b\n\n^@");
    assert_eq!(&*peer.server_is_asked_to_send().destination, "/a:b");
}

#[test]
fn commands_and_header_names_are_case_sensitive() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\nDestination:/a\n\n^@");
    peer.hears_the_error("missing header", Protocol);
    let mut peer = Peer::connected("1.2");
    peer.says("send\ndestination:/a\n\n^@");
    peer.hears_the_error("unknown command", Protocol);
}

#[test]
fn the_first_of_repeated_headers_counts() {
    let mut peer = Peer::connected("1.2");
    peer.says(
        "SEND\ndestination:/first\ndestination:/second\ncontent-length:2\ncontent-length:9\n\nhi^@",
    );
    let sent = peer.server_is_asked_to_send();
    assert_eq!(&*sent.destination, "/first");
    assert_eq!(sent.headers.len(), 4);
}

#[test]
fn headers_are_utf_8_and_other_bytes_are_an_error() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/topic/마루\n\n^@");
    assert_eq!(&*peer.server_is_asked_to_send().destination, "/topic/마루");
    peer.says_bytes(b"SEND\ndestination:/\xff\nreceipt:1\n\n\0");
    let error = peer.hears_the_error("headers are not UTF-8", Protocol);
    assert!(error.contains("\nreceipt-id:1\n"), "{error}");
}

#[test]
fn a_header_without_a_colon_or_a_name_is_an_error() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination\n\n^@");
    peer.hears_the_error("header without a colon", Protocol);
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\n:/a\n\n^@");
    peer.hears_the_error("header without a name", Protocol);
}

#[test]
fn a_nul_before_the_blank_line_is_an_error_at_once() {
    let mut peer = Peer::connected("1.2");
    peer.says("DISCONNECT\nreceipt:77\n^@");
    let error = peer.hears_the_error("frame ends within its headers", Protocol);
    assert!(error.contains("\nreceipt-id:77\n"), "{error}");
    let mut peer = Peer::connected("1.2");
    peer.says("DISCONNECT\nreceipt:78^@");
    let error = peer.hears_the_error("frame ends within its headers", Protocol);
    assert!(error.contains("\nreceipt-id:78\n"), "{error}");
}

#[test]
fn a_broken_frame_does_not_take_the_receipt_of_the_next_one() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t^@BEGIN\nreceipt:1\n\n^@");
    let error = peer.hears_the_error("frame ends within its headers", Protocol);
    assert!(!error.contains("receipt-id"), "{error}");
}

#[test]
fn content_length_bytes_are_read_whatever_they_are() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\ncontent-length:5\n\na^@b^@\n^@SEND\ndestination:/a\n\nnext^@");
    assert_eq!(peer.server_is_asked_to_send().body, b"a\0b\0\n");
    assert_eq!(peer.server_is_asked_to_send().body, b"next");
}

#[test]
fn a_body_without_content_length_ends_at_the_first_nul() {
    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\n\nhello\nthere^@\n");
    assert_eq!(peer.server_is_asked_to_send().body, b"hello\nthere");
    peer.hears_nothing();
}

#[test]
fn a_frame_without_a_nul_after_content_length_bytes_is_an_error() {
    for length in [1, 3] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!(
            "SEND\ndestination:/a\nreceipt:1\ncontent-length:{length}\n\nhi^@ and so on"
        ));
        let error = peer.hears_the_error("no NUL after the body", Protocol);
        assert!(error.contains("\nreceipt-id:1\n"), "{error}");
    }
}

#[test]
fn a_content_length_that_is_no_number_is_an_error() {
    for length in ["", "-1", "+2", "two", "2 ", "0x2"] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!(
            "SEND\ndestination:/a\ncontent-length:{length}\n\nhi^@"
        ));
        peer.hears_the_error("malformed content-length", Protocol);
    }
}

#[test]
fn a_body_on_any_client_frame_but_send_is_an_error() {
    for frame in [
        "SUBSCRIBE\nid:1\ndestination:/a",
        "UNSUBSCRIBE\nid:1",
        "ACK\nid:1",
        "NACK\nid:1",
        "BEGIN\ntransaction:1",
        "COMMIT\ntransaction:1",
        "ABORT\ntransaction:1",
        "DISCONNECT",
    ] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("{frame}\n\n\n^@"));
        peer.hears_the_error("body not allowed", Protocol);
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("{frame}\ncontent-length:1\n\n"));
        peer.hears_the_error("body not allowed", Protocol);
    }
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\n\nbody^@");
    peer.hears_the_error("body not allowed", Protocol);
}

#[test]
fn a_content_length_of_zero_is_allowed_on_every_frame() {
    let mut peer = Peer::connected("1.2");
    peer.says("BEGIN\ntransaction:t\nreceipt:1\ncontent-length:0\n\n^@");
    peer.hears("RECEIPT\nreceipt-id:1\n\n^@");
}

#[test]
fn a_body_is_raw_bytes() {
    let mut peer = Peer::connected("1.2");
    peer.says_bytes(b"SEND\ndestination:/a\n\n\xff\\n\xfe\0");
    assert_eq!(peer.server_is_asked_to_send().body, b"\xff\\n\xfe");
}

#[test]
fn an_unknown_command_is_an_error() {
    for command in ["PUBLISH", "GET / HTTP/1.1", "마루"] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("{command}\nreceipt:1\n\n^@"));
        let error = peer.hears_the_error("unknown command", Protocol);
        assert!(error.contains("\nreceipt-id:1\n"), "{error}");
    }
}

#[test]
fn a_first_line_that_never_ends_is_an_error_at_once() {
    let mut peer = Peer::new();
    peer.says(&"A".repeat(33));
    peer.hears_the_error("unknown command", Protocol);
}

#[test]
fn the_commands_of_servers_are_not_for_clients() {
    for command in ["CONNECTED", "MESSAGE", "RECEIPT", "ERROR"] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("{command}\nreceipt:1\n\n^@"));
        let error = peer.hears_the_error("command of a server", Protocol);
        assert!(error.contains("\nreceipt-id:1\n"), "{error}");
    }
}
