//! XhrStreaming: `/*/*/xhr_streaming`.

use crate::http::Ask;
use crate::server::{Server, fresh};

#[tokio::test]
async fn preflight_requests_are_answered() {
    let server = Server::starts().await;
    for origin in [None, Some("test"), Some("null")] {
        let named = origin.map(|origin| ("Origin", origin));
        let path = "/echo/abc/abc/xhr_streaming";
        let answer = server
            .ask(Ask::new("OPTIONS", path).with(named.as_slice()))
            .await;
        answer.is(204, "");
        answer.head.is_cached_for_a_year();
        answer.head.is_readable_by(origin);
        assert_eq!(
            answer.header("access-control-allow-methods"),
            Some("OPTIONS, POST")
        );
    }
}

#[tokio::test]
async fn a_stream_begins_with_two_kilobytes_and_carries_a_frame_per_chunk() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let mut stream = server
        .stream("POST", &format!("{session}/xhr_streaming"))
        .await;
    assert_eq!(
        stream.head.header("content-type"),
        Some("application/javascript; charset=UTF-8")
    );
    stream.head.is_readable_by(None);
    stream.head.is_never_cached();
    assert_eq!(stream.hears().await, "h".repeat(2048) + "\n");
    assert_eq!(stream.hears().await, "o\n");
    let sent = server.post(&format!("{session}/xhr_send"), "[\"x\"]").await;
    sent.is(204, "");
    assert_eq!(stream.hears().await, "a[\"x\"]\n");
}

#[tokio::test]
async fn a_stream_ends_once_it_has_its_bytes_and_the_session_goes_on() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let send = format!("{session}/xhr_send");
    let mut stream = server.xhr_streaming(&session).await;
    assert_eq!(stream.hears().await, "o\n");
    let text = "x".repeat(128);
    for _ in 0..31 {
        server
            .post(&send, &format!("[\"{text}\"]"))
            .await
            .is(204, "");
        assert_eq!(stream.hears().await, format!("a[\"{text}\"]\n"));
    }
    stream.ends().await;

    let mut next = server.xhr_streaming(&session).await;
    server.post(&send, "[\"next\"]").await.is(204, "");
    assert_eq!(next.hears().await, "a[\"next\"]\n");
}
