//! EventSource: `/*/*/eventsource`.

use crate::server::{Server, fresh};

#[tokio::test]
async fn a_stream_begins_with_an_empty_line_and_carries_an_event_per_chunk() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let send = format!("{session}/xhr_send");
    let mut stream = server
        .stream("GET", &format!("{session}/eventsource"))
        .await;
    assert_eq!(
        stream.head.header("content-type"),
        Some("text/event-stream")
    );
    stream.head.is_never_cached();
    assert_eq!(stream.hears().await, "\r\n");
    assert_eq!(stream.hears().await, "data: o\r\n\r\n");
    server.post(&send, "[\"x\"]").await.is(204, "");
    assert_eq!(stream.hears().await, "data: a[\"x\"]\r\n\r\n");
    // What the format cannot carry stays escaped.
    server.post(&send, r#"["  \u0000\n\r "]"#).await.is(204, "");
    assert_eq!(
        stream.hears().await,
        "data: a[\"  \\u0000\\n\\r \"]\r\n\r\n"
    );
}

#[tokio::test]
async fn a_stream_ends_once_it_has_its_bytes() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let mut stream = server
        .stream("GET", &format!("{session}/eventsource"))
        .await;
    assert_eq!(stream.hears().await, "\r\n");
    assert_eq!(stream.hears().await, "data: o\r\n\r\n");
    let text = "x".repeat(4096);
    let sent = server
        .post(&format!("{session}/xhr_send"), &format!("[\"{text}\"]"))
        .await;
    sent.is(204, "");
    assert_eq!(stream.hears().await, format!("data: a[\"{text}\"]\r\n\r\n"));
    stream.ends().await;
}
