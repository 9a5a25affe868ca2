//! `eventsource`.

use crate::server::Server;

#[test]
fn events_begin_with_an_empty_line_and_carry_a_frame_each() {
    let mut server = Server::echo();
    let mut stream = server.listen("GET", "/000/s/eventsource");
    stream.response.is_never_cached();
    stream.response.is_readable_by(None);
    assert_eq!(
        stream.response.header("content-type"),
        Some("text/event-stream")
    );
    assert_eq!(server.hear(&mut stream).as_deref(), Some("\r\n"));
    assert_eq!(server.hear(&mut stream).as_deref(), Some("data: o\r\n\r\n"));

    server.post("/000/s/xhr_send", "[\"x\"]").is(204, "");
    assert_eq!(
        server.hear(&mut stream).as_deref(),
        Some("data: a[\"x\"]\r\n\r\n")
    );

    server
        .post("/000/s/xhr_send", r#"["  \u0000\n\r "]"#)
        .is(204, "");
    assert_eq!(
        server.hear(&mut stream).as_deref(),
        Some("data: a[\"  \\u0000\\n\\r \"]\r\n\r\n")
    );
}

#[test]
fn the_response_ends_once_it_has_its_bytes() {
    let mut server = Server::echo();
    let mut stream = server.listen("GET", "/000/s/eventsource");
    assert!(server.hear(&mut stream).is_some());
    assert_eq!(server.hear(&mut stream).as_deref(), Some("data: o\r\n\r\n"));
    let message = "x".repeat(4096);
    server
        .post("/000/s/xhr_send", &format!("[\"{message}\"]"))
        .is(204, "");
    assert_eq!(
        server.hear(&mut stream),
        Some(format!("data: a[\"{message}\"]\r\n\r\n"))
    );
    assert_eq!(server.hear(&mut stream), None);
}
