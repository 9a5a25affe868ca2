//! What was said: the history of the rooms over HTTP.
//!
//! [`router`] is the whole function. Its Lambda (`main.rs`), the `maru` command and the tests
//! serve this same router, so all three answer with the same bytes.

pub mod config;
mod entrance;
mod in_room;
mod messages;
mod probes;
mod unread;

use std::sync::Arc;

use access_token::Verifier;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use chat::AuthMode;
use http_edge::{Cors, EdgeConfig, edge};
use message_log::MessageLog;

use entrance::Entrance;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct State {
    /// Where the messages are.
    pub log: MessageLog,
    /// Which pages of other origins may read them.
    pub cors: Cors,
    /// Whether who reads has to bring a token.
    pub mode: AuthMode,
    /// What tokens have to pass.
    pub verifier: Arc<Verifier>,
}

/// Makes the function's router: full paths, every layer inside.
pub fn router(state: State) -> Router {
    let State {
        log,
        cors,
        mode,
        verifier,
    } = state;
    let entrance = Entrance { mode, verifier };
    let routes = Router::new()
        .route("/{roomId}/messages", get(messages::page))
        .route_layer(from_fn_with_state(entrance, entrance::check))
        .route("/health", get(probes::health))
        .route("/livez", get(probes::live))
        .route("/readyz", get(probes::ready))
        .with_state(log);
    let config = EdgeConfig {
        cors,
        ..EdgeConfig::default()
    };
    edge(routes, config)
}
