//! A STOMP client that costs next to nothing: one socket, no buffers kept.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::dialect::Dialect;
use crate::target::Target;
use crate::websocket;

/// How many connections leave from one loopback address: an instance takes 1000 of one.
const CONNECTIONS_PER_ADDRESS: usize = 900;

/// How long a server may take for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// One open connection.
pub(crate) struct Client {
    stream: TcpStream,
    dialect: Dialect,
}

impl Client {
    /// Connects the `index`th client and goes through both handshakes.
    pub(crate) async fn connect(
        target: &Target,
        index: usize,
        token: Option<&str>,
    ) -> Result<Self> {
        let Target { path, dialect, .. } = target;
        let at = target.instance(index);
        let stream = dial(at, index).await?;
        let mut client = Self {
            stream,
            dialect: *dialect,
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Sec-WebSocket-Protocol: v12.stomp\r\n\r\n"
        );
        client.stream.write_all(request.as_bytes()).await?;
        client.hear("HTTP/1.1 101", b"\r\n\r\n").await?;
        client.say(&dialect.connect(token)).await?;
        client.hear("CONNECTED", b"\0").await?;
        Ok(client)
    }

    /// Subscribes to a room and waits until that is in effect, where the server says so.
    pub(crate) async fn subscribe(&mut self, room: &str) -> Result<()> {
        self.say(&self.dialect.subscribe(room)).await?;
        if self.dialect.answers_subscribe() {
            self.hear("RECEIPT", b"\0").await?;
        }
        Ok(())
    }

    /// Has each of the clients hear which of its messages are refused, where the server tells that.
    pub(crate) async fn listen_for_refusals(clients: &mut [Self]) -> Result<()> {
        for client in &mut *clients {
            if let Some(frame) = client.dialect.subscribe_to_refusals() {
                client.say(frame).await?;
            }
        }
        for client in clients {
            if client.dialect.subscribe_to_refusals().is_some() {
                client.hear("RECEIPT", b"\0").await?;
            }
        }
        Ok(())
    }

    /// Shows the server that the client is there.
    pub(crate) async fn beat(&mut self) -> Result<()> {
        self.say("\n").await
    }

    /// The socket, for whoever reads and writes it from now on.
    pub(crate) fn into_stream(self) -> io::Result<std::net::TcpStream> {
        self.stream.into_std()
    }

    async fn say(&mut self, frame: &str) -> Result<()> {
        let message = websocket::text(frame.as_bytes());
        self.stream.write_all(&message).await?;
        Ok(())
    }

    /// Reads to the end of the next answer and makes sure that it is the expected one.
    async fn hear(&mut self, expected: &str, end: &[u8]) -> Result<()> {
        let mut heard = Vec::new();
        // STOMP 1.2, "STOMP Frames": line feeds may follow a frame.
        let end_and_feed = [end, b"\n"].concat();
        while !heard.ends_with(end) && !heard.ends_with(&end_and_feed) {
            let read = timeout(ANSWER_MAX, self.stream.read_buf(&mut heard)).await;
            if read.with_context(|| format!("the server never says {expected}"))?? == 0 {
                bail!("the server hung up instead of saying {expected}");
            }
        }
        let text = String::from_utf8_lossy(&heard);
        text.contains(expected)
            .then_some(())
            .with_context(|| format!("the server said {text:?} instead of {expected}"))
    }
}

/// Opens the `index`th connection. Each loopback address has ports of its own.
pub(crate) async fn dial(server: SocketAddr, index: usize) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(1 + index / CONNECTIONS_PER_ADDRESS)?;
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
    let stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
