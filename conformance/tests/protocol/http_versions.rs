//! Http 1.0 and 1.1 chunking.

use crate::http::Ask;
use crate::server::{Server, fresh};

const GREETING: &str = "Welcome to SockJS!\n";
const KEEP_ALIVE: [(&str, &str); 1] = [("Connection", "Keep-Alive")];

#[tokio::test]
async fn http_1_0_gets_a_length_or_an_end_but_no_chunks() {
    let server = Server::starts().await;
    let mut connection = server.connection().await;
    let ask = Ask {
        version: "1.0",
        ..Ask::new("GET", "/echo").with(&KEEP_ALIVE)
    };
    let head = connection.ask(ask).await;
    assert_eq!(head.status, 200);
    assert!(["1.0", "1.1"].contains(&&*head.version));
    assert_eq!(head.header("transfer-encoding"), None);
    assert_eq!(head.header("content-length"), Some("19"));
    assert_eq!(connection.read(19).await, GREETING);
    let kept = head.header("connection").map(str::to_ascii_lowercase);
    assert_eq!(kept.as_deref(), Some("keep-alive"));
    assert_eq!(connection.ask(ask).await.status, 200);
}

#[tokio::test]
async fn http_1_0_without_keep_alive_is_closed_after_the_answer() {
    let server = Server::starts().await;
    let mut connection = server.connection().await;
    let ask = Ask {
        version: "1.0",
        ..Ask::new("GET", "/echo")
    };
    assert_eq!(connection.ask(ask).await.status, 200);
    assert_eq!(connection.rest().await, GREETING);
}

#[tokio::test]
async fn http_1_0_hears_a_stream_up_to_the_end_of_the_connection() {
    let server = Server::starts().await;
    let mut connection = server.connection().await;
    let path = format!("{}/xhr_streaming", fresh("/close"));
    let ask = Ask {
        version: "1.0",
        ..Ask::new("POST", &path).with(&KEEP_ALIVE)
    };
    let head = connection.ask(ask).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("transfer-encoding"), None);
    assert_eq!(head.header("content-length"), None);
    assert_eq!(connection.read(2049).await, "h".repeat(2048) + "\n");
    assert_eq!(connection.rest().await, "o\nc[3000,\"Go away!\"]\n");
}

#[tokio::test]
async fn http_1_1_is_kept_alive() {
    let server = Server::starts().await;
    let mut connection = server.connection().await;
    for _ in 0..2 {
        let head = connection
            .ask(Ask::new("GET", "/echo").with(&KEEP_ALIVE))
            .await;
        assert_eq!((head.status, &*head.version), (200, "1.1"));
        assert_ne!(head.header("connection"), Some("close"));
        assert_eq!(connection.body(&head).await, GREETING);
    }
}

#[tokio::test]
async fn http_1_1_hears_a_stream_in_chunks() {
    let server = Server::starts().await;
    let path = format!("{}/xhr_streaming", fresh("/close"));
    let mut stream = server.stream("POST", &path).await;
    assert_eq!(stream.head.header("transfer-encoding"), Some("chunked"));
    assert_eq!(stream.head.header("content-length"), None);
    assert_eq!(stream.hears().await, "h".repeat(2048) + "\n");
    assert_eq!(stream.hears().await, "o\n");
    assert_eq!(stream.hears().await, "c[3000,\"Go away!\"]\n");
    stream.ends().await;
}
