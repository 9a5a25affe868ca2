//! The WebSocket without SockJS, and the service that says much.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::server::{Server, fresh};

#[tokio::test]
async fn texts_and_bytes_come_back_as_what_they_were() {
    let server = Server::starts().await;
    let mut socket = server.websocket("/ws-echo").await;
    for message in [Message::text("안녕"), Message::binary(&b"\0\xff"[..])] {
        socket.says(message.clone()).await;
        assert_eq!(socket.hears().await, message);
    }
    socket.closes().await;
}

#[tokio::test]
async fn whoever_says_goodbye_hears_it_back() {
    let server = Server::starts().await;
    for path in ["/ws-echo", "/echo/websocket", "/echo/0/0/websocket"] {
        let mut socket = server.websocket(path).await;
        if path.ends_with("0/websocket") {
            assert_eq!(socket.hears_text().await, "o");
        }
        let goodbye = CloseFrame {
            code: CloseCode::Library(4321),
            reason: "enough".into(),
        };
        socket.says(Message::Close(Some(goodbye.clone()))).await;
        assert_eq!(socket.is_closed().await, Some(goodbye), "{path}");
    }
}

#[tokio::test]
async fn sixteen_megabytes_come_back_and_one_byte_more_is_too_big() {
    let server = Server::starts().await;
    let mut socket = server.websocket("/ws-echo").await;
    let largest = Message::binary(vec![7; 16 * 1024 * 1024]);
    socket.says(largest.clone()).await;
    assert!(socket.hears().await == largest);
    socket
        .says(Message::binary(vec![7; 16 * 1024 * 1024 + 1]))
        .await;
    let frame = socket.is_closed().await.expect("a close frame");
    assert_eq!(u16::from(frame.code), 1009);
}

#[tokio::test]
async fn amplify_answers_with_a_power_of_two() {
    let server = Server::starts().await;
    let mut socket = server
        .websocket(&format!("{}/websocket", fresh("/amplify")))
        .await;
    assert_eq!(socket.hears_text().await, "o");
    for (number, bytes) in [("3", 8), ("18", 1 << 18), ("19", 2), ("x", 2)] {
        socket.says(format!("[\"{number}\"]")).await;
        let expected = format!("a[\"{}\"]", "x".repeat(bytes));
        assert!(socket.hears_text().await == expected, "{number}");
    }
}
