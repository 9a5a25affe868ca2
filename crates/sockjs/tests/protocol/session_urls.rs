//! `/{server}/{session}/…`, and what a session is.

use std::time::Duration;

use crate::server::Server;

#[test]
fn server_and_session_may_be_called_anything() {
    for names in ["/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20"] {
        Server::echo()
            .post(&format!("{names}/xhr"), "")
            .is(200, "o\n");
    }
}

#[test]
fn empty_names_and_names_with_dots_are_not_found() {
    let mut server = Server::echo();
    for names in ["//", "/a./a", "/a/a.", "/./.", "/", "///"] {
        assert_eq!(server.get(&format!("{names}/xhr")).status, 404, "{names}");
        assert_eq!(
            server.post(&format!("{names}/xhr"), "").status,
            404,
            "{names}"
        );
    }
}

#[test]
fn a_session_is_the_same_whatever_the_server_is_called() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    server.post("/000/s/xhr_send", "[\"a\"]").is(204, "");
    server.post("/999/s/xhr", "").is(200, "a[\"a\"]\n");
}

#[test]
fn a_session_opens_with_o_and_then_carries_messages_both_ways() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    server.post("/000/s/xhr_send", "[\"a\"]").is(204, "");
    server.post("/000/s/xhr", "").is(200, "a[\"a\"]\n");
    assert_eq!(server.post("/000/other/xhr_send", "[\"a\"]").status, 404);
}

#[test]
fn a_second_receiver_is_turned_away_and_the_first_one_stays() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    let mut first = server.listen("POST", "/000/s/xhr");
    let refusal = "c[2010,\"Another connection still open\"]\n";
    server.post("/000/s/xhr", "").is(200, refusal);
    server.post("/000/s/xhr", "").is(200, refusal);
    server.post("/000/s/xhr_send", "[\"a\"]").is(204, "");
    assert_eq!(server.hear(&mut first).as_deref(), Some("a[\"a\"]\n"));
    assert_eq!(server.hear(&mut first), None);
}

#[test]
fn a_session_without_receiver_times_out_after_five_seconds() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    server.waits(Duration::from_millis(4_999));
    server.post("/000/s/xhr_send", "[\"a\"]").is(204, "");
    server.waits(Duration::from_millis(1));
    assert_eq!(server.post("/000/s/xhr_send", "[\"b\"]").status, 404);
    server.post("/000/s/xhr", "").is(200, "o\n");
}

#[test]
fn a_receiver_that_waits_hears_a_heartbeat_every_25_seconds() {
    let mut server = Server::echo();
    let mut stream = server.listen("POST", "/000/s/xhr_streaming");
    assert!(server.hear(&mut stream).is_some());
    assert_eq!(server.hear(&mut stream).as_deref(), Some("o\n"));
    for _ in 0..3 {
        server.waits(Duration::from_millis(24_999));
        assert!(server.is_silent(&mut stream));
        server.waits(Duration::from_millis(1));
        assert_eq!(server.hear(&mut stream).as_deref(), Some("h\n"));
        assert!(server.is_silent(&mut stream));
    }
}
