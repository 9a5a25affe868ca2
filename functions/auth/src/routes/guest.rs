//! `POST /auth/guest`: a token for a name.

use std::time::Duration;

use access_token::{Holder, Subject};
use axum::Json;
use axum::extract::State as Extract;
use chat::{Nickname, UserId};
use http_edge::JsonBody;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::grant::{Grant, User};
use crate::refusal::Refusal;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Guest {
    #[schema(value_type = Nickname)]
    nickname: String,
    /// How long the token is to live, in seconds: what is longer than the server's own life of
    /// tokens is cut to it.
    #[schema(minimum = 1)]
    expires_in: Option<u64>,
}

/// Lets somebody in as a guest: nothing is stored of him and nothing renews his token. Each token
/// is a guest of its own, with an id that nobody else has.
#[utoipa::path(
    post,
    path = "/auth/guest",
    tag = "accounts",
    request_body = Guest,
    responses(
        (status = 200, description = "The guest is in.", body = Grant),
        (status = 400, description = "A member breaks a rule."),
    ),
)]
pub(crate) async fn admit(
    Extract(state): Extract<State>,
    JsonBody(body): JsonBody<Guest>,
) -> Result<Json<Grant>, Refusal> {
    let nickname = Nickname::parse(&body.nickname)
        .map_err(|error| Refusal::wrong_member("/nickname", error.to_string()))?;
    if body.expires_in == Some(0) {
        return Err(Refusal::wrong_member(
            "/expiresIn",
            "is a life in seconds, at least 1; leave it out for the longest",
        ));
    }
    let wished = body.expires_in.map(Duration::from_secs);
    let subject = Subject {
        user: UserId(Uuid::new_v4()),
        nickname,
        holder: Holder::Guest,
    };
    let now = state.clock.now();
    let user = User::of_subject(&subject);
    let (token, claims) = state.tokens.sign_for(subject, wished, now)?;
    Ok(Json(Grant::new(&token, &claims, user, now)))
}
