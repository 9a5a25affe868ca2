//! JsonpPolling: `/*/*/jsonp`, `/*/*/jsonp_send`.

use crate::http::{Answer, Ask};
use crate::server::{Server, fresh};

const FORM: &str = "application/x-www-form-urlencoded";

async fn send(server: &Server, session: &str, content_type: &str, body: &str) -> Answer {
    let path = format!("{session}/jsonp_send");
    let named = [("Content-Type", content_type)];
    server
        .ask(Ask::new("POST", &path).with(&named).body(body))
        .await
}

#[tokio::test]
async fn frames_come_as_calls_and_messages_go_as_forms() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let poll = format!("{session}/jsonp?c=%63allback");
    let opened = server.get(&poll).await;
    opened.is(200, "/**/callback(\"o\");\r\n");
    assert_eq!(
        opened.header("content-type"),
        Some("application/javascript; charset=UTF-8")
    );
    opened.head.is_never_cached();

    let sent = send(&server, &session, FORM, "d=%5B%22x%22%5D").await;
    sent.is(200, "ok");
    assert_eq!(
        sent.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    sent.head.is_never_cached();

    let heard = server.get(&poll).await;
    heard.is(200, "/**/callback(\"a[\\\"x\\\"]\");\r\n");
}

#[tokio::test]
async fn a_request_without_a_callback_is_refused() {
    let server = Server::starts().await;
    let answer = server.get("/echo/a/a/jsonp").await;
    answer.is(500, "\"callback\" parameter required");
}

#[tokio::test]
async fn broken_and_missing_payloads_are_named_and_the_session_goes_on() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let poll = format!("{session}/jsonp?c=x");
    server.get(&poll).await.is(200, "/**/x(\"o\");\r\n");
    let broken = send(&server, &session, FORM, "d=%5B%22x").await;
    broken.is(500, "Broken JSON encoding.");
    for body in ["", "d=", "p=p"] {
        let missing = send(&server, &session, FORM, body).await;
        missing.is(500, "Payload expected.");
    }
    send(&server, &session, FORM, "d=%5B%22b%22%5D")
        .await
        .is(200, "ok");
    let heard = server.get(&poll).await;
    heard.is(200, "/**/x(\"a[\\\"b\\\"]\");\r\n");
}

#[tokio::test]
async fn a_form_is_decoded_and_plain_text_is_not() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let poll = format!("{session}/jsonp?c=x");
    server.get(&poll).await.is(200, "/**/x(\"o\");\r\n");
    let form = send(&server, &session, FORM, "d=%5B%22abc%22%5D").await;
    form.is(200, "ok");
    let plain = send(&server, &session, "text/plain", "[\"%61bc\"]").await;
    plain.is(200, "ok");
    let heard = server.get(&poll).await;
    heard.is(200, "/**/x(\"a[\\\"abc\\\",\\\"%61bc\\\"]\");\r\n");
}

#[tokio::test]
async fn a_session_that_the_server_closes_says_so_every_time() {
    let server = Server::starts().await;
    let poll = format!("{}/jsonp?c=x", fresh("/close"));
    server.get(&poll).await.is(200, "/**/x(\"o\");\r\n");
    for _ in 0..2 {
        let heard = server.get(&poll).await;
        heard.is(200, "/**/x(\"c[3000,\\\"Go away!\\\"]\");\r\n");
    }
}
