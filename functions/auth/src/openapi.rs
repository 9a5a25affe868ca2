//! The routes written down (OpenAPI 3.1), each from the words beside its handler.

use utoipa::OpenApi;

use crate::routes;

/// A route of the router that is not listed here is found by a test of `maru`.
#[derive(OpenApi)]
#[openapi(
    paths(
        routes::signup::sign_up,
        routes::login::log_in,
        routes::refresh::refresh,
        routes::logout::log_out,
        routes::logout_all::log_out_everywhere,
        routes::password::change,
        routes::me::me,
        routes::session_list::list,
        routes::session_end::end,
        routes::guest::admit,
        routes::verify::verify,
        routes::key_set::key_set,
        routes::discovery::discovery,
    ),
    tags(
        (name = "accounts", description = "Who one is: signing up, logging in, sessions, guests."),
        (name = "tokens", description = "Whether a token is good."),
    ),
)]
struct Routes;

/// The routes of the function but its probes, written down.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Routes::openapi()
}
