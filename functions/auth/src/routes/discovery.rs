//! `GET /.well-known/openid-configuration`: where the keys are.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::{HeaderName, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::key_set::CACHED;
use crate::State;

/// As much of OpenID Connect Discovery 1.0 (section 3) as there is to be discovered: this server
/// knows no authorization endpoint, for it lets its own users in and nobody else's. A gateway's JWT
/// authorizer reads the first two members.
#[derive(Serialize, ToSchema)]
pub(crate) struct Discovery {
    issuer: String,
    jwks_uri: String,
    #[schema(value_type = Vec<String>)]
    response_types_supported: [&'static str; 0],
    #[schema(value_type = Vec<String>)]
    subject_types_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>)]
    id_token_signing_alg_values_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>)]
    claims_supported: [&'static str; 10],
}

/// Tells where the keys are.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "tokens",
    responses((status = 200, description = "Who issues, and where the keys are.", body = Discovery)),
)]
pub(crate) async fn discovery(
    Extract(state): Extract<State>,
) -> ([(HeaderName, &'static str); 1], Json<Discovery>) {
    let issuer = state.tokens.signer().parties().issuer.clone();
    let discovery = Discovery {
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        issuer,
        response_types_supported: [],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        claims_supported: [
            "iss", "aud", "sub", "iat", "exp", "jti", "sid", "nickname", "role", "guest",
        ],
    };
    ([(header::CACHE_CONTROL, CACHED)], Json(discovery))
}
