//! A WebSocket that says what it hears, for suites such as Autobahn's.

use axum::extract::Request;
use axum::response::Response;
use socket_tier::transport::{Close, Received, Transport, WebSocket};
use socket_tier::upgrade::Handshake;
use tokio_util::task::TaskTracker;

/// The largest message, in bytes: what the suites' limits tests send.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// `GET /ws-echo`.
pub(crate) fn open(request: Request, sockets: &TaskTracker) -> Response {
    let handshake = Handshake {
        subprotocols: &[],
        message_bytes_max: MESSAGE_BYTES_MAX,
    };
    handshake.accept(request, sockets, echo)
}

async fn echo(mut socket: WebSocket) {
    let close = loop {
        let fed = match socket.receive().await {
            Received::Text(text) => socket.feed(text).await,
            Received::Binary(bytes) => socket.feed_binary(bytes).await,
            Received::Gone => break Close::new(1000, "the peer is gone"),
            Received::Broken(close) => break close,
        };
        if fed.is_err() || socket.flush().await.is_err() {
            break Close::new(1000, "the peer is gone");
        }
    };
    socket.close(close).await;
}
