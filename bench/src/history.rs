//! The history of a server, as one client after the other asks for it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the server may take for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The history over one connection that is kept.
pub(crate) struct History {
    stream: TcpStream,
    head: String,
    heard: Vec<u8>,
}

/// What is read of a page, or of what was found.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) messages: Vec<serde::de::IgnoredAny>,
    page: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    last_seq: u64,
}

impl History {
    /// Connects under a token.
    pub(crate) async fn connect(at: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            head: format!(" HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {token}\r\n\r\n"),
            heard: Vec::new(),
        })
    }

    /// The number of the last change of a room.
    pub(crate) async fn last_seq(&mut self, room: &str) -> Result<u64> {
        let newest = format!("/{room}/messages?limit=1");
        Ok(self.get(&newest).await?.page.last_seq)
    }

    /// Asks for a path and reads the whole answer.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        let request = format!("GET {path}{}", self.head);
        self.stream.write_all(request.as_bytes()).await?;
        self.heard.clear();
        loop {
            let read = timeout(ANSWER_MAX, self.stream.read_buf(&mut self.heard)).await;
            ensure!(read.context("no answer")?? > 0, "the server hung up");
            if let Some(body) = body_of(&self.heard)? {
                return serde_json::from_slice(body).with_context(|| format!("{path} answers so"));
            }
        }
    }
}

/// The body of an answer, once it is there as a whole.
fn body_of(heard: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&heard[..end])?.to_ascii_lowercase();
    let body = &heard[end + 4..];
    if !head.starts_with("http/1.1 200") {
        bail!("{head}\n{}", String::from_utf8_lossy(body));
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.context("an answer of unknown length")?.parse()?;
    Ok((body.len() >= length).then(|| &body[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_there() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(body_of(whole).expect("an answer"), Some(&b"{}"[..]));
        for early in [0, 10, whole.len() - 1] {
            assert_eq!(body_of(&whole[..early]).expect("so far"), None);
        }
        assert!(body_of(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n").is_err());
    }
}
