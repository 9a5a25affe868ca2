//! What a load balancer asks: does the process live, and may it be sent anybody.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::tier::Doors;

/// `GET /health`, `/livez` and `/readyz`.
pub(crate) fn routes() -> Router<Arc<Doors>> {
    Router::new()
        .route("/health", get(|| async { "OK" }))
        .route("/livez", get(|| async { "OK" }))
        .route("/readyz", get(ready))
}

/// What `/readyz` says.
#[derive(Serialize)]
struct Readiness {
    /// Whether new sockets are welcome: Postgres answers, and nobody is leaving.
    ready: bool,
    /// Whether the instance is being left.
    draining: bool,
    /// Whether the truth can be reached.
    postgres: bool,
    /// Whether the hint can be reached. Without it the instance serves, slower across instances.
    fanout: bool,
}

async fn ready(State(doors): State<Arc<Doors>>) -> Response {
    let draining = doors.around.draining.is_cancelled();
    let postgres = doors.log.ping().await.is_ok();
    let readiness = Readiness {
        ready: postgres && !draining,
        draining,
        postgres,
        fanout: doors.fanout.is_connected(),
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}
