//! What was said: the history of the rooms over HTTP.
//!
//! [`router`] is the whole function. Its Lambda (`main.rs`), the `maru` command and the tests
//! serve this same router, so all three answer with the same bytes.

mod caller;
pub mod config;
mod entrance;
mod if_match;
mod in_room;
mod membership;
mod message;
mod messages;
mod openapi;
mod probes;
mod rooms;
mod search;
mod unread;

use std::sync::Arc;

use access_token::Verifier;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use chat::AuthMode;
use fanout::Herald;
use http_edge::{EdgeConfig, edge};
use message_log::MessageLog;
use request_source::Origins;

pub use openapi::openapi;

use entrance::Entrance;
use rooms::Rooms;

/// What the function works with.
#[derive(Clone)]
pub struct State {
    /// Where the messages are.
    pub log: MessageLog,
    /// Who tells the sockets that a room has changed; without one they find out by looking.
    pub herald: Option<Arc<dyn Herald>>,
    /// Which pages of other origins may read them.
    pub origins: Origins,
    /// Whether who reads has to bring a token.
    pub mode: AuthMode,
    /// What tokens have to pass.
    pub verifier: Arc<Verifier>,
    /// The most bytes of an answer where whoever carries it takes no more, as Lambda does: an export
    /// is then handed over in parts, and not streamed.
    pub answer_bytes_max: Option<usize>,
}

/// Makes the function's router: full paths, every layer inside.
pub fn router(state: State) -> Router {
    let State {
        log,
        herald,
        origins,
        mode,
        verifier,
        answer_bytes_max,
    } = state;
    let entrance = Entrance { mode, verifier };
    let said = Router::new()
        .route("/{roomId}/messages/search", get(search::search))
        .merge(messages::export::route(log.clone(), answer_bytes_max))
        .merge(message::reading())
        .route_layer(from_fn_with_state(log.clone(), membership::guard))
        // Finds out by itself who may read it, with the page.
        .route("/{roomId}/messages", get(messages::page))
        .with_state(log.clone());
    let rooms = Rooms {
        log: log.clone(),
        herald,
    };
    let routes = said
        .merge(message::changing(rooms.clone()))
        .merge(rooms::routes(rooms))
        .route_layer(from_fn_with_state(entrance, entrance::check))
        .merge(probes::routes(log));
    let config = EdgeConfig {
        origins,
        ..EdgeConfig::default()
    };
    edge(routes, config)
}
