//! A way to the emulator that can be spoiled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is carried out and answered.
    Served,
    /// It is carried out, and the answer is lost with the connection.
    AnswerLost,
    /// It is refused, as DynamoDB refuses what is too much for it.
    Throttled,
}

/// One HTTP/1.1 request to DynamoDB: its operation, and all of its text.
pub(crate) struct Request {
    pub(crate) operation: String,
    pub(crate) text: String,
}

type Judge = dyn Fn(&Request) -> Fate + Send + Sync;

pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    requests: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Proxy {
    /// Stands before an emulator, and spoils one operation as `judge` says, which is told how many
    /// requests of this operation came before.
    pub(crate) async fn before(
        emulator: &str,
        operation: &'static str,
        judge: impl Fn(&Request, usize) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let emulator = emulator.trim_start_matches("http://").to_owned();
        let requests = Arc::new(AtomicUsize::new(0));
        let judged = Arc::clone(&requests);
        let judge: Arc<Judge> = Arc::new(move |request| {
            if request.operation != operation {
                return Fate::Served;
            }
            let before = judged.fetch_add(1, Ordering::SeqCst);
            judge(request, before)
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(serve(client, emulator.clone(), Arc::clone(&judge)));
            }
        });
        Self {
            endpoint: format!("http://{address}"),
            requests,
            _serving: serving,
        }
    }

    /// How many requests of the spoiled operation came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut client: TcpStream, emulator: String, judge: Arc<Judge>) -> Option<()> {
    let mut server = TcpStream::connect(emulator).await.ok()?;
    loop {
        let request = read_message(&mut client).await?;
        let text = String::from_utf8_lossy(&request).into_owned();
        let operation = header(&text, "x-amz-target")?;
        let operation = operation.rsplit('.').next()?.to_owned();
        match judge(&Request { operation, text }) {
            Fate::Served => {
                server.write_all(&request).await.ok()?;
                let answer = read_message(&mut server).await?;
                client.write_all(&answer).await.ok()?;
            }
            Fate::AnswerLost => {
                server.write_all(&request).await.ok()?;
                read_message(&mut server).await?;
                return None;
            }
            Fate::Throttled => {
                let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
                let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0";
                let length = body.len();
                let answer = format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}");
                client.write_all(answer.as_bytes()).await.ok()?;
            }
        }
    }
}

/// Reads a head and the body whose length it tells.
async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if let Some(head) = message.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&message[..head]).into_owned();
            let length: usize = match header(&text, "content-length") {
                Some(length) => length.parse().ok()?,
                None => 0,
            };
            let mut rest = vec![0; (head + 4 + length).checked_sub(message.len())?];
            stream.read_exact(&mut rest).await.ok()?;
            message.extend(rest);
            return Some(message);
        }
        if stream.read_buf(&mut message).await.ok()? == 0 {
            return None;
        }
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}
