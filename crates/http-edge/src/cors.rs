//! Which pages of other origins may call.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::RequestId;

/// How long a browser may remember what it was allowed.
const ALLOWED_FOR: Duration = Duration::from_secs(600);

/// The origins (RFC 6454) whose pages may call and read the answer; none by default.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    origins: Vec<HeaderValue>,
}

/// Says that a text is not an origin as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an origin; write scheme, host and port alone, such as https://chat.example.org"
)]
pub struct OriginError(String);

impl Cors {
    /// Takes a list of exact origins.
    ///
    /// # Errors
    /// The first entry that no browser would send and that would so allow nobody: a wildcard,
    /// `null`, a path, a capital letter, no scheme.
    pub fn allow<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, OriginError> {
        let origins = origins.into_iter().map(|origin| {
            if !is_origin(origin) {
                return Err(OriginError(origin.to_owned()));
            }
            HeaderValue::from_str(origin).map_err(|_| OriginError(origin.to_owned()))
        });
        Ok(Self {
            origins: origins.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn layer(self) -> CorsLayer {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(self.origins))
            .allow_credentials(true)
            .allow_methods([
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_MATCH,
                HeaderName::from_static("idempotency-key"),
                RequestId::HEADER,
            ])
            .expose_headers([
                header::ETAG,
                header::LINK,
                header::RETRY_AFTER,
                RequestId::HEADER,
            ])
            .max_age(ALLOWED_FOR)
    }
}

/// Whether a text has the form that a browser gives an origin: `scheme "://" host [":" port]`, in
/// lower case.
fn is_origin(text: &str) -> bool {
    let Some(authority) = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
    else {
        return false;
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    let is_host = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_host),
    };
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_as_browsers_send_them_can_be_listed() {
        let origins = [
            "https://chat.example.org",
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://[::1]:3000",
            "http://[::1]",
            "https://xn--9t4b11yi5a.kr",
        ];
        assert_eq!(Cors::allow(origins).expect("origins").origins, origins);
    }

    #[test]
    fn what_no_browser_sends_is_a_fault_of_the_configuration() {
        for wrong in [
            "*",
            "null",
            "",
            "https://",
            "https://*.example.org",
            "chat.example.org",
            "https://chat.example.org/",
            "https://Chat.example.org",
            "https://chat.example.org:",
            "https://chat.example.org:0",
            "https://chat.example.org:99999",
            "https://ada@chat.example.org",
            "https://a b",
            "http://[::x]",
            "http://::1",
            "ftp://chat.example.org",
            "https://마루.kr",
        ] {
            let error = Cors::allow([wrong]).expect_err(wrong);
            assert_eq!(error, OriginError(wrong.to_owned()));
        }
    }
}
