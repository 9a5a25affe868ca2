//! What watches the function asks.

use axum::extract::State;
use http_edge::ProblemResponse;
use message_log::MessageLog;

use crate::unread::problem_of;

const OK: &str = "OK";

/// `GET /health`: the process answers.
pub(crate) async fn health() -> &'static str {
    OK
}

/// `GET /livez`: the process answers; restarting it would help nobody.
pub(crate) async fn live() -> &'static str {
    OK
}

/// `GET /readyz`: the function can do its work, for Postgres answers.
pub(crate) async fn ready(State(log): State<MessageLog>) -> Result<&'static str, ProblemResponse> {
    match log.ping().await {
        Ok(()) => Ok(OK),
        Err(error) => Err(problem_of(&error)),
    }
}
