//! What a load balancer asks (does the process live, and may it be sent anybody), and what whoever
//! watches the instance wants to know.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::metrics;
use crate::tier::Doors;

/// `GET /health`, `/livez`, `/readyz` and `/metrics`.
pub(crate) fn routes() -> Router<Arc<Doors>> {
    Router::new()
        .route("/health", get(|| async { "OK" }))
        .route("/livez", get(|| async { "OK" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(measured))
}

/// What `/readyz` says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    /// Whether new sockets are welcome: Postgres answers, and nobody is leaving.
    ready: bool,
    /// What does not work as it should though the instance serves.
    degraded: Vec<Degradation>,
    /// Whether the instance is being left.
    draining: bool,
    /// Whether the truth can be reached.
    postgres: bool,
    /// Whether the hint can be reached. Without it the instance serves, slower across instances.
    fanout: bool,
    /// Whether Postgres keeps what it confirms; absent where it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<Durability>,
}

/// What does not work as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Degradation {
    /// Other instances cannot be heard: their messages come by the look at Postgres.
    Fanout,
    /// A crash of Postgres may lose messages that were receipted.
    Durability,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Durability {
    fsync: bool,
    synchronous_commit: bool,
}

impl Readiness {
    fn new(draining: bool, fanout: bool, durability: Option<message_log::Durability>) -> Self {
        let mut degraded = Vec::new();
        if !fanout {
            degraded.push(Degradation::Fanout);
        }
        if durability.is_some_and(|durability| !durability.is_kept()) {
            degraded.push(Degradation::Durability);
        }
        Self {
            ready: durability.is_some() && !draining,
            degraded,
            draining,
            postgres: durability.is_some(),
            fanout,
            durability: durability.map(|durability| Durability {
                fsync: durability.fsync,
                synchronous_commit: durability.synchronous_commit,
            }),
        }
    }
}

async fn ready(State(doors): State<Arc<Doors>>) -> Response {
    let readiness = Readiness::new(
        doors.leaving.is_cancelled(),
        doors.fanout.is_connected(),
        doors.vitals.look(&doors.log).await,
    );
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

async fn measured(State(doors): State<Arc<Doors>>) -> Response {
    let headers = [(header::CONTENT_TYPE, metrics::CONTENT_TYPE)];
    (headers, doors.around.metrics.text()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: message_log::Durability = message_log::Durability {
        fsync: true,
        synchronous_commit: true,
    };

    fn json(readiness: &Readiness) -> String {
        serde_json::to_string(readiness).expect("booleans and names")
    }

    #[test]
    fn whoever_hears_no_other_instance_serves_and_says_that_it_is_degraded() {
        let readiness = Readiness::new(false, false, Some(KEPT));
        assert_eq!(
            json(&readiness),
            r#"{"ready":true,"degraded":["fanout"],"draining":false,"postgres":true,"fanout":false,"durability":{"fsync":true,"synchronousCommit":true}}"#
        );
    }

    #[test]
    fn a_postgres_that_may_forget_is_told_of_and_one_that_is_away_closes_the_door() {
        let forgetful = message_log::Durability {
            fsync: false,
            ..KEPT
        };
        let readiness = Readiness::new(false, true, Some(forgetful));
        assert!(readiness.ready);
        assert_eq!(readiness.degraded, [Degradation::Durability]);
        assert!(!Readiness::new(false, true, None).ready);
        assert!(!Readiness::new(true, true, Some(KEPT)).ready);
    }
}
