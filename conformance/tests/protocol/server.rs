//! A server for one test.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::{SinkExt, StreamExt};
use socket_tier::listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::http::{Answer, Ask, Connection, Stream, within};

/// The server; it ends with the test.
pub(crate) struct Server {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Server {
    pub(crate) async fn starts() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        let stop = CancellationToken::new();
        serving.spawn(listener::serve(listener, conformance::router(), stop));
        Self {
            address,
            _serving: serving,
        }
    }

    pub(crate) async fn connection(&self) -> Connection {
        Connection::new(self.tcp().await)
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        within(TcpStream::connect(self.address))
            .await
            .expect("the server listens")
    }

    /// Asks something whose answer ends by itself.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        let mut connection = self.connection().await;
        let head = connection.ask(ask).await;
        let body = connection.body(&head).await;
        Answer { head, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Ask::new("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(Ask::new("POST", path).body(body)).await
    }

    /// Asks something that is answered chunk by chunk.
    pub(crate) async fn stream(&self, method: &str, path: &str) -> Stream {
        let mut connection = self.connection().await;
        let head = connection.ask(Ask::new(method, path)).await;
        assert_eq!(head.status, 200);
        Stream::new(connection, head)
    }

    /// An `xhr_streaming` response that has heard its prelude.
    pub(crate) async fn xhr_streaming(&self, session: &str) -> Stream {
        let mut stream = self
            .stream("POST", &format!("{session}/xhr_streaming"))
            .await;
        assert_eq!(stream.hears().await, "h".repeat(2048) + "\n");
        stream
    }

    pub(crate) async fn websocket(&self, path: &str) -> Socket {
        let url = format!("ws://{}{path}", self.address);
        let connecting = tokio_tungstenite::client_async(url, self.tcp().await);
        let (stream, _) = within(connecting).await.expect("a WebSocket");
        Socket { stream }
    }
}

/// The path of a session that nobody had before.
pub(crate) fn fresh(service: &str) -> String {
    format!("{service}/000/{}", Uuid::new_v4())
}

/// A client's WebSocket.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    pub(crate) async fn says(&mut self, message: impl Into<Message>) {
        within(self.stream.send(message.into()))
            .await
            .expect("the socket takes it");
    }

    pub(crate) async fn hears(&mut self) -> Message {
        within(self.stream.next())
            .await
            .expect("the socket is open")
            .expect("a message")
    }

    pub(crate) async fn hears_text(&mut self) -> String {
        match self.hears().await {
            Message::Text(text) => text.to_string(),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// Waits for the end: the close frame, or `None` where the connection just ended.
    pub(crate) async fn is_closed(&mut self) -> Option<CloseFrame> {
        match within(self.stream.next()).await {
            Some(Ok(Message::Close(frame))) => frame,
            None | Some(Err(Error::Protocol(_) | Error::Io(_) | Error::ConnectionClosed)) => None,
            Some(other) => panic!("not the end: {other:?}"),
        }
    }

    pub(crate) async fn closes(mut self) {
        within(self.stream.close(None))
            .await
            .expect("a close frame");
        while let Some(Ok(_)) = within(self.stream.next()).await {}
    }
}
