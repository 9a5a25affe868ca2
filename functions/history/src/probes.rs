//! What watches the function asks.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http_edge::ProblemResponse;
use message_log::MessageLog;

use crate::unread::problem_of;

/// The routes.
pub(crate) fn routes(log: MessageLog) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .with_state(log)
}

const OK: &str = "OK";

/// `GET /health`: the process answers.
async fn health() -> &'static str {
    OK
}

/// `GET /livez`: the process answers; restarting it would help nobody.
async fn live() -> &'static str {
    OK
}

/// `GET /readyz`: the function can do its work, for Postgres answers.
async fn ready(State(log): State<MessageLog>) -> Result<&'static str, ProblemResponse> {
    match log.ping().await {
        Ok(()) => Ok(OK),
        Err(error) => Err(problem_of(&error)),
    }
}
