//! What stands where below the base URL.

use crate::SessionId;
use crate::session_id::is_name;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Greeting,
    Info,
    Iframe,
    RawWebSocket,
    Session(SessionId, Endpoint),
}

/// What a session can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    WebSocket,
    Xhr,
    XhrSend,
    XhrStreaming,
    EventSource,
    HtmlFile,
    Jsonp,
    JsonpSend,
}

impl Route {
    /// Parses a path behind the base URL; `None` is a 404.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = match path {
            "" => return Some(Self::Greeting),
            path => path.strip_prefix('/')?,
        };
        let mut segments = path.splitn(4, '/');
        match (
            segments.next()?,
            segments.next(),
            segments.next(),
            segments.next(),
        ) {
            ("", None, None, None) => Some(Self::Greeting),
            ("info", None, None, None) => Some(Self::Info),
            ("websocket", None, None, None) => Some(Self::RawWebSocket),
            (page, None, None, None) if is_iframe(page) => Some(Self::Iframe),
            // The server's number only helps load balancers, and is ignored here.
            (server, Some(session), Some(endpoint), None) if is_name(server) => Some(
                Self::Session(SessionId::parse(session)?, Endpoint::parse(endpoint)?),
            ),
            _ => None,
        }
    }

    /// The methods that it answers, as `Allow` and `Access-Control-Allow-Methods` list them.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Self::Greeting | Self::Iframe => "GET, HEAD",
            Self::Info => "OPTIONS, GET",
            Self::RawWebSocket => "GET",
            Self::Session(_, endpoint) => endpoint.methods(),
        }
    }
}

impl Endpoint {
    fn parse(segment: &str) -> Option<Self> {
        Some(match segment {
            "websocket" => Self::WebSocket,
            "xhr" => Self::Xhr,
            "xhr_send" => Self::XhrSend,
            "xhr_streaming" => Self::XhrStreaming,
            "eventsource" => Self::EventSource,
            "htmlfile" => Self::HtmlFile,
            "jsonp" => Self::Jsonp,
            "jsonp_send" => Self::JsonpSend,
            _ => return None,
        })
    }

    fn methods(self) -> &'static str {
        match self {
            Self::Xhr | Self::XhrSend | Self::XhrStreaming => "OPTIONS, POST",
            Self::WebSocket | Self::EventSource | Self::HtmlFile | Self::Jsonp => "GET",
            Self::JsonpSend => "POST",
        }
    }
}

/// `iframe.html`, or with a version of the client in it, `iframe-1.6.1.html`.
fn is_iframe(page: &str) -> bool {
    let version = page
        .strip_prefix("iframe")
        .and_then(|rest| rest.strip_suffix(".html"));
    version.is_some_and(|version| {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
        version.bytes().all(known)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_base_url_greets_with_and_without_a_slash() {
        assert_eq!(Route::parse(""), Some(Route::Greeting));
        assert_eq!(Route::parse("/"), Some(Route::Greeting));
        for other in ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/"] {
            assert_eq!(Route::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_iframe_page_has_versions_but_no_other_names() {
        for page in [
            "/iframe.html",
            "/iframe-a.html",
            "/iframe-.html",
            "/iframe-0.1.2.html",
            "/iframe-0.1.2abc-dirty.2144.html",
        ] {
            assert_eq!(Route::parse(page), Some(Route::Iframe), "{page}");
        }
        for other in [
            "/iframe.htm",
            "/iframe",
            "/IFRAME.HTML",
            "/IFRAME",
            "/iframe.HTML",
            "/iframe.xml",
            "/iframe-/.html",
            "/.html",
        ] {
            assert_eq!(Route::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_session_is_found_by_its_own_segment_whatever_the_server() {
        let id = SessionId::parse("abcdefg_i-j%20").expect("a name");
        let route = Some(Route::Session(id, Endpoint::Xhr));
        assert_eq!(Route::parse("/000/abcdefg_i-j%20/xhr"), route);
        assert_eq!(Route::parse("/_%20/abcdefg_i-j%20/xhr"), route);
    }

    #[test]
    fn empty_and_dotted_names_and_other_depths_lead_nowhere() {
        for path in [
            "///xhr",
            "/a./a/xhr",
            "/a/a./xhr",
            "/./././xhr",
            "/./xhr",
            "//xhr",
            "////xhr",
            "/a/xhr",
            "/a//xhr",
            "//a/xhr",
            "/a/a/a/xhr",
            "/a/a/xhr/",
            "/a/a/XHR",
            "/info/",
            "/websocket/",
            "a/a/xhr",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_parsed(path in "[/a.]*|\\PC*") {
            let _ = Route::parse(&path);
        }
    }
}
