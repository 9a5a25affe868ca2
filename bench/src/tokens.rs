//! Access tokens, from whoever gives them out.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many connections one guest opens: an instance takes 32 of a user.
pub(crate) const CONNECTIONS_PER_GUEST: usize = 30;

/// Enough guests for so many connections, by `POST /auth/guest`.
pub(crate) async fn guests(auth: SocketAddr, connections: usize) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for _ in 0..connections.div_ceil(CONNECTIONS_PER_GUEST) {
        let token = guest(auth).await;
        tokens.push(token.with_context(|| format!("{auth} gives out no token"))?);
    }
    Ok(tokens)
}

async fn guest(auth: SocketAddr) -> Result<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Grant {
        access_token: String,
    }
    let body = r#"{"nickname":"bench"}"#;
    let request = format!(
        "POST /auth/guest HTTP/1.1\r\nHost: {auth}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(auth).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP")?;
    let line = head.lines().next().unwrap_or_default();
    let grant: Grant = serde_json::from_str(body).with_context(|| format!("it says {line}"))?;
    Ok(grant.access_token)
}
