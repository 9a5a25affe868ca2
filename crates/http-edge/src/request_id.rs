//! The name of a request.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Names one request in answers and logs: the `X-Request-Id` that the client or a proxy gave it,
/// or else a new one. Handlers find it in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The header that carries it, both ways.
    pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// The longest id that is taken from a client, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// The id as text: 1 to [`Self::BYTES_MAX`] letters, digits and `.`, `_`, `-`, `:`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the one that the request bears, where it is fit for a log, or mints one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        headers
            .get(Self::HEADER)
            .and_then(|value| value.to_str().ok())
            .filter(|text| is_sane(text))
            .map_or_else(
                || Self(Uuid::now_v7().to_string().into()),
                |text| Self(text.into()),
            )
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("an id consists of visible ASCII characters")
    }
}

fn is_sane(text: &str) -> bool {
    (1..=RequestId::BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(value: &'static [u8]) -> RequestId {
        let value = HeaderValue::from_bytes(value).expect("a header's value");
        RequestId::of(&HeaderMap::from_iter([(RequestId::HEADER, value)]))
    }

    #[test]
    fn a_sane_id_is_kept() {
        let id = "Root=1-67891233:abc_def.0".replace('=', "-");
        let value = HeaderValue::from_str(&id).expect("a header's value");
        let headers = HeaderMap::from_iter([(RequestId::HEADER, value)]);
        assert_eq!(RequestId::of(&headers).as_str(), id);
    }

    #[test]
    fn an_id_unfit_for_a_log_is_replaced_by_a_new_one() {
        for unfit in [
            &b""[..],
            b"a b",
            b"a\tb",
            b"{\"x\":1}",
            "\u{e9}".as_bytes(),
            &[b'a'; 65],
        ] {
            let minted = id_of(unfit);
            assert!(Uuid::try_parse(minted.as_str()).is_ok(), "{minted:?}");
            assert_ne!(minted, id_of(unfit));
        }
    }
}
