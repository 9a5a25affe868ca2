//! `jsonp` and `jsonp_send`.

use sockjs::Request;

use crate::server::{Response, Server};

const FORM: &str = "application/x-www-form-urlencoded";

fn send(server: &mut Server, content_type: &str, body: &str) -> Response {
    let request = Request {
        content_type: Some(content_type),
        ..Request::new("POST", "/000/s/jsonp_send")
    };
    server.ask(request, body)
}

#[test]
fn frames_come_as_calls_and_messages_go_as_forms() {
    let mut server = Server::echo();
    let opened = server.get("/000/s/jsonp?c=%63allback");
    opened.is(200, "/**/callback(\"o\");\r\n");
    opened.is_never_cached();
    assert_eq!(
        opened.header("content-type"),
        Some("application/javascript; charset=UTF-8")
    );
    assert_eq!(opened.header("x-content-type-options"), Some("nosniff"));

    let sent = send(&mut server, FORM, "d=%5B%22x%22%5D");
    sent.is(200, "ok");
    sent.is_never_cached();
    assert_eq!(
        sent.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );

    server
        .get("/000/s/jsonp?c=%63allback")
        .is(200, "/**/callback(\"a[\\\"x\\\"]\");\r\n");
}

#[test]
fn a_request_without_a_good_callback_is_refused() {
    let mut server = Server::echo();
    server
        .get("/a/a/jsonp")
        .is(500, "\"callback\" parameter required");
    for name in ["%20", "*", "abc(", "abc%28"] {
        server
            .get(&format!("/a/a/jsonp?c={name}"))
            .is(500, "invalid \"callback\" parameter");
    }
}

#[test]
fn broken_and_missing_payloads_are_named_and_the_session_goes_on() {
    let mut server = Server::echo();
    server.get("/000/s/jsonp?c=x").is(200, "/**/x(\"o\");\r\n");
    send(&mut server, FORM, "d=%5B%22x").is(500, "Broken JSON encoding.");
    for body in ["", "d=", "p=p"] {
        send(&mut server, FORM, body).is(500, "Payload expected.");
    }
    send(&mut server, FORM, "d=%5B%22b%22%5D").is(200, "ok");
    server
        .get("/000/s/jsonp?c=x")
        .is(200, "/**/x(\"a[\\\"b\\\"]\");\r\n");
}

#[test]
fn a_form_is_decoded_and_plain_text_is_not() {
    let mut server = Server::echo();
    server.get("/000/s/jsonp?c=x").is(200, "/**/x(\"o\");\r\n");
    send(&mut server, FORM, "d=%5B%22abc%22%5D").is(200, "ok");
    send(&mut server, "text/plain", "[\"%61bc\"]").is(200, "ok");
    server
        .get("/000/s/jsonp?c=x")
        .is(200, "/**/x(\"a[\\\"abc\\\",\\\"%61bc\\\"]\");\r\n");
}

#[test]
fn a_closed_session_says_so_every_time() {
    let mut server = Server::close();
    server.get("/000/s/jsonp?c=x").is(200, "/**/x(\"o\");\r\n");
    for _ in 0..2 {
        server
            .get("/000/s/jsonp?c=x")
            .is(200, "/**/x(\"c[3000,\\\"Go away!\\\"]\");\r\n");
    }
}

#[test]
fn an_empty_array_is_a_sign_of_life_without_a_message() {
    let mut server = Server::echo();
    server.get("/000/s/jsonp?c=x").is(200, "/**/x(\"o\");\r\n");
    send(&mut server, FORM, "d=%5B%5D").is(200, "ok");
    send(&mut server, FORM, "d=%5B%22x%22%5D").is(200, "ok");
    server
        .get("/000/s/jsonp?c=x")
        .is(200, "/**/x(\"a[\\\"x\\\"]\");\r\n");
}

#[test]
fn a_session_that_does_not_exist_takes_nothing() {
    assert_eq!(send(&mut Server::echo(), FORM, "d=%5B%5D").status, 404);
}
