//! How frames travel.

use bytes::Bytes;

use crate::answer::{HTML, JAVASCRIPT};
use crate::{Callback, Frame};

/// A way for frames to reach the client, with what the page asked for on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket: each frame is a text message. The session lives and dies with the socket.
    WebSocket,
    /// A POST that is answered with one frame.
    Xhr,
    /// A POST that is answered with frames until enough is sent.
    XhrStreaming,
    /// Server-sent events.
    EventSource,
    /// A page that grows by a script per frame.
    HtmlFile(Callback),
    /// A script that calls the page with one frame.
    Jsonp(Callback),
}

impl Transport {
    /// The transport's name, the last segment of its path.
    pub fn name(&self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Xhr => "xhr",
            Self::XhrStreaming => "xhr_streaming",
            Self::EventSource => "eventsource",
            Self::HtmlFile(_) => "htmlfile",
            Self::Jsonp(_) => "jsonp",
        }
    }

    /// What a response begins with, a chunk of its own before the first frame. Each works around
    /// a browser that shows nothing of a response until something large or odd has come.
    pub fn prelude(&self) -> Option<Bytes> {
        match self {
            Self::XhrStreaming => Some(Bytes::from_static(XHR_STREAMING_PRELUDE)),
            Self::EventSource => Some(Bytes::from_static(b"\r\n")),
            Self::HtmlFile(callback) => Some(html_file(callback).into()),
            Self::WebSocket | Self::Xhr | Self::Jsonp(_) => None,
        }
    }

    /// The bytes that carry a frame.
    pub fn wrap(&self, frame: Frame) -> Bytes {
        match self {
            Self::WebSocket => frame.into(),
            Self::Xhr | Self::XhrStreaming => {
                let mut line = frame.into_vec();
                line.push(b'\n');
                line.into()
            }
            Self::EventSource => event(&frame),
            Self::HtmlFile(_) => {
                let mut script = b"<script>\np(".to_vec();
                push_script_string(&mut script, &frame);
                script.extend_from_slice(b");\n</script>\r\n");
                script.into()
            }
            Self::Jsonp(callback) => {
                // The comment keeps the callback from being the first bytes of the answer, where
                // a name made for it would pass for a Flash file.
                let mut script = b"/**/".to_vec();
                script.extend_from_slice(callback.as_str().as_bytes());
                script.push(b'(');
                push_script_string(&mut script, &frame);
                script.extend_from_slice(b");\r\n");
                script.into()
            }
        }
    }

    /// The content type of the response; none for a WebSocket.
    pub(crate) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::WebSocket => None,
            Self::Xhr | Self::XhrStreaming | Self::Jsonp(_) => Some(JAVASCRIPT),
            Self::EventSource => Some("text/event-stream"),
            Self::HtmlFile(_) => Some(HTML),
        }
    }

    /// Whether a response of so many bytes of frames is complete.
    pub(crate) fn is_complete(&self, sent_bytes: usize, response_bytes_max: usize) -> bool {
        match self {
            Self::WebSocket => false,
            Self::Xhr | Self::Jsonp(_) => sent_bytes > 0,
            Self::XhrStreaming | Self::EventSource | Self::HtmlFile(_) => {
                sent_bytes >= response_bytes_max
            }
        }
    }
}

/// 2 KiB of `h`, and the end of the line.
const XHR_STREAMING_PRELUDE: &[u8] = &{
    let mut prelude = [b'h'; 2049];
    prelude[2048] = b'\n';
    prelude
};

/// The page that takes scripts: more than 1 KiB, so that every browser begins to run it.
///
/// The protocol's trick with `document.domain` is in it because the client does the same on its
/// side of the frame; each of the two can reach the other only if both did.
fn html_file(callback: &Callback) -> String {
    const PAGE_BYTES_MIN: usize = 1024;
    let page = format!(
        concat!(
            "<!DOCTYPE html>\n",
            "<html lang=\"en\">\n",
            "<head><meta charset=\"utf-8\"><title>SockJS htmlfile</title></head>\n",
            "<body>\n",
            "<script>\n",
            "document.domain = document.domain;\n",
            "var client = parent.{callback};\n",
            "function p(frame) {{ client.message(frame); }}\n",
            "window.onload = function () {{ client.stop(); }};\n",
            "client.start();\n",
            "</script>\n",
        ),
        callback = callback.as_str()
    );
    format!("{page:PAGE_BYTES_MIN$}\r\n\r\n")
}

/// An event of one line. The client decodes it as a URI, so `%` is escaped as one; line ends and
/// NUL, which the format cannot carry, are never in a frame.
fn event(frame: &Frame) -> Bytes {
    let mut event = b"data: ".to_vec();
    for &byte in frame.as_bytes() {
        match byte {
            b'%' => event.extend_from_slice(b"%25"),
            other => event.push(other),
        }
    }
    event.extend_from_slice(b"\r\n\r\n");
    event.into()
}

