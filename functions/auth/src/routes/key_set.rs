//! `GET /.well-known/jwks.json`: the keys that tokens are checked with.

use axum::extract::State as Extract;
use axum::http::{HeaderName, header};

use crate::State;

/// Anybody may keep it for a while: a coming key is published before it signs.
pub(super) const CACHED: &str = "public, max-age=300";

/// The public keys (RFC 7517, section 5).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "tokens",
    responses((
        status = 200,
        description = "The keys, as a JWK Set.",
        body = Object,
        content_type = "application/jwk-set+json",
    )),
)]
pub(crate) async fn key_set(
    Extract(state): Extract<State>,
) -> ([(HeaderName, &'static str); 2], String) {
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, CACHED),
    ];
    (headers, state.tokens.signer().published().to_json())
}
