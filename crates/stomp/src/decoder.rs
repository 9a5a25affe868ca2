//! Reads frames from bytes that come in any pieces.

use std::fmt;
use std::str;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use crate::escaping::Escaping;
use crate::{Command, Fault, Frame, Headers, Limits, Version};

/// The longest first line of a frame, in bytes: no command comes near it.
pub const COMMAND_BYTES_MAX: usize = 32;

/// Cuts a stream of bytes into frames, of either direction.
///
/// An empty decoder owns no heap. What it holds beyond one `push` is at most one unfinished frame
/// within the [`Limits`], provided that [`next_frame`](Self::next_frame) is called until it has no more.
/// Until [`set_version`](Self::set_version) it reads by the rules of 1.2, which fit the frames that
/// come before a version is agreed.
pub struct Decoder {
    limits: Arc<Limits>,
    buffer: BytesMut,
    /// Bytes were consumed and their room is still allocated.
    has_slack: bool,
    progress: Progress,
    version: Version,
}

/// Why bytes are no frame, and which receipt the broken frame had asked for, where that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct DecodeError {
    /// What is wrong.
    pub fault: Fault,
    /// The `receipt` header of the broken frame.
    pub receipt: Option<Box<str>>,
}

/// How far the frame at the front of the buffer has been read.
enum Progress {
    /// The buffer starts with a frame's head, or with line ends between frames.
    Head(Scan),
    /// The head is read and gone from the buffer, which starts with the body.
    Body(Box<Head>),
    /// A fault was found: where the next frame starts cannot be known.
    Lost,
}

/// The search for the blank line. Bytes are looked at once, however small the pieces.
#[derive(Clone, Copy, Default)]
struct Scan {
    /// Where the current line starts.
    line_start: usize,
    /// Up to where the current line has no end.
    searched: usize,
    /// The number of lines before the current one.
    lines: usize,
    /// The length of the first line with its end.
    command_bytes: usize,
}

struct Head {
    command: Command,
    headers: Headers,
    content_length: Option<usize>,
    /// Up to where the body has no NUL; unused where its length is known.
    searched: usize,
}

