//! The host that a request is for.

use axum::extract::Request;
use axum::http::{HeaderMap, header, uri::Authority};
use axum::middleware::Next;
use axum::response::Response;
use chat::{Problem, ProblemCode};

use crate::ProblemResponse;

/// Refuses a request that names its host wrongly or twice (RFC 9112, section 3.2). That none is named
/// is for the listener to refuse: behind a gateway there need not be one.
pub(crate) async fn check(request: Request, next: Next) -> Result<Response, ProblemResponse> {
    if is_good(request.headers()) {
        return Ok(next.run(request).await);
    }
    let detail = "The header Host names no host; send one such as chat.example.org:8080, once.";
    Err(Problem::new(ProblemCode::InvalidRequest, detail).into())
}

fn is_good(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    // An address without a host, such as urn:x, is told by an empty value.
    let is_host = |bytes: &[u8]| {
        bytes.is_empty() || (!bytes.contains(&b'@') && Authority::try_from(bytes).is_ok())
    };
    second.is_none() && first.is_none_or(|host| is_host(host.as_bytes()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(hosts: &[&str]) -> HeaderMap {
        let host = |text: &&str| (header::HOST, HeaderValue::from_str(text).expect("a value"));
        hosts.iter().map(host).collect()
    }

    #[test]
    fn a_host_is_named_well_or_not_at_all() {
        for good in [
            &[][..],
            &[""],
            &["chat.example.org"],
            &["127.0.0.1:8080"],
            &["[::1]:8080"],
            &["auth_service"],
        ] {
            assert!(is_good(&headers(good)), "{good:?}");
        }
        for bad in [
            &["a b:c"][..],
            &["ada@chat.example.org"],
            &["chat.example.org/path"],
            &["a.example", "b.example"],
            &["a.example", "a.example"],
        ] {
            assert!(!is_good(&headers(bad)), "{bad:?}");
        }
    }
}
