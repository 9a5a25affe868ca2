//! Who is speaking: accounts, log-ins and tokens over HTTP.
//!
//! [`router`] is the whole function. Its Lambda (`main.rs`), the `maru` command and the tests
//! serve this same router, so all three answer with the same bytes.
//!
//! Three stores take part. Accounts are in Postgres ([`Accounts`]); sessions, their refresh tokens
//! and the throttles are a lease behind the port [`sessions::Sessions`]; an access token is in
//! nobody's store, for its signature is enough. So without Postgres or without the sessions nobody
//! logs in or refreshes, and who is in stays in until the token expires.

mod accounts;
mod attempt;
mod bearer;
mod client_address;
pub mod config;
mod csrf;
mod email;
mod grant;
mod hashing;
mod openapi;
mod password;
mod refresh_cookie;
mod refusal;
mod routes;
mod state;

pub use accounts::{
    Account, AccountState, Accounts, AccountsError, Cause, MigrateError, OpenError,
};
pub use email::{Email, EmailError};
pub use hashing::{HashCost, HashingLimits, Overloaded, Passwords};
pub use openapi::openapi;
pub use state::{Clock, DisableError, State, Tokens};

use axum::Router;
use axum::routing::{delete, get, post};
use http_edge::{EdgeConfig, edge};

/// Where the function's routes lie, in the form of axum's route patterns: a server with routes of
/// its own hands these to [`router`] as a service.
pub const PATHS: [&str; 2] = ["/auth/{*path}", "/.well-known/{*path}"];

/// The largest body, in bytes: an e-mail, a password and a name, each escaped in full.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Makes the function's router: full paths, every layer inside.
pub fn router(state: State) -> Router {
    let config = EdgeConfig {
        origins: state.origins.clone(),
        body_bytes_max: BODY_BYTES_MAX,
        ..EdgeConfig::default()
    };
    let routes = Router::new()
        .route("/auth/signup", post(routes::signup::sign_up))
        .route("/auth/login", post(routes::login::log_in))
        .route("/auth/refresh", post(routes::refresh::refresh))
        .route("/auth/logout", post(routes::logout::log_out))
        .route(
            "/auth/logout-all",
            post(routes::logout_all::log_out_everywhere),
        )
        .route("/auth/password", post(routes::password::change))
        .route("/auth/me", get(routes::me::me))
        .route("/auth/sessions", get(routes::session_list::list))
        .route("/auth/sessions/{id}", delete(routes::session_end::end))
        .route("/auth/guest", post(routes::guest::admit))
        .route("/auth/verify", post(routes::verify::verify))
        .route("/.well-known/jwks.json", get(routes::key_set::key_set))
        .route(
            "/.well-known/openid-configuration",
            get(routes::discovery::discovery),
        )
        .route("/health", get(routes::probes::health))
        .route("/livez", get(routes::probes::live))
        .route("/readyz", get(routes::probes::ready))
        .with_state(state);
    edge(routes, config)
}
