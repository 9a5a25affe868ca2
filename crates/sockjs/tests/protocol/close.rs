//! Handling close.

use std::time::Duration;

use crate::server::Server;

#[test]
fn a_closed_session_tells_every_poll_until_it_times_out() {
    let mut server = Server::close();
    server.post("/000/s/xhr", "").is(200, "o\n");
    for _ in 0..3 {
        server
            .post("/000/s/xhr", "")
            .is(200, "c[3000,\"Go away!\"]\n");
    }
    server.waits(Duration::from_secs(5));
    server.post("/000/s/xhr", "").is(200, "o\n");
}

#[test]
fn closing_lets_go_of_the_receiver_so_that_the_next_one_hears_why() {
    let mut server = Server::close();
    let mut first = server.listen("POST", "/000/s/xhr_streaming");
    assert!(server.hear(&mut first).is_some());
    assert_eq!(server.hear(&mut first).as_deref(), Some("o\n"));
    assert_eq!(
        server.hear(&mut first).as_deref(),
        Some("c[3000,\"Go away!\"]\n")
    );

    let mut second = server.listen("POST", "/000/s/xhr_streaming");
    assert_eq!(server.hear(&mut second), Some("h".repeat(2048) + "\n"));
    assert_eq!(
        server.hear(&mut second).as_deref(),
        Some("c[3000,\"Go away!\"]\n")
    );

    assert_eq!(server.hear(&mut first), None);
    assert_eq!(server.hear(&mut second), None);
}

#[test]
fn a_second_stream_is_turned_away_after_its_prelude() {
    let mut server = Server::echo();
    let mut first = server.listen("POST", "/000/s/xhr_streaming");
    assert!(server.hear(&mut first).is_some());
    assert_eq!(server.hear(&mut first).as_deref(), Some("o\n"));

    let mut second = server.listen("POST", "/000/s/xhr_streaming");
    assert_eq!(server.hear(&mut second), Some("h".repeat(2048) + "\n"));
    assert_eq!(
        server.hear(&mut second).as_deref(),
        Some("c[2010,\"Another connection still open\"]\n")
    );
    assert_eq!(server.hear(&mut second), None);
}

#[test]
fn an_aborted_stream_interrupts_the_session() {
    let mut server = Server::echo();
    let mut first = server.listen("POST", "/000/s/xhr_streaming");
    assert!(server.hear(&mut first).is_some());
    assert_eq!(server.hear(&mut first).as_deref(), Some("o\n"));
    let second = server.listen("POST", "/000/s/xhr_streaming");
    server.abort(second);
    assert!(server.is_silent(&mut first), "an intruder's end is its own");
    server.abort(first);

    let mut third = server.listen("POST", "/000/s/xhr_streaming");
    assert!(server.hear(&mut third).is_some());
    assert_eq!(
        server.hear(&mut third).as_deref(),
        Some("c[1002,\"Connection interrupted\"]\n")
    );
    assert_eq!(server.hear(&mut third), None);
    assert_eq!(server.post("/000/s/xhr_send", "[\"a\"]").status, 404);
}

#[test]
fn an_aborted_poll_interrupts_the_session_and_a_finished_one_does_not() {
    let mut server = Server::echo();
    let mut first = server.listen("POST", "/000/s/xhr");
    assert_eq!(server.hear(&mut first).as_deref(), Some("o\n"));
    assert_eq!(server.hear(&mut first), None);
    server.abort(first);
    let waiting = server.listen("POST", "/000/s/xhr");
    server
        .post("/000/s/xhr", "")
        .is(200, "c[2010,\"Another connection still open\"]\n");
    server.abort(waiting);
    server
        .post("/000/s/xhr", "")
        .is(200, "c[1002,\"Connection interrupted\"]\n");
    server.waits(Duration::from_secs(5));
    server.post("/000/s/xhr", "").is(200, "o\n");
}
