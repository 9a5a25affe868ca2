//! The cookie that carries the refresh token.

use axum::http::{HeaderMap, HeaderValue, header};
use sessions::{RefreshToken, SessionInfo};
use time::OffsetDateTime;

const NAME: &str = "refresh_token";

/// No script reads it, nothing but HTTPS carries it (browsers count the own machine as that), no
/// other site sends it, and no other route than those of this function sees it (RFC 6265, section
/// 4.1.2).
const ATTRIBUTES: &str = "HttpOnly; Secure; SameSite=Strict; Path=/auth";

/// A `Set-Cookie` that gives the client a refresh token for as long as its session may last.
pub(crate) fn gives(token: &RefreshToken, info: &SessionInfo, now: OffsetDateTime) -> HeaderValue {
    let lifetime_s = (info.expires_at - now).whole_seconds().max(0);
    header_value(format!(
        "{NAME}={}; {ATTRIBUTES}; Max-Age={lifetime_s}",
        token.as_str()
    ))
}

/// A `Set-Cookie` that takes it away.
pub(crate) fn takes_away() -> HeaderValue {
    header_value(format!("{NAME}=; {ATTRIBUTES}; Max-Age=0"))
}

/// The refresh token that a request brings; the first, where a client sends several.
pub(crate) fn brought(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == NAME && !value.is_empty()).then_some(value))
}

fn header_value(cookie: String) -> HeaderValue {
    let value = HeaderValue::try_from(cookie);
    let mut value = value.expect("a token consists of letters, digits, '-' and '_'");
    // Its `Debug` form does not tell it.
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought_by(cookies: &[&'static str]) -> Option<String> {
        let headers: HeaderMap = cookies
            .iter()
            .map(|value| (header::COOKIE, HeaderValue::from_static(value)))
            .collect();
        brought(&headers).map(str::to_owned)
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        assert_eq!(brought_by(&["refresh_token=a"]).as_deref(), Some("a"));
        assert_eq!(
            brought_by(&["x=1; refresh_token=a; y=2"]).as_deref(),
            Some("a")
        );
        assert_eq!(
            brought_by(&["x=1", "refresh_token=a"]).as_deref(),
            Some("a")
        );
        assert_eq!(brought_by(&["refresh_token=a=b"]).as_deref(), Some("a=b"));
    }

    #[test]
    fn what_only_looks_alike_is_not_taken() {
        for other in [
            "",
            "refresh_token",
            "refresh_token=",
            "xrefresh_token=a",
            "Refresh_Token=a",
        ] {
            assert_eq!(brought_by(&[other]), None, "{other}");
        }
    }
}
