//! What carries a STOMP session: a socket that takes texts and gives bytes.

use std::future::Future;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::limits::{
    CLOSE_TIMEOUT, WEBSOCKET_MESSAGE_BYTES_MAX, WEBSOCKET_READ_BUFFER_BYTES, WRITE_CHUNK_BYTES,
};

/// Why a connection ends: the WebSocket close code and a reason of at most 123 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    /// The code (RFC 6455, section 7.4, and this system's own from 4000 on).
    pub(crate) code: u16,
    /// The reason, for people and for the advised delay.
    pub(crate) reason: String,
}

impl Close {
    /// An end with this code and reason.
    pub(crate) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// What came from the peer.
pub(crate) enum Received {
    /// Bytes of STOMP.
    Data(Bytes),
    /// The peer is gone, with or without a closing handshake.
    Gone,
    /// The peer broke the rules of the transport.
    Broken(Close),
}

/// Carries one STOMP session.
pub(crate) trait Transport: Send {
    /// Waits for what the peer sends. Safe to cancel.
    fn receive(&mut self) -> impl Future<Output = Received> + Send;

    /// Puts one frame behind those that wait to be written.
    fn feed(&mut self, frame: Utf8Bytes) -> impl Future<Output = Result<(), PeerGone>> + Send;

    /// Writes all that waits.
    fn flush(&mut self) -> impl Future<Output = Result<(), PeerGone>> + Send;

    /// Ends the connection, telling the peer why; takes a bounded time.
    fn close(self, close: Close) -> impl Future<Output = ()> + Send;
}

/// The peer no longer takes anything.
#[derive(Debug)]
pub(crate) struct PeerGone;

/// A session over a WebSocket (RFC 6455), each frame a text message.
pub(crate) struct WebSocket(WebSocketStream<TokioIo<Upgraded>>);

impl WebSocket {
    /// Takes an upgraded connection.
    pub(crate) async fn new(upgraded: Upgraded) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(WEBSOCKET_READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_CHUNK_BYTES)
            .max_write_buffer_size(4 * WRITE_CHUNK_BYTES)
            .max_message_size(Some(WEBSOCKET_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(WEBSOCKET_MESSAGE_BYTES_MAX));
        let io = TokioIo::new(upgraded);
        Self(WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await)
    }
}

impl Transport for WebSocket {
    async fn receive(&mut self) -> Received {
        loop {
            return match self.0.next().await {
                Some(Ok(Message::Text(text))) => Received::Data(text.into()),
                Some(Ok(Message::Binary(bytes))) => Received::Data(bytes),
                // Answered by the WebSocket library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) | None => Received::Gone,
                Some(Err(error)) => broken(&error),
            };
        }
    }

    async fn feed(&mut self, frame: Utf8Bytes) -> Result<(), PeerGone> {
        self.0
            .feed(Message::Text(frame))
            .await
            .map_err(|_| PeerGone)
    }

    async fn flush(&mut self) -> Result<(), PeerGone> {
        self.0.flush().await.map_err(|_| PeerGone)
    }

    async fn close(mut self, close: Close) {
        let frame = CloseFrame {
            code: close.code.into(),
            reason: close.reason.into(),
        };
        // Reading on until the peer's answer keeps the kernel from resetting the connection while
        // the last frames are still on their way (RFC 6455, section 7.1.1).
        let closing = async {
            if self.0.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        };
        let _ = time::timeout(CLOSE_TIMEOUT, closing).await;
    }
}

fn broken(error: &Error) -> Received {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Received::Broken(Close::new(
            1009,
            format!("a message has more than {WEBSOCKET_MESSAGE_BYTES_MAX} bytes"),
        )),
        Error::Utf8(_) => Received::Broken(Close::new(1007, "a text message is not UTF-8")),
        Error::Protocol(error) => {
            let mut reason = error.to_string();
            reason.truncate(reason.floor_char_boundary(CLOSE_REASON_BYTES_MAX));
            Received::Broken(Close::new(1002, reason))
        }
        _ => Received::Gone,
    }
}

/// What fits beside the code into a close frame (RFC 6455, section 5.5).
const CLOSE_REASON_BYTES_MAX: usize = 123;
