//! The routes written down (OpenAPI 3.1), each from the words beside its handler.

use utoipa::OpenApi;

use crate::{message, messages, rooms, search};

/// A route of the router that is not listed here is found by a test of `maru`.
#[derive(OpenApi)]
#[openapi(
    paths(messages::page, messages::export::export, search::search),
    tags((name = "history", description = "What was said in a room.")),
)]
struct Said;

/// The routes of the function but its probes, written down.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Said::openapi()
        .merge_from(message::Written::openapi())
        .merge_from(rooms::Written::openapi())
}
