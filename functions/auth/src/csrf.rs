//! Which pages may use the refresh cookie.

use axum::http::{HeaderMap, header};
use chat::{Problem, ProblemCode};
use request_source::Origins;

/// Refuses what another site's page made a browser send (cross-site request forgery): no page but
/// those of `origins` may act by the cookie that a browser sends along. `SameSite=Strict` keeps the
/// cookie from other sites, but a sibling domain is the same site.
///
/// Every browser names the origin of a POST; what names none is no browser, and nobody can make it
/// send somebody else's cookie. `Sec-Fetch-Site` is believed where it accuses.
pub(crate) fn check(origins: &Origins, headers: &HeaderMap) -> Result<(), Problem> {
    let is_good = if headers.contains_key(header::ORIGIN) {
        origins.allow(headers)
    } else {
        headers
            .get("sec-fetch-site")
            .is_none_or(|site| site == "same-origin" || site == "none")
    };
    if is_good {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::Forbidden,
        "Pages of this origin may not act by the refresh cookie.",
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn passes(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let origins = Origins::parse(["https://chat.example.org"]).expect("an origin");
        check(&origins, &headers).is_ok()
    }

    #[test]
    fn a_listed_page_passes_and_so_does_what_is_no_browser() {
        assert!(passes(&[("origin", "https://chat.example.org")]));
        assert!(passes(&[]));
        assert!(passes(&[("sec-fetch-site", "none")]));
    }

    #[test]
    fn every_other_page_is_refused() {
        for origin in [
            "https://evil.example",
            "https://chat.example.org.evil.example",
            "http://chat.example.org",
            "https://chat.example.org:8443",
            "https://CHAT.example.org",
            "null",
            "",
            "*",
        ] {
            assert!(!passes(&[("origin", origin)]), "{origin}");
        }
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("sec-fetch-site", "same-site")]));
        assert!(!passes(&[
            ("origin", "https://chat.example.org"),
            ("origin", "https://evil.example"),
        ]));
    }
}
