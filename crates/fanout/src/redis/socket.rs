//! A connection to the server, greeted.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time;
use tokio_rustls::TlsConnector;
use tokio_util::codec::FramedRead;

use super::fault::Fault;
use super::resp::{Frame, Resp};
use super::server::{Place, Server};

/// How long connecting and greeting may take together.
const DIAL_MAX: Duration = Duration::from_secs(2);

/// What is read at once, in bytes.
const READ_BYTES: usize = 32 * 1_024;

/// What arrives.
pub(super) type Reader = FramedRead<ReadHalf<Box<dyn Socket>>, Resp>;

/// What is sent.
pub(super) type Writer = WriteHalf<Box<dyn Socket>>;

/// Whatever the bytes travel on.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// Connects to a server and greets it. The name is looked up each time, so that a server which
/// moved is found again.
pub(super) async fn dial(server: &Server) -> Result<(Reader, Writer), Fault> {
    time::timeout(DIAL_MAX, async {
        let (reader, mut writer) = tokio::io::split(connect(server.place()).await?);
        let mut reader = FramedRead::with_capacity(reader, Resp::default(), READ_BYTES);
        writer.write_all(&server.greeting()).await?;
        writer.flush().await?;
        match reader.next().await.ok_or(Fault::Closed)?? {
            Frame::Answer => Ok((reader, writer)),
            Frame::Refusal(code) => Err(Fault::Refused(code)),
            Frame::Push(_) => Err(Fault::Malformed("a greeting was answered with a push")),
        }
    })
    .await
    .unwrap_or(Err(Fault::Unanswered))
}

/// Asks one thing of a server that was dialled, and is content with any answer but a refusal.
pub(super) async fn ask(
    (mut reader, mut writer): (Reader, Writer),
    command: &::redis::Cmd,
) -> Result<(), Fault> {
    time::timeout(DIAL_MAX, async {
        writer.write_all(&command.get_packed_command()).await?;
        writer.flush().await?;
        loop {
            match reader.next().await.ok_or(Fault::Closed)?? {
                Frame::Answer => return Ok(()),
                Frame::Refusal(code) => return Err(Fault::Refused(code)),
                Frame::Push(_) => {}
            }
        }
    })
    .await
    .unwrap_or(Err(Fault::Unanswered))
}

async fn connect(place: &Place) -> Result<Box<dyn Socket>, Fault> {
    Ok(match place {
        Place::Plain { host, port } => Box::new(tcp(host, *port).await?),
        Place::Tls { host, port } => {
            let name = ServerName::try_from(host.clone())
                .map_err(|_| rustls::Error::General("the host is no name".to_owned()))?;
            let connector = TlsConnector::from(tls()?);
            let tcp = tcp(host, *port).await?;
            Box::new(connector.connect(name, tcp).await?)
        }
        Place::Unix(path) => Box::new(UnixStream::connect(path).await?),
    })
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, Fault> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The client's side of TLS, which believes whom the operating system believes
/// (or `SSL_CERT_FILE` names).
fn tls() -> Result<Arc<rustls::ClientConfig>, Fault> {
    static CONFIG: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let provider = rustls::crypto::CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let mut roots = rustls::RootCertStore::empty();
    // One certificate that cannot be read does not spoil the others; none at all fails the dial.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(CONFIG.get_or_init(|| Arc::new(config)).clone())
}
