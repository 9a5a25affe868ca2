//! Whole answers over HTTP.

use std::borrow::Cow;

use bytes::Bytes;

/// Header names, in lower case, and values. Every value is visible ASCII and spaces, so that any
/// HTTP library takes it.
pub type Headers = Vec<(&'static str, Cow<'static, str>)>;

/// A whole HTTP answer; the length of the body is left to the HTTP library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

pub(crate) const HTML: &str = "text/html; charset=UTF-8";
pub(crate) const JAVASCRIPT: &str = "application/javascript; charset=UTF-8";
pub(crate) const JSON: &str = "application/json; charset=UTF-8";
pub(crate) const PLAIN: &str = "text/plain; charset=UTF-8";

/// For what must never be stored. Sessions speak over GET too, and iOS 6 caches POST.
pub(crate) const NOT_CACHED: (&str, Cow<'static, str>) = (
    "cache-control",
    Cow::Borrowed("no-store, no-cache, no-transform, must-revalidate, max-age=0"),
);

/// For what never changes: one year, and for a cache of HTTP/1.0 a date far ahead.
pub(crate) const CACHED: [(&str, Cow<'static, str>); 2] = [
    ("cache-control", Cow::Borrowed("public, max-age=31536000")),
    ("expires", Cow::Borrowed("Thu, 31 Dec 2037 23:55:55 GMT")),
];

impl Answer {
    /// An answer with a body.
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.into())],
            body: body.into(),
        }
    }

    /// An answer that is its status and headers.
    pub(crate) fn bare(status: u16, headers: impl Into<Headers>) -> Self {
        Self {
            status,
            headers: headers.into(),
            body: Bytes::new(),
        }
    }

    /// 404: nothing is called so below the base URL.
    pub(crate) fn not_found() -> Self {
        Self::new(404, PLAIN, "Not found.\n")
    }

    /// 405, without a body or content type, as the protocol wants it.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Self::bare(405, [("allow", allow.into())])
    }

    /// With further headers.
    pub(crate) fn with(mut self, headers: impl IntoIterator<Item = Header>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| *known == name)?;
        Some(value)
    }
}

/// One of [`Headers`].
pub(crate) type Header = (&'static str, Cow<'static, str>);

/// Whether a text of a client can be a header's value again.
pub(crate) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
