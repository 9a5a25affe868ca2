//! How a client can break the protocol once its frames are well formed.

use crate::{CloseReason, Fault, Limits, Version};

/// A breach that ends the session. The text is the body of the ERROR and says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("The first frame must be CONNECT or STOMP.")]
    NotConnected,
    #[error("CONNECT or STOMP may come once in a session.")]
    AlreadyConnected,
    #[error("Supported protocol versions are {}.", Version::SUPPORTED)]
    UnsupportedVersion,
    #[error("The header heart-beat must be two numbers of milliseconds with a comma between them.")]
    MalformedHeartbeat,
    #[error("CONNECT must come within {seconds} seconds (connect_timeout).")]
    ConnectTimeout { seconds: u64 },
    #[error(
        "At most {max} bytes may follow CONNECT before CONNECTED is received (pipelined_bytes_max)."
    )]
    PipelinedTooMuch { max: usize },
    #[error("Nothing was heard for longer than the agreed heart-beat allows.")]
    HeartbeatMissed,
    #[error("CONNECTED, MESSAGE, RECEIPT and ERROR are for servers to send.")]
    ServerCommand,
    #[error("NACK exists from STOMP 1.1 on, and this session speaks 1.0.")]
    NackIn1_0,
    #[error("This frame must have a header named {name} that is not empty.")]
    MissingHeader { name: &'static str },
    #[error("The header ack must be auto, client or client-individual.")]
    UnknownAckMode,
    #[error("A SUBSCRIBE must have an id that no other subscription of the session has.")]
    DuplicateSubscription,
    #[error("A session may have at most {max} subscriptions (subscriptions_max).")]
    TooManySubscriptions { max: usize },
    #[error("The header id must be the value of the ack header of a MESSAGE of this session.")]
    UnknownAck,
    #[error("A BEGIN must name a transaction that is not open yet.")]
    DuplicateTransaction,
    #[error("The header transaction must name a transaction that is open.")]
    UnknownTransaction,
    #[error("At most {max} transactions may be open (transactions_max).")]
    TooManyTransactions { max: usize },
    #[error("A transaction may have at most {max} frames (transaction_frames_max).")]
    TransactionTooLong { max: usize },
    #[error("Open transactions may hold at most {max} bytes together (transactions_bytes_max).")]
    TransactionsTooBig { max: usize },
}

impl Violation {
    pub(crate) fn connect_timeout(limits: &Limits) -> Self {
        Self::ConnectTimeout {
            seconds: limits.connect_timeout.as_secs(),
        }
    }

    /// The breach in a few words, as the `message` header of the ERROR has it.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.message(),
            Self::NotConnected => "not connected",
            Self::AlreadyConnected => "already connected",
            Self::UnsupportedVersion => "unsupported protocol version",
            Self::MalformedHeartbeat => "malformed heart-beat",
            Self::ConnectTimeout { .. } => "no CONNECT in time",
            Self::PipelinedTooMuch { .. } => "too much sent before CONNECTED",
            Self::HeartbeatMissed => "heart-beat missed",
            Self::ServerCommand => "command of a server",
            Self::NackIn1_0 => "unknown command",
            Self::MissingHeader { .. } => "missing header",
            Self::UnknownAckMode => "unknown ack mode",
            Self::DuplicateSubscription => "duplicate subscription",
            Self::TooManySubscriptions { .. } => "too many subscriptions",
            Self::UnknownAck => "unknown message",
            Self::DuplicateTransaction => "duplicate transaction",
            Self::UnknownTransaction => "unknown transaction",
            Self::TooManyTransactions { .. } => "too many transactions",
            Self::TransactionTooLong { .. } => "transaction too long",
            Self::TransactionsTooBig { .. } => "transactions too big",
        }
    }

    /// Why the session closes.
    pub(crate) fn close_reason(self) -> CloseReason {
        match self {
            Self::Fault(fault) if fault.is_limit() => CloseReason::TooBig,
            Self::PipelinedTooMuch { .. } | Self::TransactionsTooBig { .. } => CloseReason::TooBig,
            Self::ConnectTimeout { .. } => CloseReason::ConnectTimeout,
            Self::HeartbeatMissed => CloseReason::HeartbeatMissed,
            _ => CloseReason::Protocol,
        }
    }
}
