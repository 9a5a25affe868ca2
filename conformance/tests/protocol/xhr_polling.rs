//! XhrPolling: `/*/*/xhr`, `/*/*/xhr_send`.

use crate::http::Ask;
use crate::server::{Server, fresh};

#[tokio::test]
async fn both_paths_answer_preflight_requests() {
    let server = Server::starts().await;
    for path in ["/echo/abc/abc/xhr", "/echo/abc/abc/xhr_send"] {
        for origin in [None, Some("test"), Some("null")] {
            let named = origin.map(|origin| ("Origin", origin));
            let ask = Ask::new("OPTIONS", path).with(named.as_slice());
            let answer = server.ask(ask).await;
            answer.is(204, "");
            answer.head.is_cached_for_a_year();
            answer.head.is_readable_by(origin);
            assert_eq!(
                answer.header("access-control-allow-methods"),
                Some("OPTIONS, POST")
            );
            assert_eq!(answer.header("access-control-max-age"), Some("31536000"));
        }
    }
}

#[tokio::test]
async fn messages_travel_with_the_headers_that_browsers_need() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));

    let opened = server.post(&xhr, "").await;
    opened.is(200, "o\n");
    assert_eq!(
        opened.header("content-type"),
        Some("application/javascript; charset=UTF-8")
    );
    opened.head.is_readable_by(None);
    opened.head.is_never_cached();

    let sent = server.post(&send, "[\"x\"]").await;
    sent.is(204, "");
    assert_eq!(
        sent.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    sent.head.is_readable_by(None);
    sent.head.is_never_cached();

    server.post(&xhr, "").await.is(200, "a[\"x\"]\n");
}

#[tokio::test]
async fn a_session_that_does_not_exist_takes_nothing() {
    let server = Server::starts().await;
    for body in ["[\"x\"]", "", "broken"] {
        let answer = server
            .post(&format!("{}/xhr_send", fresh("/echo")), body)
            .await;
        assert_eq!(answer.head.status, 404, "{body}");
    }
}

#[tokio::test]
async fn broken_and_missing_payloads_are_named_and_the_session_goes_on() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));
    server.post(&xhr, "").await.is(200, "o\n");
    server
        .post(&send, "[\"x")
        .await
        .is(500, "Broken JSON encoding.");
    server.post(&send, "").await.is(500, "Payload expected.");
    server.post(&send, "[\"a\"]").await.is(204, "");
    server.post(&xhr, "").await.is(200, "a[\"a\"]\n");
}

#[tokio::test]
async fn a_payload_over_the_limit_is_refused_and_the_session_goes_on() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));
    server.post(&xhr, "").await.is(200, "o\n");
    let text = "x".repeat(socket_tier::limits::SOCKJS_PAYLOAD_BYTES_MAX);
    let refused = server.post(&send, &format!("[\"{text}\"]")).await;
    refused.is(413, "Payload too long.");
    server.post(&send, "[\"a\"]").await.is(204, "");
    server.post(&xhr, "").await.is(200, "a[\"a\"]\n");
}

#[tokio::test]
async fn the_content_type_of_a_payload_does_not_matter() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));
    server.post(&xhr, "").await.is(200, "o\n");
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
        let named = [("Content-Type", content_type)];
        let sent = server
            .ask(Ask::new("POST", &send).with(&named).body("[\"a\"]"))
            .await;
        sent.is(204, "");
    }
    let all = format!("a[{}]\n", ["\"a\""; 8].join(","));
    server.post(&xhr, "").await.is(200, &all);
}

#[tokio::test]
async fn the_headers_that_a_browser_asks_for_are_allowed() {
    let server = Server::starts().await;
    for (requested, allowed) in [
        (Some("a, b, c"), Some("a, b, c")),
        (Some(""), None),
        (None, None),
    ] {
        let named = requested.map(|names| ("Access-Control-Request-Headers", names));
        let xhr = format!("{}/xhr", fresh("/echo"));
        let answer = server
            .ask(Ask::new("POST", &xhr).with(named.as_slice()))
            .await;
        answer.is(200, "o\n");
        answer.head.is_readable_by(None);
        assert_eq!(answer.header("access-control-allow-headers"), allowed);
    }
}
