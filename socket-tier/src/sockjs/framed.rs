//! A session on a WebSocket of its own.

use std::time::Instant;

use bytes::Bytes;
use sockjs::{PayloadLimits, Quoted, Receiver, Session, Settings, Transmit};
use tokio::time;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::shared_session::now;
use crate::limits::WRITE_TIMEOUT;
use crate::transport::{Close, PeerGone, Received, Transport, WebSocket};

/// A WebSocket with SockJS' frames on it.
pub(super) struct Framed {
    socket: WebSocket,
    session: Session,
    /// Absent once the client broke the rules.
    receiver: Option<Receiver>,
    payload: PayloadLimits,
    /// A frame that the socket has not taken yet.
    next: Option<Utf8Bytes>,
}

impl Framed {
    /// Begins a session on a fresh WebSocket.
    pub(super) fn new(socket: WebSocket, settings: Settings, payload: PayloadLimits) -> Self {
        let mut session = Session::new(settings, now());
        let receiver = session.attach(sockjs::Transport::WebSocket, now());
        Self {
            socket,
            session,
            receiver: Some(receiver),
            payload,
            next: None,
        }
    }

    /// Writes every frame that is due, and says when the next one is. Safe to cancel.
    async fn write_due(&mut self) -> Result<Instant, PeerGone> {
        loop {
            self.socket.feed_from(&mut self.next).await?;
            let receiver = self.receiver.as_mut().ok_or(PeerGone)?;
            match self.session.poll_transmit(receiver, now()) {
                Transmit::Chunk(chunk) => self.next = Some(text(chunk)),
                Transmit::Wait(due) => return Ok(due),
                Transmit::End => return Err(PeerGone),
            }
        }
    }

    /// Lets go of the session, so that no frame follows.
    fn break_off(&mut self, close: Close) -> Received {
        if let Some(receiver) = self.receiver.take() {
            self.session.detach(receiver, now());
        }
        Received::Broken(close)
    }
}

impl Transport for Framed {
    async fn receive(&mut self) -> Received {
        loop {
            if let Some(message) = self.session.poll_message() {
                return Received::Text(message.into());
            }
            let Ok(due) = self.write_due().await else {
                return Received::Gone;
            };
            if self.socket.flush().await.is_err() {
                return Received::Gone;
            }
            let received = match time::timeout_at(due.into(), self.socket.receive()).await {
                Ok(received) => received,
                Err(_) => continue,
            };
            let text = match received {
                Received::Text(text) => text,
                Received::Binary(_) => {
                    return self.break_off(Close::new(1003, "SockJS carries text alone"));
                }
                Received::Broken(close) => return self.break_off(close),
                Received::Gone => return Received::Gone,
            };
            let messages = match sockjs::websocket_message(&text, self.payload) {
                Ok(messages) => messages,
                Err(error) => return self.break_off(Close::new(1002, error.to_string())),
            };
            if self.session.receive(messages).is_err() {
                return Received::Gone;
            }
        }
    }

    async fn feed(&mut self, text: Utf8Bytes) -> Result<(), PeerGone> {
        self.session
            .send(Quoted::new(&text), now())
            .map_err(|_| PeerGone)?;
        self.write_due().await.map(drop)
    }

    async fn flush(&mut self) -> Result<(), PeerGone> {
        self.socket.flush().await
    }

    async fn rest(&mut self) {
        self.socket.rest().await;
    }

    async fn close(mut self, close: Close) {
        let frame = sockjs::Close::new(close.code, close.reason.clone());
        self.session.close(frame, now());
        // Where the last frame cannot be written, neither can what follows.
        let _ = time::timeout(WRITE_TIMEOUT, self.write_due()).await;
        self.socket.close(close).await;
    }
}

fn text(frame: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(frame).expect("SockJS frames are UTF-8")
}
