//! WebSocket protocols: `/*/*/websocket`. The list's drafts of the protocol from before RFC 6455
//! (hixie-76, hybi-07, hybi-10) are not spoken here.

use tokio_tungstenite::tungstenite::Message;

use crate::http::Ask;
use crate::server::{Server, fresh};

/// The handshake of the list's own test.
const KEY: (&str, &str) = ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw==");
const ACCEPT: &str = "HSmrc0sMlYUkAGmm5OPpG2HaGWk=";

#[tokio::test]
async fn what_asks_for_no_websocket_gets_none() {
    let server = Server::starts().await;
    let answer = server.get("/echo/0/0/websocket").await;
    answer.is(400, "Can \"Upgrade\" only to \"WebSocket\".");
}

#[tokio::test]
async fn a_connection_header_that_a_proxy_rewrote_is_refused() {
    let server = Server::starts().await;
    let rewritten = [("Upgrade", "WebSocket"), ("Connection", "close")];
    let answer = server
        .ask(Ask::new("GET", "/echo/0/0/websocket").with(&rewritten))
        .await;
    answer.is(400, "\"Connection\" must be \"Upgrade\".");
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    let server = Server::starts().await;
    let upgrade = [("Upgrade", "WebSocket"), ("Connection", "Upgrade")];
    for headers in [&upgrade[..], &[]] {
        let answer = server
            .ask(Ask::new("POST", "/echo/0/0/websocket").with(headers))
            .await;
        answer.is(405, "");
        assert_eq!(answer.header("content-type"), None);
        assert_eq!(answer.header("allow"), Some("GET"));
    }
}

#[tokio::test]
async fn the_handshake_is_answered_with_its_key_also_where_firefox_keeps_alive() {
    let server = Server::starts().await;
    for connection in ["Upgrade", "keep-alive, Upgrade"] {
        let path = format!("{}/websocket", fresh("/echo"));
        let headers = [
            ("Upgrade", "websocket"),
            ("Connection", connection),
            ("Sec-WebSocket-Version", "13"),
            KEY,
        ];
        let mut asking = server.connection().await;
        let head = asking.ask(Ask::new("GET", &path).with(&headers)).await;
        assert_eq!(head.status, 101, "{connection}");
        assert_eq!(head.header("sec-websocket-accept"), Some(ACCEPT));
        let upgrade = head.header("upgrade").map(str::to_ascii_lowercase);
        assert_eq!(upgrade.as_deref(), Some("websocket"));
        let connection = head.header("connection").map(str::to_ascii_lowercase);
        assert_eq!(connection.as_deref(), Some("upgrade"));
        assert_eq!(head.header("content-length"), None);
    }
}

#[tokio::test]
async fn a_draft_of_the_protocol_is_told_which_version_is_spoken() {
    let server = Server::starts().await;
    for version in ["7", "8"] {
        let path = format!("{}/websocket", fresh("/echo"));
        let headers = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", version),
            KEY,
        ];
        let answer = server.ask(Ask::new("GET", &path).with(&headers)).await;
        assert_eq!(answer.head.status, 426, "{version}");
        assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    }
}

#[tokio::test]
async fn messages_go_as_arrays_or_alone_and_come_as_frames() {
    let server = Server::starts().await;
    let mut socket = server
        .websocket(&format!("{}/websocket", fresh("/echo")))
        .await;
    assert_eq!(socket.hears_text().await, "o");
    socket.says("[\"a\"]").await;
    assert_eq!(socket.hears_text().await, "a[\"a\"]");
    socket.says("\"b\"").await;
    assert_eq!(socket.hears_text().await, "a[\"b\"]");
    socket.closes().await;
}

#[tokio::test]
async fn empty_messages_are_ignored() {
    let server = Server::starts().await;
    let mut socket = server
        .websocket(&format!("{}/websocket", fresh("/echo")))
        .await;
    assert_eq!(socket.hears_text().await, "o");
    socket.says("").await;
    socket.says("[]").await;
    socket.says("[\"a\"]").await;
    assert_eq!(socket.hears_text().await, "a[\"a\"]");
}

#[tokio::test]
async fn a_closed_session_says_so_and_closes_the_socket() {
    let server = Server::starts().await;
    let mut socket = server
        .websocket(&format!("{}/websocket", fresh("/close")))
        .await;
    assert_eq!(socket.hears_text().await, "o");
    assert_eq!(socket.hears_text().await, "c[3000,\"Go away!\"]");
    let frame = socket.is_closed().await.expect("a close frame");
    assert_eq!(u16::from(frame.code), 3000);
}

#[tokio::test]
async fn a_session_id_may_be_used_again_and_at_the_same_time() {
    let server = Server::starts().await;
    let path = format!("{}/websocket", fresh("/echo"));
    let mut first = server.websocket(&path).await;
    assert_eq!(first.hears_text().await, "o");
    let mut second = server.websocket(&path).await;
    assert_eq!(second.hears_text().await, "o");
    first.says("[\"a\"]").await;
    assert_eq!(first.hears_text().await, "a[\"a\"]");
    second.says("[\"b\"]").await;
    assert_eq!(second.hears_text().await, "a[\"b\"]");
    first.closes().await;
    second.closes().await;

    let mut again = server.websocket(&path).await;
    assert_eq!(again.hears_text().await, "o");
    again.says("[\"a\"]").await;
    assert_eq!(again.hears_text().await, "a[\"a\"]");
}

#[tokio::test]
async fn broken_json_ends_the_socket_at_once() {
    let server = Server::starts().await;
    let mut socket = server
        .websocket(&format!("{}/websocket", fresh("/echo")))
        .await;
    assert_eq!(socket.hears_text().await, "o");
    socket.says("[\"a").await;
    let frame = socket.is_closed().await.expect("a close frame");
    assert_eq!(u16::from(frame.code), 1002);
}

#[tokio::test]
async fn a_binary_message_ends_the_socket_since_frames_are_text() {
    let server = Server::starts().await;
    let mut socket = server
        .websocket(&format!("{}/websocket", fresh("/echo")))
        .await;
    assert_eq!(socket.hears_text().await, "o");
    socket.says(Message::binary(&b"[\"a\"]"[..])).await;
    let frame = socket.is_closed().await.expect("a close frame");
    assert_eq!(u16::from(frame.code), 1003);
}

#[tokio::test]
async fn a_websocket_where_they_are_off_is_not_found() {
    let server = Server::starts().await;
    let upgrade = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        KEY,
    ];
    for path in ["/0/0/websocket", "/websocket"] {
        let path = format!("/disabled_websocket_echo{path}");
        let answer = server.ask(Ask::new("GET", &path).with(&upgrade)).await;
        assert_eq!(answer.head.status, 404, "{path}");
    }
}
