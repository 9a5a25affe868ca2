//! What tells one version of a page from another.

use axum::http::{HeaderMap, HeaderValue, header};
use chat::Epoch;
use message_log::Page;

/// Names the messages of a page and their versions (RFC 9110, section 8.8.3). It is a weak one: the
/// room's last number, which a page tells too, is not part of it.
pub(super) struct Validator(String);

impl Validator {
    /// Every change of a message raises its `rev`, and one that comes or goes moves an end of the
    /// page or its length. In another epoch the same numbers may be other messages.
    pub(super) fn of(page: &Page, epoch: Epoch) -> Self {
        let revs = page.messages.iter().map(|message| message.rev.0);
        let newest = revs.clone().max().unwrap_or_default();
        let sum = revs.fold(0_i64, i64::wrapping_add);
        let seq = |message: Option<&chat::Message>| message.map_or(0, |message| message.seq.0);
        Self(format!(
            "{epoch}.{}.{}.{}.{newest}.{sum:x}.{}{}",
            seq(page.messages.first()),
            seq(page.messages.last()),
            page.messages.len(),
            u8::from(page.more_before),
            u8::from(page.more_after),
        ))
    }

    /// As a parameter of a URL.
    pub(super) fn version(&self) -> &str {
        &self.0
    }

    /// As an `ETag`.
    pub(super) fn tag(&self) -> HeaderValue {
        HeaderValue::try_from(format!("W/\"{}\"", self.0)).expect("digits and dots")
    }

    /// Whether `If-None-Match` names it (RFC 9110, section 13.1.2).
    pub(super) fn is_among(&self, headers: &HeaderMap) -> bool {
        let named = headers.get_all(header::IF_NONE_MATCH).iter();
        let mut tags = named
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
        tags.any(|tag| tag == self.0)
    }
}
