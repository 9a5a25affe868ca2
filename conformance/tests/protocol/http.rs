//! An HTTP client that sees every chunk by itself.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection to the server.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

/// The status and the headers of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) version: String,
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
}

/// An answer that is over.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: String,
}

/// A response that comes chunk by chunk.
pub(crate) struct Stream {
    pub(crate) head: Head,
    connection: Connection,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) version: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            version: "1.1",
            headers: &[],
            body: "",
        }
    }

    pub(crate) fn with(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    pub(crate) fn body(self, body: &'a str) -> Self {
        Self { body, ..self }
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Writes a request and reads the head of its answer.
    pub(crate) async fn ask(&mut self, ask: Ask<'_>) -> Head {
        let Ask {
            method,
            path,
            version,
            headers,
            body,
        } = ask;
        let mut request = format!("{method} {path} HTTP/{version}\r\nHost: conformance\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if method == "POST" || !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        request += body;
        within(self.stream.write_all(request.as_bytes()))
            .await
            .expect("the server takes the request");
        self.head().await
    }

    async fn head(&mut self) -> Head {
        let status = self.line().await;
        let mut words = status.splitn(3, ' ');
        let version = words.next().and_then(|word| word.strip_prefix("HTTP/"));
        let code = words.next().and_then(|word| word.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Head {
            version: version.expect("a version").to_owned(),
            status: code.unwrap_or_else(|| panic!("no status: {status}")),
            headers,
        }
    }

    /// The body that follows a head.
    pub(crate) async fn body(&mut self, head: &Head) -> String {
        if matches!(head.status, 204 | 304) {
            return String::new();
        }
        if head.header("transfer-encoding") == Some("chunked") {
            let mut body = String::new();
            while let Some(chunk) = self.chunk().await {
                body += &chunk;
            }
            return body;
        }
        match head.header("content-length") {
            Some(length) => self.read(length.parse().expect("a length")).await,
            None => self.rest().await,
        }
    }

    /// The next chunk (RFC 9112, section 7.1); `None` is the last one.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let line = self.line().await;
        let bytes = usize::from_str_radix(&line, 16)
            .unwrap_or_else(|_| panic!("not the size of a chunk: {line:?}"));
        let chunk = self.read(bytes).await;
        assert_eq!(self.line().await, "", "the end of a chunk");
        (bytes > 0).then_some(chunk)
    }

    /// Exactly so many bytes.
    pub(crate) async fn read(&mut self, bytes: usize) -> String {
        let mut read = vec![0; bytes];
        within(self.stream.read_exact(&mut read))
            .await
            .expect("more is to come");
        String::from_utf8(read).expect("UTF-8")
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        within(self.stream.read_to_string(&mut rest))
            .await
            .expect("an orderly end");
        rest
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        within(self.stream.read_line(&mut line))
            .await
            .expect("a line");
        let line = line.strip_suffix("\r\n");
        line.expect("a line that has an end").to_owned()
    }
}

impl Head {
    /// The value of a header that is there once at the most.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(known, _)| known == name);
        let (first, second) = (named.next(), named.next());
        assert!(second.is_none(), "{name} is there twice");
        first.map(|(_, value)| &**value)
    }

    #[track_caller]
    pub(crate) fn is_never_cached(&self) {
        assert_eq!(
            self.header("cache-control"),
            Some("no-store, no-cache, no-transform, must-revalidate, max-age=0")
        );
        assert_eq!(self.header("expires"), None);
        assert_eq!(self.header("last-modified"), None);
    }

    #[track_caller]
    pub(crate) fn is_cached_for_a_year(&self) {
        assert_eq!(
            self.header("cache-control"),
            Some("public, max-age=31536000")
        );
        assert!(self.header("expires").is_some());
        assert_eq!(self.header("last-modified"), None);
    }

    #[track_caller]
    pub(crate) fn is_readable_by(&self, origin: Option<&str>) {
        assert_eq!(
            self.header("access-control-allow-origin"),
            Some(origin.unwrap_or("*"))
        );
        let credentials = origin.map(|_| "true");
        assert_eq!(self.header("access-control-allow-credentials"), credentials);
        assert_eq!(self.header("vary"), Some("Origin"));
    }

    #[track_caller]
    pub(crate) fn sets_no_cookie(&self) {
        assert_eq!(self.header("set-cookie"), None);
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.head.status, &*self.body), (status, body));
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }
}

impl Stream {
    pub(crate) fn new(connection: Connection, head: Head) -> Self {
        Self { head, connection }
    }

    /// The next chunk.
    pub(crate) async fn hears(&mut self) -> String {
        let chunk = self.connection.chunk().await;
        chunk.expect("the response goes on")
    }

    /// Waits for the end of the response.
    pub(crate) async fn ends(&mut self) {
        assert_eq!(self.connection.chunk().await, None);
    }
}

/// What comes in time.
pub(crate) async fn within<T>(happening: impl Future<Output = T>) -> T {
    time::timeout(PATIENCE, happening)
        .await
        .expect("it happens in time")
}
