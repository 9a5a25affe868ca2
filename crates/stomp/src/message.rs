//! What a subscription is given.

use std::fmt;

use bytes::BytesMut;

use crate::encoder::Encoder;
use crate::{Command, Version};

/// A message on its way to a subscription.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// Names the message; unique on its connection.
    pub message_id: &'a str,
    /// Where it was sent.
    pub destination: &'a str,
    /// The MIME type of the body; empty leaves the header out.
    pub content_type: &'a str,
    /// What it says.
    pub body: &'a [u8],
    /// Further headers, in order. They must not repeat those that MESSAGE has anyway.
    pub headers: &'a [(&'a str, &'a str)],
}

/// What became of a message that was to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a message that was held must be kept and delivered again"]
pub enum Delivered {
    /// It is on its way.
    Sent,
    /// The subscription has too many unacknowledged messages: the caller keeps this one, and all
    /// that follow, until [`Action::WindowOpened`](crate::Action::WindowOpened) comes.
    Held,
    /// There is no such subscription, or the session is not connected.
    Gone,
}

/// Appends the MESSAGE frame that tells `subscription` of `message`.
///
/// All subscriptions of `ack:auto` that share a version and an id can be sent the same bytes. They
/// are UTF-8 if the body is.
pub fn encode_message(
    version: Version,
    subscription: &str,
    message: &Message<'_>,
    out: &mut BytesMut,
) {
    encode(version, subscription, None, message, out);
}

/// Appends the MESSAGE frame, with the `ack` header by which 1.2 acknowledges it.
pub(crate) fn encode(
    version: Version,
    subscription: &str,
    ack: Option<u64>,
    message: &Message<'_>,
    out: &mut BytesMut,
) {
    out.reserve(message.encoded_bytes(subscription));
    let mut encoder = Encoder::begin(out, Command::Message, version);
    encoder
        .header("destination", message.destination)
        .header("subscription", subscription)
        .header("message-id", message.message_id);
    if !message.content_type.is_empty() {
        encoder.header("content-type", message.content_type);
    }
    if let Some(ack) = ack {
        encoder.plain_header("ack", ack);
    }
    for (name, value) in message.headers {
        encoder.header(name, value);
    }
    encoder.finish_with_body(message.body);
}

impl Message<'_> {
    /// The bytes of the frame where nothing needs an escape, or a little more.
    fn encoded_bytes(&self, subscription: &str) -> usize {
        const FIXED_PARTS: usize = 128;
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum();
        FIXED_PARTS
            + subscription.len()
            + self.message_id.len()
            + self.destination.len()
            + self.content_type.len()
            + self.body.len()
            + headers
    }
}

/// Shows which message it is and not what it says.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("message_id", &self.message_id)
            .field("destination", &self.destination)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(version: Version) -> String {
        let message = Message {
            message_id: "m:1",
            destination: "/topic/마루",
            content_type: "application/json",
            body: b"{}",
            headers: &[("seq", "7")],
        };
        let mut out = BytesMut::new();
        encode_message(version, "sub-0", &message, &mut out);
        String::from_utf8(out.to_vec()).expect("the message is text")
    }

    #[test]
    fn a_message_has_its_headers_its_length_and_the_escapes_of_its_version() {
        assert_eq!(
            encoded(Version::V1_2),
            "MESSAGE\ndestination:/topic/마루\nsubscription:sub-0\nmessage-id:m\\c1\n\
             content-type:application/json\nseq:7\ncontent-length:2\n\n{}\0"
        );
        assert!(encoded(Version::V1_0).contains("\nmessage-id:m:1\n"));
    }
}
