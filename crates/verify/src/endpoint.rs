//! Where something of the deployment is reached.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// A URL of the deployment: `ws`, `wss`, `http` or `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    is_secure: bool,
}

/// Says why a text is no [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no URL such as ws://127.0.0.1:8080/ws or https://chat.example.org")]
pub struct EndpointError;

impl Endpoint {
    /// The whole URL.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The host's name or address.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, also where the URL leaves it to the scheme.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is reached by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The path of `rest` below this URL.
    pub(crate) fn path_to(&self, rest: &str) -> String {
        format!("{}{rest}", self.uri.path().trim_end_matches('/'))
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| EndpointError)?;
        let is_secure = match uri.scheme_str() {
            Some("ws" | "http") => false,
            Some("wss" | "https") => true,
            _ => return Err(EndpointError),
        };
        let host = uri.host().ok_or(EndpointError)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        Ok(Self {
            uri,
            host,
            port,
            is_secure,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_follows_from_the_scheme_where_none_is_named() {
        let port = |url: &str| url.parse::<Endpoint>().expect("a URL").port();
        assert_eq!(port("ws://a/ws"), 80);
        assert_eq!(port("https://a"), 443);
        assert_eq!(port("wss://[::1]:8443/ws"), 8443);
    }

    #[test]
    fn other_schemes_are_refused() {
        for wrong in ["", "localhost:8080", "ftp://a", "postgres://a/b"] {
            assert_eq!(wrong.parse::<Endpoint>(), Err(EndpointError), "{wrong}");
        }
    }
}
