//! Why the store failed, in words that tell the log what to look for and no content.

use std::fmt::Debug;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsOutput,
};

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("it did not answer in time")]
    TimedOut,
    #[error("it could not be reached")]
    Unreachable,
    #[error("it answered {0}")]
    Refused(String),
    #[error("the request could not be made: credentials or region are missing")]
    NotConfigured,
    #[error("too many changed the same item at once")]
    Contended,
    #[error("an item is not as it was written: {0}")]
    Malformed(&'static str),
}

impl Fault {
    /// Takes what is safe to tell of an error: its kind and its code. The SDK's own text may quote
    /// a response.
    pub(super) fn of<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> Self {
        match &error {
            SdkError::TimeoutError(_) => Self::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::TimedOut,
            // Credentials are fetched on the way, and their absence comes as a failure of it.
            SdkError::DispatchFailure(failure) if failure.is_other() || failure.is_user() => {
                Self::NotConfigured
            }
            SdkError::DispatchFailure(_) => Self::Unreachable,
            SdkError::ConstructionFailure(_) => Self::NotConfigured,
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("an error without a code");
                Self::Refused(code.to_owned())
            }
            _ => Self::Refused("nothing that could be read".to_owned()),
        }
    }
}

/// What became of a conditional write.
#[derive(Debug)]
pub(super) enum Written {
    Kept,
    /// Another write came first.
    Overtaken,
}

impl Written {
    pub(super) fn from_put<R>(
        sent: Result<PutItemOutput, SdkError<PutItemError, R>>,
    ) -> Result<Self, Fault> {
        match sent {
            Ok(_) => Ok(Self::Kept),
            Err(error) => match error.as_service_error() {
                Some(
                    PutItemError::ConditionalCheckFailedException(_)
                    | PutItemError::TransactionConflictException(_),
                ) => Ok(Self::Overtaken),
                _ => Err(Fault::of(error)),
            },
        }
    }

    pub(super) fn from_transaction<R>(
        sent: Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError, R>>,
    ) -> Result<Self, Fault> {
        match sent {
            Ok(_) => Ok(Self::Kept),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                    Ok(Self::Overtaken)
                }
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let overtaken = cancelled.cancellation_reasons().iter().any(|reason| {
                        matches!(
                            reason.code(),
                            Some("ConditionalCheckFailed" | "TransactionConflict")
                        )
                    });
                    if overtaken {
                        return Ok(Self::Overtaken);
                    }
                    Err(Fault::of(error))
                }
                _ => Err(Fault::of(error)),
            },
        }
    }
}
