//! The version that a change is meant for.

use axum::extract::OptionalFromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use chat::{Problem, ProblemCode, Seq};
use http_edge::ProblemResponse;

/// Extracts `If-Match` (RFC 9110, section 13.1.1): the numbers in its tags, or `None` for `*`,
/// which is any version.
///
/// A weak tag, and one that was never a version of anything, match none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfMatch(pub(crate) Option<Vec<Seq>>);

impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ProblemResponse> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Ok(None);
        }
        let texts: Option<Vec<&str>> = values.map(|value| value.to_str().ok()).collect();
        let parsed = texts.and_then(|texts| Self::parse(&texts.join(",")));
        parsed.map(Some).ok_or_else(|| {
            Problem::new(
                ProblemCode::InvalidRequest,
                "If-Match takes the message's rev in quotes, such as If-Match: \"7\", or *.",
            )
            .into()
        })
    }
}

impl IfMatch {
    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self(None));
        }
        let mut revs = Vec::new();
        for tag in text.split(',').map(str::trim) {
            let (is_weak, quoted) = match tag.strip_prefix("W/") {
                Some(quoted) => (true, quoted),
                None => (false, tag),
            };
            let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
            if opaque.contains('"') {
                return None;
            }
            revs.extend(opaque.parse().ok().filter(|_| !is_weak).map(Seq));
        }
        Some(Self(Some(revs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revs(text: &str) -> Option<Option<Vec<i64>>> {
        let IfMatch(revs) = IfMatch::parse(text)?;
        Some(revs.map(|revs| revs.iter().map(|rev| rev.0).collect()))
    }

    #[test]
    fn tags_are_read_and_those_that_cannot_match_left_out() {
        assert_eq!(revs("\"7\""), Some(Some(vec![7])));
        assert_eq!(revs("\"7\" , \"8\""), Some(Some(vec![7, 8])));
        assert_eq!(revs("*"), Some(None));
        assert_eq!(revs("W/\"7\""), Some(Some(vec![])));
        assert_eq!(revs("\"abc\""), Some(Some(vec![])));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for wrong in ["", "7", "\"7", "7\"", "\"7\",", "*, \"7\"", "\"7\"\"8\""] {
            assert_eq!(revs(wrong), None, "{wrong}");
        }
    }
}
