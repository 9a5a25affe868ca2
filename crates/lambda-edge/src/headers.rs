//! Headers that are given several times.

use lambda_http::http::{HeaderMap, HeaderValue, header};

/// Makes one value of several (RFC 9110, section 5.3): an HTTP API is told one of each header, and the
/// adapter tells it the first. Cookies it is told apart, and they cannot be joined.
pub(crate) fn join(headers: &mut HeaderMap) {
    let several: Vec<_> = headers
        .keys()
        .filter(|name| **name != header::SET_COOKIE)
        .filter(|name| headers.get_all(*name).iter().nth(1).is_some())
        .cloned()
        .collect();
    for name in several {
        let values: Vec<_> = headers.get_all(&name).iter().collect();
        let joined = values.iter().map(|value| value.as_bytes());
        let joined = joined.collect::<Vec<_>>().join(&b", "[..]);
        let joined =
            HeaderValue::from_bytes(&joined).expect("values, joined by what a value may hold");
        headers.insert(name, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_values_become_one_and_cookies_stay_apart() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::VARY, "authorization"),
            (header::SET_COOKIE, "a=1"),
            (header::ETAG, "\"7\""),
            (header::VARY, "origin"),
            (header::SET_COOKIE, "b=2"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        join(&mut headers);
        let values = |name| headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(values(header::VARY), ["authorization, origin"]);
        assert_eq!(values(header::ETAG), ["\"7\""]);
        assert_eq!(values(header::SET_COOKIE), ["a=1", "b=2"]);
    }
}
