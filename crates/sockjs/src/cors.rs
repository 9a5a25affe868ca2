//! Who may read an answer.

use crate::answer::{CACHED, Header, is_header_value};
use crate::{Answer, Headers};

/// Where a request comes from, and whether the listener lets it. There is no value for "not
/// looked at": the listener compares the header `Origin` with its list before it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// There is no such header: no browser, or the same site.
    Absent,
    /// It is on the list. `null`, which a page from a file has, is an origin as any other.
    Allowed(&'a str),
    /// It is not on the list.
    Refused,
}

/// The most of `Access-Control-Request-Headers` that is echoed, in bytes.
const REQUESTED_HEADERS_BYTES_MAX: usize = 1024;

/// The headers that let a page read the answer, and send its cookies (`JSESSIONID` mostly).
pub(crate) fn headers(origin: Origin<'_>, requested_headers: Option<&str>) -> Headers {
    let mut headers: Headers = vec![("vary", "Origin".into())];
    match origin {
        Origin::Absent => headers.push(("access-control-allow-origin", "*".into())),
        Origin::Allowed(origin) => headers.extend([
            ("access-control-allow-origin", origin.to_owned().into()),
            ("access-control-allow-credentials", "true".into()),
        ]),
        Origin::Refused => return headers,
    }
    let echoed = requested_headers.filter(|names| {
        !names.is_empty() && names.len() <= REQUESTED_HEADERS_BYTES_MAX && is_header_value(names)
    });
    if let Some(names) = echoed {
        headers.push(("access-control-allow-headers", names.to_owned().into()));
    }
    headers
}

/// 204, the answer to a preflight request. It stays in caches for a year.
pub(crate) fn preflight(methods: &'static str, cors: Headers) -> Answer {
    let permission: [Header; 2] = [
        ("access-control-allow-methods", methods.into()),
        ("access-control-max-age", "31536000".into()),
    ];
    Answer::bare(204, cors).with(permission).with(CACHED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_origin_is_echoed_with_credentials_and_its_absence_is_a_star_without() {
        let answer = |origin| Answer::bare(200, headers(origin, None));
        for origin in ["https://chat.example", "null"] {
            let allowed = answer(Origin::Allowed(origin));
            assert_eq!(allowed.header("access-control-allow-origin"), Some(origin));
            assert_eq!(
                allowed.header("access-control-allow-credentials"),
                Some("true")
            );
        }
        let absent = answer(Origin::Absent);
        assert_eq!(absent.header("access-control-allow-origin"), Some("*"));
        assert_eq!(absent.header("access-control-allow-credentials"), None);
        assert_eq!(absent.header("vary"), Some("Origin"));
    }

    #[test]
    fn a_refused_origin_gets_no_permission() {
        assert_eq!(
            headers(Origin::Refused, Some("a")),
            [("vary", "Origin".into())]
        );
    }

    #[test]
    fn requested_headers_are_echoed_unless_empty_odd_or_long() {
        let echo = |names: Option<&str>| {
            let answer = Answer::bare(200, headers(Origin::Absent, names));
            answer
                .header("access-control-allow-headers")
                .map(str::to_owned)
        };
        assert_eq!(echo(Some("a, b, c")).as_deref(), Some("a, b, c"));
        assert_eq!(echo(Some("")), None);
        assert_eq!(echo(None), None);
        assert_eq!(echo(Some("a\r\nb: c")), None);
        assert_eq!(echo(Some(&"x".repeat(1025))), None);
    }
}
