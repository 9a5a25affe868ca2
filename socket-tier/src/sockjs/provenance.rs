//! Which page a request comes from.

use axum::http::{HeaderMap, HeaderName, header};
use request_source::Origins;
use sockjs::Origin;

/// What a browser says of the page that asks, to servers that it trusts (Fetch Metadata, 2.1).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where a request comes from, and whether its page is listed.
///
/// Scripts and frames, which `jsonp` and `htmlfile` are, are asked for without an `Origin`. A page
/// that is not listed must not read through them either, so where that header is missing the
/// others that browsers send decide. Without any there is no page, or one that hides itself on
/// purpose; neither has anything in its session that it did not bring.
pub(super) fn of<'a>(headers: &'a HeaderMap, origins: &Origins) -> Origin<'a> {
    if let Some(origin) = headers.get(header::ORIGIN) {
        return match origin.to_str() {
            Ok(origin) if origins.allow(headers) => Origin::Allowed(origin),
            _ => Origin::Refused,
        };
    }
    let referrer = headers.get(header::REFERER).map(|page| page.to_str());
    let page = match referrer {
        None => None,
        Some(Ok(page)) => origin_of(page),
        Some(Err(_)) => return Origin::Refused,
    };
    if let Some(page) = page
        && origins.contain(page)
    {
        return Origin::Allowed(page);
    }
    match headers.get(SEC_FETCH_SITE).map(|site| site.as_bytes()) {
        Some(b"same-origin" | b"none") => Origin::Absent,
        Some(_) => Origin::Refused,
        None if referrer.is_none() => Origin::Absent,
        None => match page {
            Some(page) if is_own(page, headers) => Origin::Absent,
            _ => Origin::Refused,
        },
    }
}

/// The origin of a URL as browsers write it: everything before the path.
fn origin_of(url: &str) -> Option<&str> {
    let authority = url.find("://")? + "://".len();
    let end = url[authority..].find(['/', '?', '#']);
    Some(end.map_or(url, |end| &url[..authority + end]))
}

fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    authority.is_some() && authority == host
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const LISTED: &str = "https://chat.example";

    fn provenance<'a>(headers: &'a HeaderMap) -> Origin<'a> {
        let origins = Origins::parse([LISTED]).expect("an origin");
        of(headers, &origins)
    }

    fn asks(named: &[(&'static str, &'static str)]) -> HeaderMap {
        let named = named.iter().map(|&(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        named.collect()
    }

    #[test]
    fn an_origin_is_compared_with_the_list_whatever_else_is_said() {
        assert_eq!(
            provenance(&asks(&[("origin", LISTED)])),
            Origin::Allowed(LISTED)
        );
        for other in ["https://evil.example", "null", ""] {
            let headers = asks(&[
                ("origin", other),
                ("referer", "https://chat.example/"),
                ("sec-fetch-site", "same-origin"),
            ]);
            assert_eq!(provenance(&headers), Origin::Refused, "{other}");
        }
    }

    #[test]
    fn a_client_that_is_no_browser_says_nothing_and_comes_from_nowhere() {
        assert_eq!(provenance(&asks(&[("host", "a")])), Origin::Absent);
    }

    #[test]
    fn a_script_is_given_to_listed_pages_and_to_our_own() {
        let listed = asks(&[
            ("referer", "https://chat.example/room?a#b"),
            ("sec-fetch-site", "cross-site"),
        ]);
        assert_eq!(provenance(&listed), Origin::Allowed(LISTED));
        let own = asks(&[
            ("referer", "https://host.example/page"),
            ("sec-fetch-site", "same-origin"),
        ]);
        assert_eq!(provenance(&own), Origin::Absent);
        let own_without_metadata = asks(&[
            ("host", "host.example:8080"),
            ("referer", "http://host.example:8080/page"),
        ]);
        assert_eq!(provenance(&own_without_metadata), Origin::Absent);
    }

    #[test]
    fn a_script_is_not_given_to_a_page_that_is_not_listed() {
        for headers in [
            asks(&[
                ("referer", "https://evil.example/"),
                ("sec-fetch-site", "cross-site"),
            ]),
            asks(&[("sec-fetch-site", "cross-site")]),
            asks(&[("sec-fetch-site", "same-site")]),
            asks(&[("referer", "https://evil.example")]),
            asks(&[
                ("host", "host.example"),
                ("referer", "https://evil.example/host.example"),
            ]),
            asks(&[("referer", "nonsense")]),
            asks(&[("referer", "https://chat.example.evil/")]),
        ] {
            assert_eq!(provenance(&headers), Origin::Refused, "{headers:?}");
        }
    }
}