impl Decoder {
    /// An empty decoder.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            has_slack: false,
            progress: Progress::Head(Scan::default()),
            version: Version::V1_2,
        }
    }

    /// Reads what follows by the rules of `version`.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// The version by whose rules frames are read.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Appends bytes as they came. After an error they are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if !matches!(self.progress, Progress::Lost) {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The bytes that are held and not yet part of a frame that was given out.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Drops what is held, and whatever is pushed from now on.
    pub(crate) fn discard(&mut self) {
        self.progress = Progress::Lost;
        self.buffer = BytesMut::new();
    }

    /// Gives out the next frame that is whole. Line ends between frames are skipped.
    ///
    /// # Errors
    /// Says what is wrong with the frame at the front. The rest of the stream is lost then:
    /// the decoder drops what it holds and gives out nothing more.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, DecodeError> {
        let outcome = self.read_frame();
        match outcome {
            Ok(Some(_)) => {}
            Ok(None) => self.release_slack(),
            Err(_) => self.discard(),
        }
        outcome
    }

    fn read_frame(&mut self) -> Result<Option<Frame>, DecodeError> {
        let start = Progress::Head(Scan::default());
        let mut head = match std::mem::replace(&mut self.progress, start) {
            Progress::Head(scan) => match self.read_head(scan)? {
                Some(head) => head,
                None => return Ok(None),
            },
            Progress::Body(head) => *head,
            Progress::Lost => {
                self.progress = Progress::Lost;
                return Ok(None);
            }
        };
        match self.read_body(&mut head) {
            Ok(Some(body)) => Ok(Some(Frame {
                command: head.command,
                headers: head.headers,
                body,
            })),
            Ok(None) => {
                self.progress = Progress::Body(Box::new(head));
                Ok(None)
            }
            Err(fault) => Err(DecodeError {
                fault,
                receipt: head.headers.get("receipt").map(Box::from),
            }),
        }
    }

    fn read_head(&mut self, mut scan: Scan) -> Result<Option<Head>, DecodeError> {
        if scan.searched == 0 {
            self.skip_line_ends();
            if matches!(self.buffer[..], [] | [b'\r']) {
                return Ok(None);
            }
        }
        let end = self
            .find_blank_line(&mut scan)
            .map_err(|fault| self.error(fault, scan.line_start))?;
        let Some(end) = end else {
            self.progress = Progress::Head(scan);
            return Ok(None);
        };
        let head = self
            .parse_head(&self.buffer[..scan.line_start])
            .map_err(|fault| self.error(fault, scan.line_start))?;
        self.consume(end);
        Ok(Some(head))
    }

    /// Skips the line ends that may follow a frame and serve as heart-beats, in every version with
    /// or without a carriage return: no command could start with one.
    fn skip_line_ends(&mut self) {
        let mut skipped = 0;
        loop {
            match self.buffer[skipped..] {
                [b'\n', ..] => skipped += 1,
                [b'\r', b'\n', ..] => skipped += 2,
                _ => break,
            }
        }
        self.consume(skipped);
    }

    /// Searches on for the blank line and returns where the body starts, if it is there.
    fn find_blank_line(&self, scan: &mut Scan) -> Result<Option<usize>, Fault> {
        loop {
            let found = self.buffer[scan.searched..]
                .iter()
                .position(|byte| matches!(byte, b'\n' | 0));
            let line_end = found.map_or(self.buffer.len(), |at| scan.searched + at);
            let line = self.without_cr(&self.buffer[scan.line_start..line_end]);
            if !line.is_empty() {
                self.check_line(scan, line.len())?;
            }
            if found.is_none() {
                scan.searched = line_end;
                return Ok(None);
            }
            if self.buffer[line_end] == 0 {
                // The line is whole: it may hold the receipt.
                scan.line_start = line_end;
                return Err(Fault::NulInHead);
            }
            if line.is_empty() {
                return Ok(Some(line_end + 1));
            }
            if scan.lines == 0 && line.ends_with(b"\r") && !self.takes_crlf() {
                return Err(Fault::CrLf);
            }
            scan.lines += 1;
            scan.line_start = line_end + 1;
            scan.searched = line_end + 1;
            if scan.lines == 1 {
                scan.command_bytes = line_end + 1;
            }
        }
    }

    fn check_line(&self, scan: &Scan, bytes: usize) -> Result<(), Fault> {
        let limits = &self.limits;
        if scan.lines == 0 {
            return if bytes > COMMAND_BYTES_MAX {
                Err(Fault::UnknownCommand)
            } else {
                Ok(())
            };
        }
        if scan.lines > limits.headers_max {
            return Err(Fault::TooManyHeaders {
                max: limits.headers_max,
            });
        }
        // Of two limits the one that is reached first is named, in whatever pieces the line comes.
        let before = scan.line_start - scan.command_bytes;
        let left = limits.headers_bytes_max.saturating_sub(before);
        if bytes > limits.header_bytes_max.min(left) {
            return Err(if limits.header_bytes_max <= left {
                Fault::HeaderTooLong {
                    max: limits.header_bytes_max,
                }
            } else {
                Fault::HeadersTooLong {
                    max: limits.headers_bytes_max,
                }
            });
        }
        Ok(())
    }

    /// Parses a head that has its last line end and not its blank line.
    fn parse_head(&self, head: &[u8]) -> Result<Head, Fault> {
        let text = str::from_utf8(head).map_err(|_| Fault::InvalidUtf8)?;
        let takes_crlf = self.takes_crlf();
        let mut lines = text
            .split_terminator('\n')
            .map(|line| match line.strip_suffix('\r') {
                Some(stripped) if takes_crlf => stripped,
                _ => line,
            });
        let command = lines
            .next()
            .and_then(Command::parse)
            .ok_or(Fault::UnknownCommand)?;
        let escaping = Escaping::of(command, self.version);
        let mut headers = Headers::with_capacity(text.len());
        for line in lines {
            if takes_crlf && line.contains('\r') {
                return Err(Fault::StrayCarriageReturn);
            }
            let (name, value) = line.split_once(':').ok_or(Fault::NoColon)?;
            if name.is_empty() {
                return Err(Fault::EmptyName);
            }
            for part in [name, self.without_padding(value)] {
                headers
                    .push_part(|out| escaping.unescape(part, out))
                    .map_err(|_| Fault::UndefinedEscape)?;
            }
        }
        let content_length = match headers.get("content-length") {
            Some(digits) => Some(self.parse_length(command, digits)?),
            None => None,
        };
        Ok(Head {
            command,
            headers,
            content_length,
            searched: 0,
        })
    }

    fn parse_length(&self, command: Command, digits: &str) -> Result<usize, Fault> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::BadContentLength);
        }
        // Digits alone fail to parse only where they pass every limit.
        let length = digits.parse().unwrap_or(usize::MAX);
        self.check_body(command, length)?;
        Ok(length)
    }

    fn read_body(&mut self, head: &mut Head) -> Result<Option<Bytes>, Fault> {
        let length = match head.content_length {
            Some(length) => {
                match self.buffer.get(length) {
                    None => return Ok(None),
                    Some(0) => {}
                    Some(_) => return Err(Fault::MissingNul),
                }
                length
            }
            None => {
                let found = self.buffer[head.searched..]
                    .iter()
                    .position(|byte| *byte == 0);
                let length = found.map_or(self.buffer.len(), |at| head.searched + at);
                self.check_body(head.command, length)?;
                if found.is_none() {
                    head.searched = length;
                    return Ok(None);
                }
                length
            }
        };
        // A copy, so that a small body never keeps a large piece of input alive.
        let body = Bytes::copy_from_slice(&self.buffer[..length]);
        self.consume(length + 1);
        Ok(Some(body))
    }

    fn consume(&mut self, bytes: usize) {
        self.buffer.advance(bytes);
        self.has_slack |= bytes > 0;
    }

    /// Moves what is left of a piece to a place of its own size: an idle connection keeps no
    /// buffer, and the start of a frame does not keep what came before it.
    fn release_slack(&mut self) {
        if self.has_slack {
            self.buffer = BytesMut::from(&self.buffer[..]);
            self.has_slack = false;
        }
    }

    fn check_body(&self, command: Command, bytes: usize) -> Result<(), Fault> {
        if bytes > 0 && !command.allows_body() {
            return Err(Fault::BodyForbidden { command });
        }
        if bytes > self.limits.body_bytes_max {
            return Err(Fault::BodyTooLong {
                max: self.limits.body_bytes_max,
            });
        }
        Ok(())
    }

    /// A fault of the head at the front of the buffer, with its receipt if one of the lines up to
    /// `end` is one: what comes later may belong to another frame.
    fn error(&self, fault: Fault, end: usize) -> DecodeError {
        let receipt = self.buffer[..end]
            .split(|byte| *byte == b'\n')
            .skip(1)
            .find_map(|line| self.without_cr(line).strip_prefix(b"receipt:"))
            .and_then(|value| str::from_utf8(value).ok())
            .and_then(|value| {
                let mut receipt = String::new();
                let escaping = Escaping::of(Command::Send, self.version);
                let value = self.without_padding(value);
                escaping.unescape(value, &mut receipt).ok()?;
                Some(receipt.into_boxed_str())
            });
        DecodeError { fault, receipt }
    }

    /// A line without the carriage return that 1.2 allows before its line feed.
    fn without_cr<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        match line.strip_suffix(b"\r") {
            Some(stripped) if self.takes_crlf() => stripped,
            _ => line,
        }
    }

    fn takes_crlf(&self) -> bool {
        self.version == Version::V1_2
    }

    /// A value without the spaces around it that 1.0's own examples have; later versions forbid to
    /// trim (STOMP 1.2, "Value Encoding").
    fn without_padding<'a>(&self, value: &'a str) -> &'a str {
        if self.version == Version::V1_0 {
            value.trim_matches(' ')
        } else {
            value
        }
    }
}

/// Shows how much is held and not what: it may be a secret.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("version", &self.version)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_takes_no_more_room_than_it_needs() {
        let mut decoder = Decoder::new(Arc::default());
        decoder.push(&b"BEGIN\n\n\0".repeat(1_000));
        decoder.push(b"SEND");
        while decoder.next_frame().expect("every frame is good").is_some() {}
        assert_eq!(decoder.buffer, b"SEND"[..]);
        assert!(decoder.buffer.capacity() < 64);
        decoder.push(b"\n\n\0\n");
        while decoder.next_frame().expect("every frame is good").is_some() {}
        assert_eq!(decoder.buffer.capacity(), 0);
    }
}
