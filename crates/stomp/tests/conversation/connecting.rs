//! CONNECT, STOMP and CONNECTED; STOMP 1.2, "Connecting".

use std::time::Duration;

use stomp::{Admission, CloseReason, Version};

use crate::peer::Peer;

#[test]
fn connected_says_version_heartbeat_session_server_and_user() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.1,1.2\nhost:maru\n\n^@");
    peer.server_is_asked_who_this_is();
    assert!(!peer.session.is_connected());
    peer.session.admit(
        Admission {
            session: "s-7",
            server: "maru/0.1",
            user_name: Some("미나"),
        },
        peer.now,
    );
    assert!(peer.session.is_connected());
    peer.hears(
        "CONNECTED\nversion:1.2\nheart-beat:10000,10000\nsession:s-7\nserver:maru/0.1\nuser-name:미나\n\n^@",
    );
    peer.hears_nothing();
}

#[test]
fn the_stomp_frame_opens_a_session_as_connect_does() {
    let mut peer = Peer::new();
    peer.says("STOMP\naccept-version:1.2\nhost:maru\n\n^@");
    peer.server_admits();
    peer.hears_connected();
}

#[test]
fn the_highest_common_version_is_spoken() {
    for (accept_version, version, header) in [
        ("1.0,1.1,2.0", Version::V1_1, "version:1.1\n"),
        ("1.2,1.1,1.0", Version::V1_2, "version:1.2\n"),
        ("1.0", Version::V1_0, "version:1.0\n"),
    ] {
        let mut peer = Peer::new();
        peer.says(&format!("CONNECT\naccept-version:{accept_version}\n\n^@"));
        peer.server_admits();
        assert!(peer.hears_something().contains(header));
        assert_eq!(peer.session.version(), version);
    }
}

#[test]
fn a_client_that_names_no_version_speaks_1_0() {
    let mut peer = Peer::new();
    peer.says("CONNECT\nlogin:mina\n\n^@");
    peer.server_admits();
    peer.hears("CONNECTED\nversion:1.0\nsession:s-1\nserver:maru/0.1\n\n^@");
}

#[test]
fn without_a_common_version_the_error_lists_the_supported_ones() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:2.1,3.0\nhost:maru\n\n^@");
    peer.hears(
        "ERROR\nmessage:unsupported protocol version\nversion:1.0,1.1,1.2\ncontent-type:text/plain\n\
         content-length:44\n\nSupported protocol versions are 1.0,1.1,1.2.^@",
    );
    peer.server_closes(CloseReason::Protocol);
}

#[test]
fn a_missing_host_is_tolerated() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\n\n^@");
    assert_eq!(peer.server_is_asked_who_this_is().host, None);
}

#[test]
fn the_application_is_shown_every_credential() {
    let mut peer = Peer::new();
    peer.says(
        "CONNECT\naccept-version:1.2\nhost:maru\nlogin:mina\npasscode:open:sesame\\n\n\
         Authorization:Bearer abc\n\n^@",
    );
    let credentials = peer.server_is_asked_who_this_is();
    assert_eq!(credentials.host.as_deref(), Some("maru"));
    assert_eq!(credentials.login.as_deref(), Some("mina"));
    // CONNECT is not escaped: a backslash is a backslash, a colon may stand in a value.
    assert_eq!(credentials.passcode.as_deref(), Some("open:sesame\\n"));
    assert_eq!(credentials.authorization.as_deref(), Some("Bearer abc"));
}

#[test]
fn nothing_in_connected_is_escaped_and_nothing_can_be_forged() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\n\n^@");
    peer.server_is_asked_who_this_is();
    peer.session.admit(
        Admission {
            session: "s:1",
            server: "maru/0.1",
            user_name: Some("a\\b\nrole:admin"),
        },
        peer.now,
    );
    let connected = peer.hears_something();
    assert!(connected.contains("\nsession:s:1\n"), "{connected}");
    assert!(
        connected.contains("\nuser-name:a\\b role:admin\n"),
        "{connected}"
    );
}

#[test]
fn a_rejected_client_hears_why_and_is_closed() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\nreceipt:r-1\npasscode:s3cret\n\n^@");
    peer.server_is_asked_who_this_is();
    peer.session
        .refuse("not authenticated", "Log in.", peer.now);
    peer.hears(
        "ERROR\nmessage:not authenticated\nreceipt-id:r-1\ncontent-type:text/plain\ncontent-length:7\n\nLog in.^@",
    );
    peer.server_closes(CloseReason::Refused);
}

