//! What is wrong, where, and both sides of it.

use std::fmt;

use serde::Serialize;

use crate::journal::Client;

/// One breach of a promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which promise, and how it was broken.
    pub kind: Kind,
    /// The index of the room.
    pub room: u32,
    /// The first bad number; absent where there is none.
    pub seq: Option<i64>,
    /// Who saw it; absent where the rows alone show it.
    pub who: Option<Client>,
    /// What should be.
    pub expected: String,
    /// What is.
    pub found: String,
}

/// The ways in which promises are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A message that was receipted has no row.
    ReceiptedLost,
    /// A receipt names another number or id than the row has, or than an earlier receipt.
    ReceiptDiffers,
    /// A receipt says wrongly whether the message had been stored before.
    DuplicateFlag,
    /// A message that was surely refused has a row.
    RefusedStored,
    /// One send has two rows.
    StoredTwice,
    /// A row, or what a listener heard, was sent by nobody.
    Foreign,
    /// What is stored, or told, is not what was sent.
    ContentDiffers,
    /// The rows' numbers are not 1, 2, 3 … to the last.
    NumberMissing,
    /// Two readings of the same rows differ.
    ReadingsDiffer,
    /// A listener did not hear a message that it was entitled to.
    Missed,
    /// A listener heard a message twice.
    HeardTwice,
    /// A listener heard a message after a later one.
    OutOfOrder,
    /// Two listeners heard different things under one number, or a listener other than the row.
    ListenersDisagree,
    /// A listener was told that it has everything, and had not.
    FalseResume,
    /// A listener was told to read anew what was never restored.
    SnapshotWithoutCause,
    /// A listener heard the number of a message that it was not shown.
    NumberWithoutMessage,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReceiptedLost => "a receipted message is lost",
            Self::ReceiptDiffers => "a receipt differs",
            Self::DuplicateFlag => "a receipt is wrong about a duplicate",
            Self::RefusedStored => "a refused message is stored",
            Self::StoredTwice => "a message is stored twice",
            Self::Foreign => "nobody sent this",
            Self::ContentDiffers => "the content is another",
            Self::NumberMissing => "a number is missing",
            Self::ReadingsDiffer => "HTTP and the rows differ",
            Self::Missed => "a listener missed a message",
            Self::HeardTwice => "a listener heard a message twice",
            Self::OutOfOrder => "a listener heard messages out of order",
            Self::ListenersDisagree => "a number stands for two messages",
            Self::FalseResume => "a listener was said to be complete and was not",
            Self::SnapshotWithoutCause => "a listener was sent back to the history",
            Self::NumberWithoutMessage => "a listener was not shown a message before its number",
        })
    }
}
