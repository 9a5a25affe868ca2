//! As much of Lambda's Runtime API as one process needs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The largest message that a process may send, in bytes: an answer of Lambda's own limit.
const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long the process is told that it has for an event.
const DEADLINE: Duration = Duration::from_secs(30);

/// A request's first line in lower case, and its body.
type Message = (String, Vec<u8>);

/// The connection of one process.
pub(crate) struct RuntimeApi {
    stream: TcpStream,
    received: Vec<u8>,
}

impl RuntimeApi {
    /// Waits for the process to connect.
    pub(crate) async fn accept(listener: &TcpListener) -> Result<Self> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Waits until the process asks for its next event.
    pub(crate) async fn is_asked(&mut self) -> Result<()> {
        let (line, _) = self.message().await?;
        ensure!(
            line.starts_with("get ") && line.contains("/invocation/next"),
            "the process said {line:?} instead of asking for an event"
        );
        Ok(())
    }

    /// Hands the event over and returns the answer.
    pub(crate) async fn invoke(&mut self, event: &[u8]) -> Result<Vec<u8>> {
        #[expect(clippy::disallowed_methods, reason = "the deadline is a time of day")]
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH)? + DEADLINE;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
             lambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: \
             arn:aws:lambda:eu-central-1:123456789012:function:measured\r\n\r\n",
            event.len(),
            deadline.as_millis(),
        );
        self.stream
            .write_all(&[head.as_bytes(), event].concat())
            .await?;
        let (line, answer) = self.message().await?;
        ensure!(
            line.contains("/response"),
            "the process answered {line:?}: {}",
            String::from_utf8_lossy(&answer)
        );
        let accepted = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
        self.stream.write_all(accepted).await?;
        Ok(answer)
    }

    /// Reads one request.
    async fn message(&mut self) -> Result<Message> {
        loop {
            if let Some((message, length)) = whole_message(&self.received)? {
                self.received.drain(..length);
                return Ok(message);
            }
            ensure!(
                self.received.len() <= MESSAGE_BYTES_MAX,
                "the message is too large"
            );
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the process hung up");
            }
        }
    }
}

/// The first request in what was received and how long it is, where it is there as a whole.
fn whole_message(received: &[u8]) -> Result<Option<(Message, usize)>> {
    let Some(head_length) = position(received, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&received[..head_length])?.to_ascii_lowercase();
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let body = &received[head_length + 4..];
    let value = |name: &str| {
        let mut values = headers.lines().filter_map(|line| line.strip_prefix(name));
        values
            .next()
            .map(|value| value.trim_start_matches(':').trim())
    };
    let read = if value("transfer-encoding").is_some_and(|value| value == "chunked") {
        whole_chunks(body)?
    } else {
        let length = value("content-length").map_or(Ok(0), str::parse)?;
        body.get(..length).map(|body| (body.to_vec(), length))
    };
    Ok(read.map(|(body, length)| ((line.to_owned(), body), head_length + 4 + length)))
}

/// RFC 9112, section 7.1, without trailers.
fn whole_chunks(mut rest: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let available = rest.len();
    let mut body = Vec::new();
    loop {
        let Some(line) = position(rest, b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(&rest[..line])?;
        let size = usize::from_str_radix(size, 16).context("a chunk's size")?;
        let Some(chunk) = rest.get(line + 2..line + 2 + size + 2) else {
            return Ok(None);
        };
        body.extend(&chunk[..size]);
        rest = &rest[line + 2 + size + 2..];
        if size == 0 {
            return Ok(Some((body, available - rest.len())));
        }
    }
}

fn position(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_once_it_is_there_as_a_whole() {
        let plain = &b"POST /response HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET"[..];
        let chunked = &b"POST /response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
            1\r\na\r\n2\r\nbc\r\n0\r\n\r\nGET"[..];
        for bytes in [plain, chunked] {
            let whole = bytes.len() - 3;
            for length in 0..whole {
                let early = whole_message(&bytes[..length]).expect("nothing is wrong");
                assert_eq!(early, None, "{length}");
            }
            let message = whole_message(bytes).expect("nothing is wrong");
            let ((line, body), length) = message.expect("it is there");
            assert_eq!(line, "post /response http/1.1");
            assert_eq!((body.as_slice(), length), (&b"abc"[..], whole));
        }
    }
}
