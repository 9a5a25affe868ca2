//! Which pages may open a socket.

use std::collections::HashSet;

use axum::http::{HeaderMap, header};

/// The origins (RFC 6454) whose pages may connect; deny by default.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    listed: HashSet<String>,
    any: bool,
}

/// Says that a text is not an origin as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an origin; write scheme, host and port alone, such as https://chat.example.org"
)]
pub struct OriginError(String);

impl Origins {
    /// Takes a list of exact origins.
    ///
    /// # Errors
    /// The first entry that no browser would send: with a path, without a scheme, a wildcard.
    pub fn parse(list: impl IntoIterator<Item = String>) -> Result<Self, OriginError> {
        let origins = list.into_iter().map(|origin| {
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
            listed: HashSet::new(),
            any: true,
        }
    }

    /// Adds an origin that the process itself knows to be good: the page it serves.
    pub fn add(&mut self, origin: String) {
        self.listed.insert(origin);
    }

    /// Whether pages of this origin may connect.
    pub fn contain(&self, origin: &str) -> bool {
        self.any || self.listed.contains(origin)
    }

    /// Whether a request may open a socket: it names no origin (it does not come from a page), or
    /// exactly one that is listed.
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::ORIGIN).iter();
        match (named.next(), named.next()) {
            (None, _) => true,
            (Some(origin), None) => origin.to_str().is_ok_and(|origin| self.contain(origin)),
            (Some(_), Some(_)) => false,
        }
    }
}

/// Whether a text has the form that a browser gives an origin: lower case, no path, no wildcard.
fn is_origin(text: &str) -> bool {
    let Some(host) = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
    else {
        return false;
    };
    !host.is_empty()
        && host.bytes().all(
            |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b':' | b'[' | b']'),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn origins() -> Origins {
        Origins::parse(["https://chat.example.org".to_owned()]).expect("an origin")
    }

    fn asks(origins: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn a_client_that_is_no_page_and_a_listed_page_may_connect() {
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
            &["https://chat.example.org", "https://chat.example.org"],
            &["https://chat.example.org https://evil.example"],
        ] {
            assert!(!origins().allow(&asks(denied)), "{denied:?}");
        }
    }

    #[test]
    fn what_no_browser_sends_cannot_be_listed() {
        for wrong in [
            "*",
            "https://*.example.org",
            "chat.example.org",
            "https://a/",
            "https://",
        ] {
            assert!(Origins::parse([wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
