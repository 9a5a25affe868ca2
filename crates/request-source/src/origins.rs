//! Which pages may call.

use std::net::Ipv6Addr;

use http::{HeaderMap, header};
use settings::Settings;

/// The origins (RFC 6454) whose pages may call the functions and open sockets; none by default.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    listed: Vec<String>,
    any: bool,
}

/// Says that a text is not an origin as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an origin; write scheme, host and port alone, such as https://chat.example.org"
)]
pub struct OriginError(String);

impl Origins {
    /// Reads `CORS_ALLOWED_ORIGINS`; absent, no page of another origin may call.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        const NAME: &str = "CORS_ALLOWED_ORIGINS";
        Self::parse(settings.list(NAME)).unwrap_or_else(|error| {
            settings.fault(NAME, error.to_string());
            Self::default()
        })
    }

    /// Takes a list of exact origins.
    ///
    /// # Errors
    /// The first entry that no browser would send and that would so allow nobody: a wildcard,
    /// `null`, a path, a capital letter, no scheme.
    pub fn parse(list: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, OriginError> {
        let origins = list.into_iter().map(|origin| {
            let origin = origin.into();
            if is_origin(&origin) {
                Ok(origin)
            } else {
                Err(OriginError(origin))
            }
        });
        let listed = origins.collect::<Result<_, _>>()?;
        Ok(Self { listed, any: false })
    }

    /// Every origin: for a server with nothing to protect, such as one that public test suites
    /// are pointed at. No configuration leads here.
    pub fn any() -> Self {
        Self {
            listed: Vec::new(),
            any: true,
        }
    }

    /// Adds an origin that the process itself knows to be good: the page it serves.
    pub fn add(&mut self, origin: String) {
        self.listed.push(origin);
    }

    /// Those that were named one by one.
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(String::as_str)
    }

    /// Whether pages of this origin may call.
    pub fn contain(&self, origin: &str) -> bool {
        self.any || self.listed().any(|listed| listed == origin)
    }

    /// Whether a request may come in: it names no origin (it does not come from a page), or exactly
    /// one that is listed.
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::ORIGIN).iter();
        match (named.next(), named.next()) {
            (None, _) => true,
            (Some(origin), None) => origin.to_str().is_ok_and(|origin| self.contain(origin)),
            (Some(_), Some(_)) => false,
        }
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
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_host),
    };
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn origins() -> Origins {
        Origins::parse(["https://chat.example.org"]).expect("an origin")
    }

    fn asks(origins: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn a_client_that_is_no_page_and_a_listed_page_may_call() {
        assert!(origins().allow(&asks(&[])));
        assert!(origins().allow(&asks(&["https://chat.example.org"])));
    }

    #[test]
    fn look_alikes_null_and_several_origins_are_denied() {
        for denied in [
            &["null"][..],
            &["https://chat.example.org.evil.example"],
            &["http://chat.example.org"],
            &["https://chat.example.org:8443"],
            &["https://chat.example.org/"],
            &["HTTPS://CHAT.EXAMPLE.ORG"],
            &[""],
            &["*"],
            &["https://chat.example.org", "https://chat.example.org"],
            &["https://chat.example.org https://evil.example"],
        ] {
            assert!(!origins().allow(&asks(denied)), "{denied:?}");
        }
    }

    #[test]
    fn origins_as_browsers_send_them_can_be_listed() {
        let list = [
            "https://chat.example.org",
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://[::1]:3000",
            "http://[::1]",
            "https://xn--9t4b11yi5a.kr",
        ];
        let origins = Origins::parse(list).expect("origins");
        assert!(origins.listed().eq(list));
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
            let error = Origins::parse([wrong]).expect_err(wrong);
            assert_eq!(error, OriginError(wrong.to_owned()));
        }
    }
}
