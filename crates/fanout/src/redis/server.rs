//! Where the server is and how it is greeted, out of a URL.

use std::fmt;
use std::path::PathBuf;

use ::redis::{ConnectionAddr, IntoConnectionInfo};

/// A server that can be dialled. Neither its `Display` nor its `Debug` shows a password.
#[derive(Clone)]
pub(super) struct Server {
    place: Place,
    credentials: Option<Credentials>,
}

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Plain { host: String, port: u16 },
    Tls { host: String, port: u16 },
    Unix(PathBuf),
}

#[derive(Clone)]
struct Credentials {
    username: String,
    password: String,
}

/// Says that a text is not the URL of a Redis server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is not a URL of this form at all.
    #[error(
        "the URL of Redis is not of the form \
         redis://[user:password@]host[:port], rediss://… or redis+unix:///path"
    )]
    Form,
    /// It asks for TLS that checks no certificate, which is no protection.
    #[error(
        "the URL of Redis asks for TLS without checking certificates (#insecure); leave it out"
    )]
    Insecure,
}

impl Server {
    /// Parses a URL. The number of a database is ignored: channels belong to none.
    pub(super) fn parse(url: &str) -> Result<Self, UrlError> {
        // The cause is dropped, as it may quote a password.
        let info = url.into_connection_info().map_err(|_| UrlError::Form)?;
        let place = match info.addr().clone() {
            ConnectionAddr::Tcp(host, port) => Place::Plain { host, port },
            ConnectionAddr::TcpTls { insecure: true, .. } => return Err(UrlError::Insecure),
            ConnectionAddr::TcpTls { host, port, .. } => Place::Tls { host, port },
            ConnectionAddr::Unix(path) => Place::Unix(path),
            _ => return Err(UrlError::Form),
        };
        let settings = info.redis_settings();
        let credentials = settings.password().map(|password| Credentials {
            username: settings.username().unwrap_or("default").to_owned(),
            password: password.to_owned(),
        });
        Ok(Self { place, credentials })
    }

    /// Where it listens.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The greeting that switches to RESP3, in which messages and answers share a connection.
    pub(super) fn greeting(&self) -> Vec<u8> {
        let mut hello = ::redis::cmd("HELLO");
        hello.arg(3);
        if let Some(Credentials { username, password }) = &self.credentials {
            hello.arg("AUTH").arg(username).arg(password);
        }
        hello.arg("SETNAME").arg("maru");
        hello.get_packed_command()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Plain { host, port } => write!(f, "{host}:{port}"),
            Place::Tls { host, port } => write!(f, "{host}:{port} (TLS)"),
            Place::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        Server::parse(url).expect("a URL").place
    }

    #[test]
    fn a_url_names_a_plain_a_tls_or_a_unix_server() {
        let (host, port) = ("cache.example".to_owned(), 6379);
        assert_eq!(
            place("redis://cache.example"),
            Place::Plain {
                host: host.clone(),
                port
            }
        );
        assert_eq!(
            place("rediss://:secret@cache.example:6380/2"),
            Place::Tls { host, port: 6380 }
        );
        assert_eq!(
            place("redis+unix:///run/redis.sock"),
            Place::Unix("/run/redis.sock".into())
        );
    }

    #[test]
    fn what_is_not_a_url_of_redis_is_refused_without_repeating_it() {
        for wrong in [
            "",
            "cache.example",
            "http://u:hunter2@cache.example",
            "redis://:hunter2@",
        ] {
            let error = Server::parse(wrong).expect_err("no URL of Redis");
            assert_eq!(error, UrlError::Form, "{wrong}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn tls_that_checks_nothing_is_refused() {
        let error = Server::parse("rediss://cache.example/#insecure").expect_err("insecure");
        assert_eq!(error, UrlError::Insecure);
    }

    #[test]
    fn a_password_is_in_the_greeting_and_nowhere_else() {
        let server = Server::parse("redis://:hunter2@cache.example").expect("a URL");
        let greeting = String::from_utf8(server.greeting()).expect("text");
        assert!(greeting.contains("AUTH\r\n$7\r\ndefault\r\n$7\r\nhunter2\r\n"));
        assert_eq!(
            format!("{server} {server:?}"),
            "cache.example:6379 Server(cache.example:6379)"
        );
    }
}
