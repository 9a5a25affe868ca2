//! The page in the frame.

use bytes::Bytes;

use crate::Answer;
use crate::answer::{CACHED, HTML};

/// The page that a client of another site loads in a hidden frame where CORS does not work, to
/// speak to this server from within this server's site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IframePage {
    body: Bytes,
    etag: String,
}

/// Says that a text is not the URL of a script: it must begin with `/`, `http://` or `https://`
/// and hold only what a URL may (RFC 3986, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL of sockjs-client must begin with /, http:// or https:// and be percent-encoded")]
pub struct SockjsUrlError;

impl IframePage {
    /// The page, with the URL under which browsers find sockjs-client. It must be the very
    /// version that the sites use: a client talks to no other in the frame.
    ///
    /// # Errors
    /// Refuses a text that is no such URL.
    pub fn new(sockjs_url: &str) -> Result<Self, SockjsUrlError> {
        let known_start = ["/", "http://", "https://"]
            .iter()
            .any(|start| sockjs_url.starts_with(start));
        if !known_start || !sockjs_url.bytes().all(is_url_byte) {
            return Err(SockjsUrlError);
        }
        let body = page(&sockjs_url.replace('&', "&amp;"));
        Ok(Self {
            etag: format!("\"{:016x}\"", fingerprint(body.as_bytes())),
            body: body.into(),
        })
    }

    /// The answer to a request for the page: 304 where `if_none_match` names this very page.
    pub(crate) fn answer(&self, if_none_match: Option<&str>) -> Answer {
        let answer = if if_none_match.is_some_and(|tags| self.is_named_by(tags)) {
            Answer::bare(304, [])
        } else {
            Answer::new(200, HTML, self.body.clone())
        };
        answer
            .with([("etag", self.etag.clone().into())])
            .with(CACHED)
    }

    /// The weak comparison that `If-None-Match` asks for (RFC 9110, section 13.1.2).
    fn is_named_by(&self, tags: &str) -> bool {
        tags.split(',').map(str::trim).any(|tag| {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            tag == "*" || opaque == self.etag
        })
    }
}

fn page(sockjs_url: &str) -> String {
    format!(
        concat!(
            "<!DOCTYPE html>\n",
            "<html lang=\"en\">\n",
            "<head>\n",
            "<meta charset=\"utf-8\">\n",
            "<title>SockJS iframe</title>\n",
            "<script src=\"{sockjs_url}\"></script>\n",
            "<script>\n",
            "document.domain = document.domain;\n",
            "SockJS.bootstrap_iframe();\n",
            "</script>\n",
            "</head>\n",
            "<body>This page carries a SockJS connection for another site.</body>\n",
            "</html>\n",
        ),
        sockjs_url = sockjs_url
    )
}

/// Unreserved and reserved characters and `%`, but not the apostrophe.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&()*+,;=%".contains(&byte)
}

/// FNV-1a in 64 bits: tells versions of one page apart, and need not withstand anybody.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iframe(url: &str) -> IframePage {
        IframePage::new(url).expect("a URL")
    }

    #[test]
    fn the_page_loads_the_client_and_starts_it() {
        let answer = iframe("https://cdn.example/sockjs.js?a=1&b").answer(None);
        assert_eq!(answer.status, 200);
        let page = str::from_utf8(&answer.body).expect("UTF-8");
        assert!(page.contains("<script src=\"https://cdn.example/sockjs.js?a=1&amp;b\"></script>"));
        assert!(page.contains("SockJS.bootstrap_iframe();"));
    }

    #[test]
    fn what_is_no_url_of_a_script_is_refused() {
        for bad in [
            "",
            "sockjs.js",
            "javascript:alert(1)",
            "/a\"b",
            "/a b",
            "/<",
            "/'",
            "/가",
        ] {
            assert_eq!(IframePage::new(bad), Err(SockjsUrlError), "{bad}");
        }
    }

    #[test]
    fn the_tag_changes_with_the_page_and_only_with_it() {
        let etag = |url| iframe(url).etag;
        assert_eq!(etag("/a.js"), etag("/a.js"));
        assert_ne!(etag("/a.js"), etag("/b.js"));
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn if_none_match_is_compared_weakly_and_as_a_list() {
        let page = iframe("/a.js");
        let etag = page.etag.clone();
        for same in [&etag, "*", &format!("W/{etag}"), &format!("\"x\", {etag}")] {
            let answer = page.answer(Some(same));
            assert_eq!(answer.status, 304, "{same}");
            assert_eq!(answer.header("content-type"), None);
            assert_eq!(answer.header("etag"), Some(&*etag));
            assert!(answer.body.is_empty());
        }
        for other in ["", "\"x\"", etag.trim_matches('"')] {
            assert_eq!(page.answer(Some(other)).status, 200, "{other}");
        }
    }
}
