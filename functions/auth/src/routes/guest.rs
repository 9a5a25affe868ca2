//! `POST /auth/guest`: a token for a name.

use access_token::{Holder, Subject};
use axum::Json;
use axum::extract::State as Extract;
use chat::{Nickname, UserId};
use http_edge::JsonBody;
use serde::Deserialize;
use uuid::Uuid;

use crate::State;
use crate::grant::{Grant, User};
use crate::refusal::Refusal;

#[derive(Deserialize)]
pub(crate) struct Guest {
    nickname: String,
}

/// Lets somebody in as a guest: nothing is stored of him and nothing renews his token. Each token
/// is a guest of its own, with an id that nobody else has.
pub(crate) async fn admit(
    Extract(state): Extract<State>,
    JsonBody(body): JsonBody<Guest>,
) -> Result<Json<Grant>, Refusal> {
    let nickname = Nickname::parse(&body.nickname)
        .map_err(|error| Refusal::wrong_member("/nickname", error.to_string()))?;
    let subject = Subject {
        user: UserId(Uuid::new_v4()),
        nickname,
        holder: Holder::Guest,
    };
    let now = state.clock.now();
    let user = User::of_subject(&subject);
    let (token, claims) = state.tokens.sign(subject, now)?;
    Ok(Json(Grant::new(&token, &claims, user, now)))
}
