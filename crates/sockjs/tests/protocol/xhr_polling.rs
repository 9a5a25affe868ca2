//! `xhr` and `xhr_send`.

use sockjs::{Origin, Request};

use crate::server::Server;

#[test]
fn both_paths_answer_preflight_requests() {
    for path in [
        "/abc/abc/xhr",
        "/abc/abc/xhr_send",
        "/abc/abc/xhr_streaming",
    ] {
        for origin in [None, Some("test"), Some("null")] {
            let response = Server::echo().options(path, origin);
            response.is(204, "");
            response.is_cached_for_a_year();
            response.is_readable_by(origin);
            assert_eq!(
                response.header("access-control-allow-methods"),
                Some("OPTIONS, POST")
            );
            assert_eq!(response.header("access-control-max-age"), Some("31536000"));
        }
    }
}

#[test]
fn messages_travel_with_the_headers_that_browsers_need() {
    let mut server = Server::echo();
    let post = |path| Request {
        origin: Origin::Allowed("test"),
        ..Request::new("POST", path)
    };
    let opened = server.ask(post("/000/s/xhr"), "");
    opened.is(200, "o\n");
    opened.is_readable_by(Some("test"));
    opened.is_never_cached();
    assert_eq!(
        opened.header("content-type"),
        Some("application/javascript; charset=UTF-8")
    );

    let sent = server.ask(post("/000/s/xhr_send"), "[\"x\"]");
    sent.is(204, "");
    sent.is_readable_by(Some("test"));
    sent.is_never_cached();
    assert_eq!(
        sent.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );

    server.ask(post("/000/s/xhr"), "").is(200, "a[\"x\"]\n");
}

#[test]
fn a_session_that_does_not_exist_takes_nothing() {
    let response = Server::echo().post("/000/s/xhr_send", "[\"x\"]");
    assert_eq!(response.status, 404);
    response.is_readable_by(None);
}

#[test]
fn broken_and_missing_payloads_are_named_and_the_session_goes_on() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    server
        .post("/000/s/xhr_send", "[\"x")
        .is(500, "Broken JSON encoding.");
    server
        .post("/000/s/xhr_send", "")
        .is(500, "Payload expected.");
    server.post("/000/s/xhr_send", "[\"a\"]").is(204, "");
    server.post("/000/s/xhr", "").is(200, "a[\"a\"]\n");
}

#[test]
fn a_payload_over_the_limit_is_refused_and_the_session_goes_on() {
    let mut server = Server::echo();
    server.service.payload.bytes_max = 10;
    server.post("/000/s/xhr", "").is(200, "o\n");
    server
        .post("/000/s/xhr_send", "[\"1234567\"]")
        .is(413, "Payload too long.");
    server.post("/000/s/xhr_send", "[\"123456\"]").is(204, "");
    server.post("/000/s/xhr", "").is(200, "a[\"123456\"]\n");
}

#[test]
fn the_content_type_of_a_payload_does_not_matter() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    let types = [
        "text/plain",
        "T",
        "application/json",
        "application/xml",
        "",
        "application/json; charset=utf-8",
        "text/xml; charset=utf-8",
        "text/xml",
    ];
    for content_type in types {
        let request = Request {
            content_type: Some(content_type),
            ..Request::new("POST", "/000/s/xhr_send")
        };
        server.ask(request, "[\"a\"]").is(204, "");
    }
    let all = format!("a[{}]\n", ["\"a\""; 8].join(","));
    server.post("/000/s/xhr", "").is(200, &all);
}

#[test]
fn the_headers_that_a_browser_asks_for_are_allowed() {
    let mut server = Server::echo();
    for (method, requested, allowed) in [
        ("OPTIONS", Some("a, b, c"), Some("a, b, c")),
        ("OPTIONS", Some(""), None),
        ("OPTIONS", None, None),
        ("POST", Some("a, b, c"), Some("a, b, c")),
    ] {
        let request = Request {
            origin: Origin::Allowed("test"),
            requested_headers: requested,
            ..Request::new(method, "/000/s/xhr")
        };
        let response = server.ask(request, "");
        response.is_readable_by(Some("test"));
        assert_eq!(response.header("access-control-allow-headers"), allowed);
    }
}

#[test]
fn an_empty_array_is_a_sign_of_life_without_a_message() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    server.post("/000/s/xhr_send", "[]").is(204, "");
    server.post("/000/s/xhr_send", "[\"a\"]").is(204, "");
    server.post("/000/s/xhr", "").is(200, "a[\"a\"]\n");
}
