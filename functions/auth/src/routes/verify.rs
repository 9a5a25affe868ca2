//! `POST /auth/verify`: whether a token is good, and what it says.

use access_token::Claims;
use axum::Json;
use axum::extract::State as Extract;
use chat::UserId;
use http_edge::JsonBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::bearer::is_known_to_be_revoked;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Presented {
    token: String,
}

/// The answer, in the names of RFC 7662, section 2.2. Of a token that is not good it says nothing
/// but that.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Verified {
    Good(Box<Good>),
    NotGood { active: bool },
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Good {
    active: bool,
    token_type: &'static str,
    iss: String,
    aud: String,
    sub: UserId,
    jti: Uuid,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sid: Option<Uuid>,
    nickname: String,
    role: &'static str,
    guest: bool,
}

/// Tells whoever cannot check a signature himself. Whoever can needs `/.well-known/jwks.json` and
/// nothing else.
#[utoipa::path(
    post,
    path = "/auth/verify",
    tag = "tokens",
    request_body = Presented,
    responses(
        (status = 200, description = "What the token says, or that it is not good.", body = Verified),
        (status = 400, description = "The body is not of this form."),
    ),
)]
pub(crate) async fn verify(
    Extract(state): Extract<State>,
    JsonBody(body): JsonBody<Presented>,
) -> Json<Verified> {
    Json(match state.tokens.verify(&body.token, state.clock.now()) {
        Ok(claims) if !is_known_to_be_revoked(&state, &claims).await => {
            Verified::Good(Box::new(Good::new(&state, &claims)))
        }
        Ok(_) | Err(_) => Verified::NotGood { active: false },
    })
}

impl Good {
    fn new(state: &State, claims: &Claims) -> Self {
        let parties = state.tokens.signer().parties();
        let subject = &claims.subject;
        Self {
            active: true,
            token_type: "Bearer",
            iss: parties.issuer.clone(),
            aud: parties.audience.clone(),
            sub: subject.user,
            jti: claims.token_id,
            iat: claims.issued_at.unix_timestamp(),
            exp: claims.expires_at.unix_timestamp(),
            sid: subject.session(),
            nickname: subject.nickname.as_str().to_owned(),
            role: subject.role_name(),
            guest: subject.is_guest(),
        }
    }
}
