//! `xhr_streaming`.

use sockjs::{Origin, Receiving, Reply, Request, Transport};

use crate::server::Server;

#[test]
fn a_stream_begins_with_two_kilobytes_and_carries_a_frame_per_chunk() {
    let mut server = Server::echo();
    let mut stream = server.listen("POST", "/000/s/xhr_streaming");
    stream.response.is_readable_by(None);
    stream.response.is_never_cached();
    assert_eq!(
        stream.response.header("content-type"),
        Some("application/javascript; charset=UTF-8")
    );
    assert_eq!(server.hear(&mut stream), Some("h".repeat(2048) + "\n"));
    assert_eq!(server.hear(&mut stream).as_deref(), Some("o\n"));
    assert!(server.is_silent(&mut stream));
    server.post("/000/s/xhr_send", "[\"x\"]").is(204, "");
    assert_eq!(server.hear(&mut stream).as_deref(), Some("a[\"x\"]\n"));
    assert!(server.is_silent(&mut stream));
}

#[test]
fn the_page_of_an_allowed_origin_may_read_the_stream() {
    let request = Request {
        origin: Origin::Allowed("test"),
        ..Request::new("POST", "/000/s/xhr_streaming")
    };
    let Reply::Receive(Receiving {
        transport, headers, ..
    }) = Server::echo().reply(&request)
    else {
        panic!("not a response to listen to");
    };
    assert_eq!(transport, Transport::XhrStreaming);
    assert!(headers.contains(&("access-control-allow-origin", "test".into())));
}

#[test]
fn a_stream_ends_once_it_has_its_bytes_and_the_next_one_goes_on() {
    let mut server = Server::echo();
    let mut stream = server.listen("POST", "/000/s/xhr_streaming");
    assert!(server.hear(&mut stream).is_some());
    assert_eq!(server.hear(&mut stream).as_deref(), Some("o\n"));
    let message = "x".repeat(128);
    for n in 0..31 {
        assert!(
            n == 0 || server.is_silent(&mut stream),
            "ended before message {n}"
        );
        server
            .post("/000/s/xhr_send", &format!("[\"{message}\"]"))
            .is(204, "");
        assert_eq!(
            server.hear(&mut stream),
            Some(format!("a[\"{message}\"]\n"))
        );
    }
    assert_eq!(server.hear(&mut stream), None);

    server.post("/000/s/xhr_send", "[\"late\"]").is(204, "");
    let mut next = server.listen("POST", "/000/s/xhr_streaming");
    assert_eq!(server.hear(&mut next), Some("h".repeat(2048) + "\n"));
    assert_eq!(server.hear(&mut next).as_deref(), Some("a[\"late\"]\n"));
}
