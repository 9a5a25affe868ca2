//! A STOMP client: a WebSocket, the crate's decoder, and nothing else.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use stomp::{Command, Decoder, Frame, Headers, Limits, Version};
use tokio::net::TcpStream;
use tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    decoder: Decoder,
}

impl Client {
    /// Opens a WebSocket and sends CONNECT.
    pub(crate) async fn connects(address: SocketAddr, path: &str) -> Self {
        let url = format!("ws://{address}{path}");
        let mut request = url.into_client_request().expect("a URL");
        request.headers_mut().insert(
            "Sec-WebSocket-Protocol",
            HeaderValue::from_static("v12.stomp"),
        );
        let stream = within(TcpStream::connect(address)).await.expect("a socket");
        let handshake = tokio_tungstenite::client_async(request, stream);
        let (socket, _) = within(handshake).await.expect("a WebSocket");
        let mut decoder = Decoder::new(Arc::new(Limits::default()));
        decoder.set_version(Version::V1_2);
        let mut client = Self { socket, decoder };
        let connect = [
            ("accept-version", "1.2"),
            ("host", "localhost"),
            ("heart-beat", "10000,10000"),
        ];
        client.says(Command::Connect, &connect, "").await;
        client
    }

    pub(crate) async fn says(&mut self, command: Command, named: &[(&str, &str)], body: &str) {
        let mut headers = Headers::new();
        for (name, value) in named {
            headers.push(name, value);
        }
        let frame = Frame {
            command,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let mut bytes = BytesMut::new();
        frame.encode(Version::V1_2, &mut bytes);
        let text = Utf8Bytes::try_from(bytes.freeze()).expect("UTF-8");
        within(self.socket.send(Message::Text(text)))
            .await
            .expect("the server takes it");
    }

    /// The next frame; heart-beats are passed over.
    pub(crate) async fn hears(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("well-formed STOMP") {
                return frame;
            }
            match self.next().await {
                Message::Text(text) => self.decoder.push(text.as_bytes()),
                other => panic!("not STOMP: {other:?}"),
            }
        }
    }

    pub(crate) async fn hears_receipt(&mut self, receipt: &str) {
        let frame = self.hears().await;
        assert_eq!(frame.command, Command::Receipt, "nothing else is heard");
        assert_eq!(frame.headers.get("receipt-id"), Some(receipt));
    }

    /// Waits for the server's close frame and brings its code.
    pub(crate) async fn is_closed(&mut self) -> u16 {
        match self.next().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("not the end: {other:?}"),
        }
    }

    async fn next(&mut self) -> Message {
        within(self.socket.next())
            .await
            .expect("the socket is open")
            .expect("a message")
    }
}

async fn within<T>(happening: impl Future<Output = T>) -> T {
    time::timeout(PATIENCE, happening)
        .await
        .expect("it happens in time")
}
