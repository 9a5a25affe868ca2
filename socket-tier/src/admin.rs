//! What operators ask of one instance and tell it, on a listener of their own (`ADMIN_LISTEN`).
//!
//! Every request brings `ADMIN_TOKEN` as a bearer token. An instance speaks of itself alone: whoever
//! wants to know of all asks each.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use chat::{Problem, ProblemCode, RoomId, UserId};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::tier::Doors;
use crate::upgrade::problem;

/// How many rooms are listed at the most: those with the most listeners.
pub const ROOMS_LISTED_MAX: usize = 1000;

/// Who may ask: whoever knows this. Never shown.
#[derive(Clone)]
pub struct AdminToken(Arc<str>);

impl AdminToken {
    /// The least that one has, in bytes: nobody guesses as much.
    pub const BYTES_MIN: usize = 32;

    /// Takes a token of at least [`BYTES_MIN`](Self::BYTES_MIN) bytes.
    pub fn new(token: &str) -> Option<Self> {
        (token.len() >= Self::BYTES_MIN).then(|| Self(token.into()))
    }

    /// Compares in a time that does not tell how much of it was right.
    fn is(&self, offered: &str) -> bool {
        let (own, offered) = (self.0.as_bytes(), offered.as_bytes());
        let differing = own
            .iter()
            .zip(offered)
            .fold(0, |differing, (a, b)| differing | (a ^ b));
        own.len() == offered.len() && differing == 0
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken([redacted])")
    }
}

/// What the routes work with.
#[derive(Clone)]
struct Desk {
    doors: Arc<Doors>,
    /// Cancelled where the instance is to be left.
    leave: CancellationToken,
}

/// The routes. `leave` is cancelled when somebody asks for the instance to be left.
pub(crate) fn router(doors: Arc<Doors>, token: AdminToken, leave: CancellationToken) -> Router {
    Router::new()
        .route("/instance", get(instance))
        .route("/rooms", get(rooms))
        .route("/users/{id}/sockets", get(sockets).delete(kick))
        .route("/drain", post(drain))
        .with_state(Desk { doors, leave })
        .fallback(|| async {
            let detail = "There is nothing at this path.";
            problem(Problem::new(ProblemCode::NotFound, detail))
        })
        .layer(middleware::from_fn_with_state(token, admit))
}

async fn admit(State(token): State<AdminToken>, request: Request, next: Next) -> Response {
    let offered = request.headers().get(header::AUTHORIZATION);
    let offered = offered
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let is_admitted = offered.is_some_and(|offered| token.is(offered));
    tracing::info!(
        target: "audit", event = "admin", admitted = is_admitted,
        method = %request.method(), path = request.uri().path(),
    );
    if is_admitted {
        return next.run(request).await;
    }
    problem(Problem::new(
        ProblemCode::Unauthenticated,
        "Send ADMIN_TOKEN of this instance as Authorization: Bearer.",
    ))
}

/// What an instance says of itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    version: &'static str,
    draining: bool,
    sockets: usize,
    users: usize,
    rooms: usize,
}

async fn instance(State(desk): State<Desk>) -> Json<Instance> {
    let around = &desk.doors.around;
    Json(Instance {
        version: env!("CARGO_PKG_VERSION"),
        draining: around.draining.has_begun(),
        sockets: desk.doors.sockets.len(),
        users: around.residents.users(),
        rooms: around.hub.rooms().await.len(),
    })
}

/// A room that somebody on this instance listens to.
#[derive(Serialize)]
struct Listened {
    room: RoomId,
    listeners: usize,
}

#[derive(Deserialize)]
struct Limit {
    limit: Option<usize>,
}

async fn rooms(
    State(desk): State<Desk>,
    Query(Limit { limit }): Query<Limit>,
) -> Json<Vec<Listened>> {
    let rooms = desk.doors.around.hub.rooms().await;
    let mut rooms: Vec<Listened> = rooms
        .into_iter()
        .map(|(room, listeners)| Listened { room, listeners })
        .collect();
    rooms.sort_by(|a, b| {
        b.listeners
            .cmp(&a.listeners)
            .then_with(|| a.room.cmp(&b.room))
    });
    rooms.truncate(limit.unwrap_or(ROOMS_LISTED_MAX).min(ROOMS_LISTED_MAX));
    Json(rooms)
}

/// What one user has open here.
#[derive(Serialize)]
struct Sockets {
    sockets: usize,
}

async fn sockets(State(desk): State<Desk>, Path(user): Path<Uuid>) -> Json<Sockets> {
    let sockets = desk.doors.around.residents.of(UserId(user));
    Json(Sockets { sockets })
}

/// Closes the sockets of a user with 4003. He may come back where his session was not ended too.
async fn kick(State(desk): State<Desk>, Path(user): Path<Uuid>) -> Json<Sockets> {
    let sockets = desk.doors.around.residents.kick(UserId(user));
    tracing::info!(target: "audit", event = "kicked", %user, sockets);
    Json(Sockets { sockets })
}

/// Leaves the instance, as SIGTERM does.
async fn drain(State(desk): State<Desk>) -> StatusCode {
    desk.leave.cancel();
    StatusCode::ACCEPTED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_compared_as_a_whole() {
        assert!(AdminToken::new("short").is_none());
        let token = AdminToken::new(&"x".repeat(32)).expect("long enough");
        assert!(token.is(&"x".repeat(32)));
        for wrong in ["", "x", &"x".repeat(31), &"x".repeat(33), &"y".repeat(32)] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "AdminToken([redacted])");
    }
}
