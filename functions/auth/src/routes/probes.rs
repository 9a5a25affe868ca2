//! What watches the function asks.

use axum::extract::State as Extract;

use crate::State;
use crate::refusal::Refusal;

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
pub(crate) async fn ready(Extract(state): Extract<State>) -> Result<&'static str, Refusal> {
    state.accounts.ping().await?;
    Ok(OK)
}
