//! Raw WebSocket url: `/websocket`.

use crate::server::Server;

#[tokio::test]
async fn messages_travel_without_frames() {
    let server = Server::starts().await;
    let mut socket = server.websocket("/echo/websocket").await;
    socket.says("Hello world!\u{ffff}").await;
    assert_eq!(socket.hears_text().await, "Hello world!\u{ffff}");
    socket.closes().await;
}

#[tokio::test]
async fn a_socket_that_the_server_closes_ends_with_its_reason() {
    let server = Server::starts().await;
    let mut socket = server.websocket("/close/websocket").await;
    let frame = socket.is_closed().await.expect("a close frame");
    assert_eq!(u16::from(frame.code), 3000);
    assert_eq!(frame.reason.as_str(), "Go away!");
}
