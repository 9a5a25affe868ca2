//! A connection to an endpoint, by TCP or TLS.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time;
use tokio_rustls::TlsConnector;

use crate::endpoint::Endpoint;

/// How long it may take until the other side is there.
const DIAL_MAX: Duration = Duration::from_secs(5);

/// Whatever the bytes travel on.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects, looking the name up each time.
pub(crate) async fn dial(endpoint: &Endpoint) -> io::Result<Box<dyn Stream>> {
    time::timeout(DIAL_MAX, connect(endpoint))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn connect(endpoint: &Endpoint) -> io::Result<Box<dyn Stream>> {
    let tcp = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
    tcp.set_nodelay(true)?;
    if !endpoint.is_secure() {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(endpoint.host().to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(tls()?);
    Ok(Box::new(connector.connect(name, tcp).await?))
}

/// Believes whom the operating system believes (or `SSL_CERT_FILE` names).
fn tls() -> io::Result<Arc<rustls::ClientConfig>> {
    static CONFIG: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    // One certificate that cannot be read does not spoil the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(CONFIG.get_or_init(|| Arc::new(config)).clone())
}
