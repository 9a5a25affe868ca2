//! The client's half of STOMP over a WebSocket: as much of it as talking and listening need.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use stomp::{Command, Decoder, Frame, Headers, Limits, Version};
use tokio::time::{self, Instant};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::dial::{Stream, dial};
use crate::endpoint::Endpoint;

/// How long both handshakes may take together.
const CONNECT_MAX: Duration = Duration::from_secs(15);

/// How long the server may take to take what is said.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// How often something is sent, in milliseconds, and how often something is to be heard.
const HEARTBEAT_MS: u32 = 10_000;

/// How long nothing may be heard: twice what was agreed (STOMP 1.2, "Heart-beating").
const SILENCE_MAX: Duration = Duration::from_millis(2 * HEARTBEAT_MS as u64);

/// How long nothing is said before a heart-beat is sent.
const BEAT_AFTER: Duration = Duration::from_millis(HEARTBEAT_MS as u64 / 2);

/// What is read from a socket at once, in bytes: thousands of sockets have such a buffer each.
const READ_BYTES: usize = 8 * 1024;

/// An open session.
pub(crate) struct Connection {
    socket: WebSocketStream<Box<dyn Stream>>,
    decoder: Decoder,
    heard_at: Instant,
    said_at: Instant,
}

/// Why a session is over.
#[derive(Debug)]
pub(crate) struct Broken {
    /// The server's close code, where it sent one.
    pub(crate) code: Option<u16>,
    /// Why, in words.
    pub(crate) reason: String,
}

impl Broken {
    /// The end of a session that the client saw coming.
    pub(crate) fn because(reason: impl ToString) -> Self {
        Self {
            code: None,
            reason: reason.to_string(),
        }
    }

    /// How long the server advises to wait.
    pub(crate) fn advice(&self) -> Option<Duration> {
        let (_, advice) = self.reason.split_once("retry-after-ms=")?;
        advice.trim().parse().ok().map(Duration::from_millis)
    }
}

impl Connection {
    /// Opens a session.
    pub(crate) async fn open(endpoint: &Endpoint, token: Option<&str>) -> Result<Self, Broken> {
        time::timeout(CONNECT_MAX, Self::connect(endpoint, token))
            .await
            .unwrap_or_else(|_| Err(Broken::because("no session in time")))
    }

    async fn connect(endpoint: &Endpoint, token: Option<&str>) -> Result<Self, Broken> {
        let stream = dial(endpoint).await.map_err(Broken::because)?;
        let mut request = endpoint
            .uri()
            .into_client_request()
            .map_err(Broken::because)?;
        request.headers_mut().insert(
            "Sec-WebSocket-Protocol",
            HeaderValue::from_static("v12.stomp"),
        );
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0);
        let (socket, _) = client_async_with_config(request, stream, Some(config))
            .await
            .map_err(Broken::because)?;
        let now = Instant::now();
        let mut connection = Self {
            socket,
            decoder: Decoder::new(Arc::new(Limits::default())),
            heard_at: now,
            said_at: now,
        };
        let heartbeat = format!("{HEARTBEAT_MS},{HEARTBEAT_MS}");
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![
            ("accept-version", "1.2"),
            ("host", endpoint.host()),
            ("heart-beat", &heartbeat),
        ];
        headers.extend(
            authorization
                .as_deref()
                .map(|value| ("Authorization", value)),
        );
        connection.say(Command::Connect, &headers, "").await?;
        let answer = connection.hear().await?;
        if answer.command != Command::Connected {
            return Err(refused(&answer));
        }
        Ok(connection)
    }

    /// Sends a frame.
    pub(crate) async fn say(
        &mut self,
        command: Command,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<(), Broken> {
        let frame = Frame {
            command,
            headers: Headers::from_iter(headers.iter().copied()),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let mut bytes = BytesMut::new();
        frame.encode(Version::V1_2, &mut bytes);
        let text = Utf8Bytes::try_from(bytes.freeze()).map_err(Broken::because)?;
        self.transmit(text).await
    }

    async fn transmit(&mut self, text: Utf8Bytes) -> Result<(), Broken> {
        self.said_at = Instant::now();
        match time::timeout(WRITE_MAX, self.socket.send(Message::Text(text))).await {
            Ok(sent) => sent.map_err(Broken::because),
            Err(_) => Err(Broken::because("the server takes nothing")),
        }
    }

    /// The next frame. Sends heart-beats meanwhile; nothing is lost where it is not waited for to
    /// the end.
    pub(crate) async fn hear(&mut self) -> Result<Frame, Broken> {
        loop {
            if let Some(frame) = self.decoder.next_frame().map_err(Broken::because)? {
                return Ok(frame);
            }
            let silent_at = self.heard_at + SILENCE_MAX;
            let beat_at = self.said_at + BEAT_AFTER;
            tokio::select! {
                received = self.socket.next() => {
                    self.heard_at = Instant::now();
                    self.take(received)?;
                }
                () = time::sleep_until(beat_at) => {
                    self.transmit(Utf8Bytes::from_static("\n")).await?;
                }
                () = time::sleep_until(silent_at) => {
                    return Err(Broken::because("the server is silent"));
                }
            }
        }
    }

    fn take(
        &mut self,
        received: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<(), Broken> {
        match received {
            Some(Ok(Message::Text(text))) => self.decoder.push(text.as_bytes()),
            Some(Ok(Message::Binary(bytes))) => self.decoder.push(&bytes),
            Some(Ok(Message::Close(Some(frame)))) => {
                return Err(Broken {
                    code: Some(frame.code.into()),
                    reason: frame.reason.to_string(),
                });
            }
            Some(Ok(Message::Close(None))) => return Err(Broken::because("closed")),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(Broken::because(error)),
            None => return Err(Broken::because("closed")),
        }
        Ok(())
    }

    /// Says goodbye, in order, and waits a moment for the server to agree.
    pub(crate) async fn close(mut self) {
        let _ = self.say(Command::Disconnect, &[], "").await;
        let _ = time::timeout(GOODBYE_MAX, async {
            while self.hear().await.is_ok() {}
            let _ = self.socket.close(None).await;
        })
        .await;
    }
}

/// How long a goodbye may take; whoever does not answer it is left.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// The end that an ERROR, or a frame that nobody waited for, means.
pub(crate) fn refused(frame: &Frame) -> Broken {
    let message = frame.headers.get("message").unwrap_or_default();
    Broken::because(format!("{} {message}", frame.command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_of_a_server_that_leaves_is_taken() {
        let leaving = Broken {
            code: Some(1012),
            reason: "restart; retry-after-ms=1234".to_owned(),
        };
        assert_eq!(leaving.advice(), Some(Duration::from_millis(1234)));
        assert_eq!(Broken::because("closed").advice(), None);
    }
}
