//! `POST /auth/password`: changes the password of whoever asks.

use axum::extract::State as Extract;
use axum::http::StatusCode;
use http_edge::JsonBody;
use serde::Deserialize;
use sessions::SessionId;
use utoipa::ToSchema;

use crate::attempt::Attempt;
use crate::bearer::Bearer;
use crate::client_address::ClientAddress;
use crate::hashing::Checked;
use crate::password::Password;
use crate::refusal::Refusal;
use crate::{AccountState, State};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PasswordChange)]
pub(crate) struct Change {
    #[schema(format = Password)]
    current_password: String,
    #[schema(format = Password, min_length = 8)]
    new_password: String,
}

/// Takes a new password from whoever knows the old one, and ends every session but the one that
/// asks: whoever else knew it is out, and his open sockets are closed.
///
/// Guesses at the old one are counted as those of a log-in are.
#[utoipa::path(
    post,
    path = "/auth/password",
    tag = "accounts",
    request_body = Change,
    security(("bearer" = [])),
    responses(
        (status = 204, description = "The password is another; every other session has ended."),
        (status = 400, description = "A member breaks a rule, or the current password is wrong."),
        (status = 401, description = "The access token is not good."),
        (status = 403, description = "A guest has no password."),
        (status = 429, description = "Too many attempts on this account or from this address."),
    ),
)]
pub(crate) async fn change(
    Extract(state): Extract<State>,
    from: ClientAddress,
    Bearer(claims): Bearer,
    JsonBody(body): JsonBody<Change>,
) -> Result<StatusCode, Refusal> {
    let Some(session) = claims.subject.session().map(SessionId) else {
        return Err(Refusal::no_password());
    };
    let account = match state.accounts.find(claims.subject.user).await? {
        Some(account) if account.state == AccountState::Active => account,
        Some(_) | None => return Err(Refusal::revoked_token()),
    };
    let current = Password::typed(body.current_password)
        .map_err(|error| Refusal::wrong_member("/currentPassword", error.to_string()))?;
    let new = Password::chosen(body.new_password, &account.email, account.nickname.as_str())
        .map_err(|error| Refusal::wrong_member("/newPassword", error.to_string()))?;

    let attempt = Attempt::begin(&state, &account.email, from).await?;
    let turn = state.passwords.turn(from.0).await?;
    let Some(known) = state.accounts.credentials(&account.email).await? else {
        return Err(Refusal::revoked_token());
    };
    let stored = known.password_hash;
    if turn.check(current, Some(stored.clone())).await? == Checked::Wrong {
        tracing::info!(target: "audit", user = %account.id, "a change of password was refused");
        return Err(wrong_password());
    }
    let hash = turn.hash(new).await?;
    drop(turn);
    if !state
        .accounts
        .replace_hash(account.id, &stored, &hash)
        .await?
    {
        // It was changed in the meantime, and the current one is another.
        return Err(wrong_password());
    }
    let now = state.clock.now();
    let ended = state.sessions.end_others(account.id, session, now).await;
    let ended = ended.map_err(|_| Refusal::others_stay())?;
    attempt.succeeded(&state, now).await;
    tracing::info!(target: "audit", user = %account.id, ended, "changed the password");
    Ok(StatusCode::NO_CONTENT)
}

fn wrong_password() -> Refusal {
    Refusal::wrong_member("/currentPassword", "is not the password of this account")
}