/// Appends a frame as a string of a script. Angle brackets are escaped, or a message could end
/// the script element it is in and bring its own.
fn push_script_string(script: &mut Vec<u8>, frame: &Frame) {
    script.push(b'"');
    for &byte in frame.as_bytes() {
        match byte {
            b'"' => script.extend_from_slice(b"\\\""),
            b'\\' => script.extend_from_slice(b"\\\\"),
            b'<' => script.extend_from_slice(b"\\u003c"),
            b'>' => script.extend_from_slice(b"\\u003e"),
            other => script.push(other),
        }
    }
    script.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Close, Quoted};

    fn callback() -> Callback {
        Callback::parse("callback").expect("a name")
    }

    fn wrapped(transport: &Transport, frame: Frame) -> String {
        String::from_utf8(transport.wrap(frame).to_vec()).expect("UTF-8")
    }

    fn message(text: &str) -> Frame {
        Frame::messages([&Quoted::new(text)])
    }

    #[test]
    fn a_websocket_carries_the_bare_frame_and_xhr_a_line() {
        assert_eq!(wrapped(&Transport::WebSocket, message("x")), r#"a["x"]"#);
        assert_eq!(wrapped(&Transport::Xhr, Frame::open()), "o\n");
        assert_eq!(
            wrapped(&Transport::XhrStreaming, Frame::close(&Close::GO_AWAY)),
            "c[3000,\"Go away!\"]\n"
        );
    }

    #[test]
    fn an_event_is_one_line_with_percent_signs_escaped() {
        assert_eq!(
            wrapped(&Transport::EventSource, Frame::open()),
            "data: o\r\n\r\n"
        );
        assert_eq!(
            wrapped(&Transport::EventSource, message("  \0\n\r 100%")),
            "data: a[\"  \\u0000\\n\\r 100%25\"]\r\n\r\n"
        );
    }

    #[test]
    fn htmlfile_calls_p_and_jsonp_the_callback() {
        assert_eq!(
            wrapped(&Transport::HtmlFile(callback()), message("x")),
            "<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n"
        );
        assert_eq!(
            wrapped(&Transport::Jsonp(callback()), message("x")),
            "/**/callback(\"a[\\\"x\\\"]\");\r\n"
        );
    }

    #[test]
    fn a_message_cannot_end_the_script_it_travels_in() {
        let chunk = wrapped(&Transport::HtmlFile(callback()), message("</script><b>"));
        assert_eq!(
            chunk,
            "<script>\np(\"a[\\\"\\u003c/script\\u003e\\u003cb\\u003e\\\"]\");\n</script>\r\n"
        );
    }

    #[test]
    fn preludes_are_as_long_as_browsers_need() {
        let length = |transport: &Transport| transport.prelude().map(|bytes| bytes.len());
        assert_eq!(length(&Transport::Xhr), None);
        assert_eq!(length(&Transport::Jsonp(callback())), None);
        assert_eq!(length(&Transport::WebSocket), None);
        assert_eq!(length(&Transport::EventSource), Some(2));

        let prelude = Transport::XhrStreaming.prelude().expect("a prelude");
        assert_eq!(&prelude[..], format!("{}\n", "h".repeat(2048)).as_bytes());

        let page = Transport::HtmlFile(callback()).prelude().expect("a page");
        let page = String::from_utf8(page.to_vec()).expect("UTF-8");
        assert!(page.len() > 1024, "{}", page.len());
        assert!(page.starts_with("<!DOCTYPE html>"));
        assert!(page.contains("var client = parent.callback;\n"));
    }

    proptest! {
        #[test]
        fn any_message_survives_every_wrapping(text in any::<String>()) {
            let bare = wrapped(&Transport::WebSocket, message(&text));
            let texts: Vec<String> = serde_json::from_str(&bare[1..]).expect("JSON");
            prop_assert_eq!(&texts, std::slice::from_ref(&text));

            let event = wrapped(&Transport::EventSource, message(&text));
            let data = event.strip_prefix("data: ").and_then(|e| e.strip_suffix("\r\n\r\n"));
            prop_assert_eq!(data.expect("an event").replace("%25", "%"), bare.clone());

            for (transport, before, after) in [
                (Transport::HtmlFile(callback()), "<script>\np(", ");\n</script>\r\n"),
                (Transport::Jsonp(callback()), "/**/callback(", ");\r\n"),
            ] {
                let script = wrapped(&transport, message(&text));
                let argument = script.strip_prefix(before).and_then(|s| s.strip_suffix(after));
                let argument: String =
                    serde_json::from_str(argument.expect("a call")).expect("a string");
                prop_assert_eq!(&argument, &bare);
            }
        }
    }
}
