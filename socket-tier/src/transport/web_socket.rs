//! A session over a WebSocket (RFC 6455).

use std::future;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{self, AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::tally::Tally;
use super::{Close, PeerGone, Received, Transport};
use crate::limits::{CLOSE_TIMEOUT, WEBSOCKET_READ_BUFFER_BYTES, WRITE_CHUNK_BYTES};

/// A WebSocket: each text is a message of its own.
pub struct WebSocket {
    /// In a box: each future on the way that takes the socket by value keeps a place for it, as long
    /// as the connection lives.
    stream: Box<WebSocketStream<Tally<TokioIo<Upgraded>>>>,
    message_bytes_max: usize,
    /// How many bytes the messages had that were received, with the shortest frames they fit in.
    taken: u64,
    /// Whether a message was larger than the buffer that is read into, which never shrinks.
    has_grown: bool,
    peer: Peer,
}

/// How far the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Talking,
    /// It began the closing handshake (RFC 6455, section 7.1.3).
    Closing,
    /// It broke the rules, so that what it sends can no longer be told apart.
    Broken,
}

impl WebSocket {
    /// Takes an upgraded connection, whose messages have `message_bytes_max` bytes at the most;
    /// a larger one ends it with 1009.
    pub(crate) async fn new(upgraded: Upgraded, message_bytes_max: usize) -> Self {
        let io = TokioIo::new(upgraded);
        Self {
            stream: Box::new(stream(io, message_bytes_max).await),
            message_bytes_max,
            taken: 0,
            has_grown: false,
            peer: Peer::Talking,
        }
    }

    fn note(&mut self, message: &Message) {
        let framed = framed_bytes(message.len());
        self.taken += framed;
        self.has_grown |= framed > WEBSOCKET_READ_BUFFER_BYTES as u64;
    }

    /// Gives back the buffers, which have become larger than an idle connection needs, where all
    /// is written and nothing that was read is still in them.
    ///
    /// No message can have come in fewer bytes than are counted as taken. Where no more than these
    /// were read, nothing is left.
    async fn give_back(&mut self) {
        let may = self.has_grown && self.peer == Peer::Talking;
        if !may || self.stream.get_ref().received() != self.taken {
            return;
        }
        if let Some(io) = self.stream.get_mut().take() {
            *self.stream = stream(io, self.message_bytes_max).await;
            self.taken = 0;
            self.has_grown = false;
        }
    }

    /// Puts one binary message behind those that wait to be written.
    ///
    /// # Errors
    /// The peer takes nothing any more.
    pub async fn feed_binary(&mut self, bytes: Bytes) -> Result<(), PeerGone> {
        let message = Message::Binary(bytes);
        self.stream.feed(message).await.map_err(|_| PeerGone)
    }

    /// Puts the text, if there is one, behind those that wait to be written. Safe to cancel: the
    /// text is taken only once there is room for it.
    pub(crate) async fn feed_from(&mut self, text: &mut Option<Utf8Bytes>) -> Result<(), PeerGone> {
        if text.is_none() {
            return Ok(());
        }
        let roomy = future::poll_fn(|context| self.stream.poll_ready_unpin(context));
        roomy.await.map_err(|_| PeerGone)?;
        if let Some(text) = text.take() {
            let message = Message::Text(text);
            self.stream
                .start_send_unpin(message)
                .map_err(|_| PeerGone)?;
        }
        Ok(())
    }

    fn broken(&self, error: &Error) -> Received {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Received::Broken(Close::new(
                1009,
                format!("a message has more than {} bytes", self.message_bytes_max),
            )),
            Error::Utf8(_) => Received::Broken(Close::new(1007, "a text message is not UTF-8")),
            Error::Protocol(error) => {
                let mut reason = error.to_string();
                reason.truncate(reason.floor_char_boundary(Close::REASON_BYTES_MAX));
                Received::Broken(Close::new(1002, reason))
            }
            _ => Received::Gone,
        }
    }
}

/// A WebSocket on a connection of which no frame was begun.
async fn stream<S>(io: S, message_bytes_max: usize) -> WebSocketStream<Tally<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(WEBSOCKET_READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_CHUNK_BYTES)
        .max_write_buffer_size(4 * WRITE_CHUNK_BYTES.max(message_bytes_max))
        .max_message_size(Some(message_bytes_max))
        .max_frame_size(Some(message_bytes_max));
    let stream = WebSocketStream::from_raw_socket(Tally::new(io), Role::Server, Some(config));
    Box::pin(stream).await
}

/// The least bytes that a client's message takes on the wire: that of one frame with its mask
/// (RFC 6455, section 5.2).
fn framed_bytes(payload: usize) -> u64 {
    let head = match payload {
        0..=125 => 6,
        126..=65_535 => 8,
        _ => 14,
    };
    head + payload as u64
}

impl Transport for WebSocket {
    async fn receive(&mut self) -> Received {
        loop {
            let message = self.stream.next().await;
            if let Some(Ok(message)) = &message {
                self.note(message);
            }
            return match message {
                Some(Ok(Message::Text(text))) => Received::Text(text),
                Some(Ok(Message::Binary(bytes))) => Received::Binary(bytes),
                // Answered by the WebSocket library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) => {
                    self.peer = Peer::Closing;
                    Received::Gone
                }
                None => Received::Gone,
                Some(Err(error)) => {
                    self.peer = Peer::Broken;
                    self.broken(&error)
                }
            };
        }
    }

    async fn feed(&mut self, text: Utf8Bytes) -> Result<(), PeerGone> {
        let message = Message::Text(text);
        self.stream.feed(message).await.map_err(|_| PeerGone)
    }

    async fn flush(&mut self) -> Result<(), PeerGone> {
        self.stream.flush().await.map_err(|_| PeerGone)
    }

    async fn rest(&mut self) {
        self.give_back().await;
    }

    async fn close(mut self, close: Close) {
        let frame = CloseFrame {
            code: close.code.into(),
            reason: close.reason.into(),
        };
        // Reading on until the peer's answer keeps the kernel from resetting the connection while
        // the last frames are still on their way (RFC 6455, section 7.1.1).
        let closing = async {
            let said = match self.peer {
                // The answer is the library's, which has it ready.
                Peer::Closing => self.stream.flush().await,
                Peer::Talking | Peer::Broken => self.stream.as_mut().close(Some(frame)).await,
            };
            if said.is_err() {
                return;
            }
            if self.peer == Peer::Broken {
                let connection = self.stream.get_mut();
                if connection.shutdown().await.is_ok() {
                    let _ = io::copy(connection, &mut io::sink()).await;
                }
            } else {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = time::timeout(CLOSE_TIMEOUT, closing).await;
    }
}
