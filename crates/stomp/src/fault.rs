//! How bytes can fail to be a frame.

use crate::Command;

/// What is wrong with a frame. The text says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first line names no command of STOMP.
    #[error("The first line of a frame must be a STOMP command in capital letters.")]
    UnknownCommand,
    /// The head is not UTF-8.
    #[error("The command and the headers of a frame must be UTF-8.")]
    InvalidUtf8,
    /// A header line has no colon.
    #[error(
        "Each header line must have the form name:value, and a blank line must end the headers."
    )]
    NoColon,
    /// A header line starts with its colon.
    #[error("Each header line must have a name before its colon.")]
    EmptyName,
    /// A header has a backslash that begins no escape of the version in use.
    #[error(
        r"A backslash in a header must begin \n, \c or \\ (STOMP 1.1 and 1.2) or \r (STOMP 1.2); a backslash itself is written \\."
    )]
    UndefinedEscape,
    /// A carriage return stands elsewhere than before a line feed.
    #[error(r"A carriage return in a header must be written \r; as itself it may only stand before a line feed.")]
    StrayCarriageReturn,
    /// The first line ends in CR LF in a version that knows LF alone.
    #[error("Before STOMP 1.2 lines must end in LF alone.")]
    CrLf,
    /// A NUL came before the blank line that ends the headers.
    #[error("A blank line must end the headers before the NUL that ends the frame.")]
    NulInHead,
    /// More headers than [`Limits::headers_max`](crate::Limits::headers_max).
    #[error("A frame may have at most {max} headers (headers_max).")]
    TooManyHeaders {
        /// The limit.
        max: usize,
    },
    /// A header line is longer than [`Limits::header_bytes_max`](crate::Limits::header_bytes_max).
    #[error("A header line may have at most {max} bytes (header_bytes_max).")]
    HeaderTooLong {
        /// The limit.
        max: usize,
    },
    /// The header lines are together longer than [`Limits::headers_bytes_max`](crate::Limits::headers_bytes_max).
    #[error("The headers of a frame may have at most {max} bytes together (headers_bytes_max).")]
    HeadersTooLong {
        /// The limit.
        max: usize,
    },
    /// `content-length` is no number.
    #[error(
        "The header content-length must be the number of bytes of the body, in decimal digits."
    )]
    BadContentLength,
    /// The body is longer than [`Limits::body_bytes_max`](crate::Limits::body_bytes_max).
    #[error("A body may have at most {max} bytes (body_bytes_max).")]
    BodyTooLong {
        /// The limit.
        max: usize,
    },
    /// The command allows no body.
    #[error("A {command} frame must not have a body: a NUL must follow its blank line.")]
    BodyForbidden {
        /// The command of the frame.
        command: Command,
    },
    /// The byte after `content-length` bytes of body is not NUL.
    #[error("A NUL must follow the body after exactly as many bytes as content-length says.")]
    MissingNul,
}

impl Fault {
    /// The fault in a few words, as the `message` header of an ERROR has it.
    pub fn message(self) -> &'static str {
        match self {
            Self::UnknownCommand => "unknown command",
            Self::InvalidUtf8 => "headers are not UTF-8",
            Self::NoColon => "header without a colon",
            Self::EmptyName => "header without a name",
            Self::UndefinedEscape => "undefined escape in a header",
            Self::StrayCarriageReturn => "stray carriage return in a header",
            Self::CrLf => "line ends in CR LF",
            Self::NulInHead => "frame ends within its headers",
            Self::TooManyHeaders { .. } => "too many headers",
            Self::HeaderTooLong { .. } => "header too long",
            Self::HeadersTooLong { .. } => "headers too long",
            Self::BadContentLength => "malformed content-length",
            Self::BodyTooLong { .. } => "body too long",
            Self::BodyForbidden { .. } => "body not allowed",
            Self::MissingNul => "no NUL after the body",
        }
    }

    /// Whether the frame passed a limit, as opposed to being malformed.
    pub fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TooManyHeaders { .. }
                | Self::HeaderTooLong { .. }
                | Self::HeadersTooLong { .. }
                | Self::BodyTooLong { .. }
        )
    }
}