#[test]
fn a_connected_client_can_be_refused_too() {
    let mut peer = Peer::connected("1.2");
    peer.session.refuse("revoked", "Log in again.", peer.now);
    peer.hears_the_error("revoked", CloseReason::Refused);
}

#[test]
fn frames_behind_connect_wait_until_the_client_is_let_in() {
    let mut peer = Peer::new();
    peer.says(
        "CONNECT\naccept-version:1.2\n\n^@\nSUBSCRIBE\nid:1\ndestination:/topic/a\n\n^@SEND\nde",
    );
    let credentials = peer.server_is_asked_who_this_is();
    assert_eq!(credentials.login, None);
    peer.says("stination:/app/chat\n\nhi^@");
    peer.hears_nothing();
    let admission = Admission {
        session: "s-1",
        server: "maru/0.1",
        user_name: None,
    };
    peer.session.admit(admission, peer.now);
    peer.hears_connected();
    peer.server_subscribes("1", "/topic/a");
    assert_eq!(peer.server_is_asked_to_send().body, b"hi");
    peer.hears_nothing();
}

#[test]
fn frames_behind_a_connect_that_is_refused_are_never_carried_out() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\n\n^@SEND\ndestination:/app/chat\n\nhi^@");
    peer.server_is_asked_who_this_is();
    peer.session.refuse("not authenticated", "", peer.now);
    peer.hears_the_error("not authenticated", CloseReason::Refused);
}

#[test]
fn any_other_frame_before_connect_is_an_error() {
    for frame in [
        "SEND\ndestination:/a\nreceipt:r-1\n\nhi^@",
        "DISCONNECT\nreceipt:r-1\n\n^@",
        "CONNECTED\nversion:1.2\nreceipt:r-1\n\n^@",
    ] {
        let mut peer = Peer::new();
        peer.says(frame);
        let error = peer.hears_the_error("not connected", CloseReason::Protocol);
        assert!(error.contains("\nreceipt-id:r-1\n"), "{error}");
    }
}

#[test]
fn a_second_connect_is_an_error() {
    for frame in ["CONNECT", "STOMP"] {
        let mut peer = Peer::connected("1.2");
        peer.says(&format!("{frame}\naccept-version:1.2\n\n^@"));
        peer.hears_the_error("already connected", CloseReason::Protocol);
    }
}

#[test]
fn a_silent_socket_is_closed_when_connect_is_late_and_line_ends_do_not_help() {
    let mut peer = Peer::new();
    peer.waits(Duration::from_millis(9_999));
    peer.says("\n\n\n");
    peer.hears_nothing();
    peer.waits(Duration::from_millis(1));
    let error = peer.hears_the_error("no CONNECT in time", CloseReason::ConnectTimeout);
    assert!(error.contains("10 seconds (connect_timeout)"), "{error}");
}

#[test]
fn a_connect_that_is_never_finished_is_late_too() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\n");
    peer.waits(Duration::from_secs(10));
    peer.hears_the_error("no CONNECT in time", CloseReason::ConnectTimeout);
}

#[test]
fn how_long_authentication_takes_is_not_the_clients_fault() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\n\n^@");
    peer.waits(Duration::from_secs(60));
    peer.server_admits();
    peer.hears_connected();
}

#[test]
fn admission_is_without_effect_where_nobody_asked_for_it() {
    let mut peer = Peer::connected("1.2");
    let admission = Admission {
        session: "s-2",
        server: "maru/0.1",
        user_name: None,
    };
    peer.session.admit(admission, peer.now);
    peer.hears_nothing();
}

#[test]
fn a_client_that_connects_and_leaves_in_one_breath_is_served() {
    let mut peer = Peer::new();
    peer.says("CONNECT\naccept-version:1.2\n\n^@DISCONNECT\nreceipt:77\n\n^@");
    peer.server_admits();
    peer.hears_connected();
    peer.hears("RECEIPT\nreceipt-id:77\n\n^@");
    peer.server_closes(CloseReason::Disconnected);
}

#[test]
fn going_away_ends_the_session_in_every_state() {
    let mut peer = Peer::new();
    peer.session.shut_down();
    peer.server_closes(CloseReason::GoingAway);

    let mut peer = Peer::connected("1.2");
    peer.says("SEND\ndestination:/a\n\nhi^@");
    peer.session.shut_down();
    // What came before is still to be done.
    assert_eq!(peer.server_is_asked_to_send().body, b"hi");
    peer.server_closes(CloseReason::GoingAway);
}
