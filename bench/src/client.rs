//! A STOMP client that costs next to nothing: one socket, no buffers kept.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The masking key of every frame: with zeros the payload stays as it is (RFC 6455, section 5.3).
const MASK: [u8; 4] = [0; 4];

/// How many connections leave from one loopback address, well below its ephemeral ports.
const CONNECTIONS_PER_ADDRESS: usize = 10_000;

/// One open connection.
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    /// Connects the `index`th client and goes through both handshakes.
    pub(crate) async fn connect(server: SocketAddr, index: usize) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        let last = u8::try_from(1 + index / CONNECTIONS_PER_ADDRESS)?;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        let stream = socket.connect(server).await?;
        let mut client = Self { stream };
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Sec-WebSocket-Protocol: v12.stomp\r\n\r\n"
        );
        client.stream.write_all(request.as_bytes()).await?;
        client.hear("HTTP/1.1 101", b"\r\n\r\n").await?;
        client
            .say("CONNECT\naccept-version:1.2\nhost:bench\nheart-beat:0,0\n\n\0")
            .await?;
        client.hear("CONNECTED", b"\0").await?;
        Ok(client)
    }

    /// Subscribes to a room and waits until that is in effect.
    pub(crate) async fn subscribe(&mut self, room: &str) -> Result<()> {
        let frame = format!("SUBSCRIBE\nid:sub-0\ndestination:/topic/{room}\nreceipt:r\n\n\0");
        self.say(&frame).await?;
        self.hear("RECEIPT", b"\0").await
    }

    async fn say(&mut self, frame: &str) -> Result<()> {
        let mut message = vec![0x81];
        match frame.len() {
            short @ 0..126 => message.push(0x80 | short as u8),
            long => {
                message.push(0x80 | 126);
                message.extend(u16::try_from(long)?.to_be_bytes());
            }
        }
        message.extend(MASK);
        message.extend(frame.as_bytes());
        self.stream.write_all(&message).await?;
        Ok(())
    }

    /// Reads to the end of the next answer and makes sure that it is the expected one.
    async fn hear(&mut self, expected: &str, end: &[u8]) -> Result<()> {
        let mut heard = Vec::new();
        while !heard.ends_with(end) {
            if self.stream.read_buf(&mut heard).await? == 0 {
                bail!("the server hung up instead of saying {expected}");
            }
        }
        let text = String::from_utf8_lossy(&heard);
        text.contains(expected)
            .then_some(())
            .with_context(|| format!("the server said {text:?} instead of {expected}"))
    }
}
