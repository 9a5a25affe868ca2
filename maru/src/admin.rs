//! Asks one instance of the socket tier, or tells it: `maru admin`.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use uuid::Uuid;

/// How long an instance may take to be reached, and then to say the next bytes.
const PATIENCE: Duration = Duration::from_secs(10);
/// As much of an answer as is read.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// What `maru admin` can be told. `ADMIN_TOKEN` says who asks.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where the instance is asked: its ADMIN_LISTEN, such as http://127.0.0.1:9000
    #[arg(long, value_name = "URL", value_parser = host)]
    url: String,
    #[command(subcommand)]
    ask: Ask,
}

#[derive(Subcommand, Clone, Debug)]
enum Ask {
    /// How many sockets, users and rooms it has, and whether it is being left.
    Instance,
    /// The rooms that somebody there listens to, those with the most listeners first.
    Rooms {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u16,
    },
    /// How many sockets a user has there.
    Sockets {
        /// The user's id
        user: Uuid,
    },
    /// Close a user's sockets there.
    Kick {
        /// The user's id
        user: Uuid,
    },
    /// Leave it, as SIGTERM does.
    Drain,
}

/// Asks, and brings the answer's JSON.
///
/// # Errors
/// The instance cannot be reached, or says no.
pub fn ask(options: &Options) -> Result<String> {
    let (method, path) = match &options.ask {
        Ask::Instance => ("GET", "/instance".to_owned()),
        Ask::Rooms { limit } => ("GET", format!("/rooms?limit={limit}")),
        Ask::Sockets { user } => ("GET", format!("/users/{user}/sockets")),
        Ask::Kick { user } => ("DELETE", format!("/users/{user}/sockets")),
        Ask::Drain => ("POST", "/drain".to_owned()),
    };
    let token = crate::config::admin_token().context("ADMIN_TOKEN: is not set")?;
    let host = &options.url;
    let answer = request(host, method, &path, &token)
        .with_context(|| format!("http://{host} cannot be asked"))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer broke off")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{status}: {body}");
    }
    Ok(body.to_owned())
}

fn request(host: &str, method: &str, path: &str, token: &str) -> Result<String> {
    let address = host.to_socket_addrs()?.next().context("no such host")?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // HTTP/1.0, so that the answer is neither chunked nor followed by another.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 0\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

/// The host and port of a URL of this kind.
fn host(url: &str) -> Result<String, &'static str> {
    let host = url
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'));
    host.filter(|host| host.contains(':') && !host.contains(['/', ' ', '\r', '\n']))
        .map(str::to_owned)
        .ok_or("is no URL such as http://127.0.0.1:9000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_named_by_host_and_port() {
        assert_eq!(
            host("http://127.0.0.1:9000/").as_deref(),
            Ok("127.0.0.1:9000")
        );
        for wrong in [
            "127.0.0.1:9000",
            "https://a:1",
            "http://a",
            "http://a:1/b",
            "http://a:1\r\nX: y",
        ] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }
}
