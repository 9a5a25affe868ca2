//! What a client asks.

use crate::Origin;

/// What of an HTTP request matters here, before its body. Header values that are not visible
/// ASCII are to be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as it came, still percent-encoded, behind the base URL: empty or from a `/` on.
    pub path: &'a str,
    /// The query, without the `?`.
    pub query: Option<&'a str>,
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// Header `Access-Control-Request-Headers`.
    pub requested_headers: Option<&'a str>,
    /// Header `Connection`.
    pub connection: Option<&'a str>,
    /// Header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// Header `Cookie`.
    pub cookies: Option<&'a str>,
    /// Header `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// Header `Upgrade`.
    pub upgrade: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A request without headers.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            query: None,
            origin: Origin::Absent,
            requested_headers: None,
            connection: None,
            content_type: None,
            cookies: None,
            if_none_match: None,
            upgrade: None,
        }
    }

    /// What forbids a WebSocket on this request, in the protocol's words.
    pub(crate) fn upgrade_fault(&self) -> Option<&'static str> {
        let is = |token: &str, wanted: &str| token.trim().eq_ignore_ascii_case(wanted);
        if !self.upgrade.is_some_and(|token| is(token, "websocket")) {
            return Some("Can \"Upgrade\" only to \"WebSocket\".");
        }
        // Some proxies rewrite it, and Firefox 6 says `keep-alive, Upgrade`.
        let mut tokens = self.connection.unwrap_or_default().split(',');
        if !tokens.any(|token| is(token, "upgrade")) {
            return Some("\"Connection\" must be \"Upgrade\".");
        }
        None
    }
}
