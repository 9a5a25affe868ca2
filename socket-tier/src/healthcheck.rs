//! Asks the instance beside it whether it is ready: what a container engine runs.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long the instance may take to be reached, and then to say the next bytes.
const PATIENCE: Duration = Duration::from_secs(3);

/// As much of an answer as is looked at.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Says that nobody should be sent to an instance, and why.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// It cannot be reached or says nothing.
    #[error("{0} does not answer: {1}")]
    Silent(SocketAddr, io::Error),
    /// It says so itself.
    #[error("{0}")]
    Refused(String),
}

/// Asks `GET /readyz` of whoever listens on `listen` of this machine.
///
/// # Errors
/// It is not ready.
pub fn ask(listen: SocketAddr) -> Result<(), NotReady> {
    let address = reachable(listen);
    let answer = get(address).map_err(|error| NotReady::Silent(address, error))?;
    let status = answer.split(' ').nth(1);
    if status == Some("200") {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    Err(NotReady::Refused(body.unwrap_or(&answer).trim().to_owned()))
}

/// Where who listens on all addresses is reached from the same machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn get(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn asks_of(answer: &'static str) -> Result<(), String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            let mut request = [0; 512];
            let length = stream.read(&mut request).expect("a request");
            assert!(request[..length].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).expect("answered");
        });
        let everywhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
        let asked = ask(everywhere).map_err(|error| error.to_string());
        server.join().expect("it served");
        asked
    }

    #[test]
    fn who_is_ready_says_200() {
        assert_eq!(asks_of("HTTP/1.1 200 OK\r\n\r\n{}"), Ok(()));
    }

    #[test]
    fn who_is_not_ready_is_quoted() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"ready\":false}";
        assert_eq!(asks_of(answer), Err("{\"ready\":false}".into()));
    }

    #[test]
    fn who_is_not_there_is_not_ready() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        assert!(matches!(ask(address), Err(NotReady::Silent(..))));
    }
}
