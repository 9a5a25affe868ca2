//! What a client is told when the log could not be read.

use std::time::Duration;

use chat::{Problem, ProblemCode};
use http_edge::ProblemResponse;
use message_log::ReadError;

/// When to try again: as soon as the next attempt is worth its cost.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Logs the cause, once, and makes the problem that says nothing of it.
pub(crate) fn problem_of(error: &ReadError) -> ProblemResponse {
    match error {
        ReadError::Unavailable(cause) => {
            tracing::warn!(%cause, "history could not be read");
            Problem::new(
                ProblemCode::StoreUnavailable,
                "The messages cannot be reached at the moment. Try again.",
            )
            .retry_after(RETRY_AFTER)
            .into()
        }
        ReadError::Failed(cause) => {
            tracing::error!(%cause, "history could not be read");
            ProblemResponse::internal()
        }
    }
}
