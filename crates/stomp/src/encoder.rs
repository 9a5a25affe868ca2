//! Writes frames.

use std::fmt::{Display, Write};

use bytes::BytesMut;

use crate::escaping::{Escaping, Side};
use crate::{Command, Version};

/// Writes one frame: `begin`, any number of headers, then `finish` or `finish_with_body`.
pub(crate) struct Encoder<'a> {
    out: &'a mut BytesMut,
    escaping: Escaping,
}

impl<'a> Encoder<'a> {
    pub(crate) fn begin(out: &'a mut BytesMut, command: Command, version: Version) -> Self {
        out.extend_from_slice(command.as_str().as_bytes());
        out.extend_from_slice(b"\n");
        Self {
            out,
            escaping: Escaping::of(command, version),
        }
    }

    /// Writes a header. One without a name, which no frame can have, is left out.
    pub(crate) fn header(&mut self, name: &str, value: &str) -> &mut Self {
        if name.is_empty() {
            return self;
        }
        self.escaping.escape(name, Side::Name, self.out);
        self.out.extend_from_slice(b":");
        self.escaping.escape(value, Side::Value, self.out);
        self.out.extend_from_slice(b"\n");
        self
    }

    /// Writes a header whose name and value need no escape.
    pub(crate) fn plain_header(&mut self, name: &str, value: impl Display) -> &mut Self {
        // BytesMut fails only at a length beyond usize.
        let _ = writeln!(self.out, "{name}:{value}");
        self
    }

    /// Ends a frame that has no body.
    pub(crate) fn finish(&mut self) {
        self.out.extend_from_slice(b"\n\0");
    }

    /// Ends a frame with its `content-length`, also of an empty body, and its body.
    pub(crate) fn finish_with_body(&mut self, body: &[u8]) {
        self.plain_header("content-length", body.len());
        self.out.extend_from_slice(b"\n");
        self.out.extend_from_slice(body);
        self.out.extend_from_slice(b"\0");
    }
}
