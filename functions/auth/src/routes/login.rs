//! `POST /auth/login`: begins a session.

use axum::extract::State as Extract;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use http_edge::JsonBody;
use serde::Deserialize;
use sessions::ClientInfo;
use utoipa::ToSchema;

use crate::accounts::Credentials;
use crate::attempt::Attempt;
use crate::client_address::ClientAddress;
use crate::email::Email;
use crate::hashing::Checked;
use crate::password::Password;
use crate::refusal::Refusal;
use crate::{State, grant, refresh_cookie};

#[derive(Deserialize, ToSchema)]
pub(crate) struct LogIn {
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// Lets in whoever knows the password.
///
/// An unknown e-mail and a wrong password get the same answer after the same work: the same reads,
/// the same throttles, one hash. Attempts are counted before anything is looked up.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "accounts",
    request_body = LogIn,
    responses(
        (
            status = 200,
            description = "The user is in.",
            body = grant::Grant,
            headers(("Set-Cookie" = String, description = "The refresh token, for /auth alone.")),
        ),
        (status = 400, description = "A member breaks a rule."),
        (status = 401, description = "The e-mail or the password is wrong."),
        (status = 403, description = "The account is disabled."),
        (status = 429, description = "Too many attempts on this account or from this address."),
    ),
)]
pub(crate) async fn log_in(
    Extract(state): Extract<State>,
    from: ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LogIn>,
) -> Result<Response, Refusal> {
    let email = Email::parse(&body.email)
        .map_err(|error| Refusal::wrong_member("/email", error.to_string()))?;
    let password = Password::typed(body.password)
        .map_err(|error| Refusal::wrong_member("/password", error.to_string()))?;
    let attempt = Attempt::begin(&state, &email, from).await?;
    let Credentials {
        user,
        password_hash,
    } = check(&state, &email, password, from).await?;
    // The password may have waited in line to be hashed: what begins now lives from now on.
    let now = state.clock.now();
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let client = ClientInfo::new(agent, from.0.known());
    let (info, token) = state.sessions.begin(user, client, now).await?;
    // Whoever changed the password meanwhile has ended the sessions that were there, and means this
    // one too.
    if !state.accounts.has_hash(user, &password_hash).await? {
        state.sessions.end(user, info.id, now).await?;
        return Err(Refusal::wrong_credentials());
    }
    // Who logs in again has no more use for the session of before.
    if let Some(before) = refresh_cookie::brought(&headers) {
        state.sessions.end_by_token(before, now).await?;
    }
    let granted = grant::let_in(&state, &info, &token, now).await?;
    attempt.succeeded(&state, now).await;
    tracing::info!(target: "audit", %user, session = %info.id, "logged in");
    Ok(granted)
}

/// The account whose password it is, with the hash of it that is stored now.
async fn check(
    state: &State,
    email: &Email,
    password: Password,
    from: ClientAddress,
) -> Result<Credentials, Refusal> {
    let turn = state.passwords.turn(from.0).await?;
    let known = state.accounts.credentials(email).await?;
    let stored = known.as_ref().map(|known| known.password_hash.clone());
    let checked = turn.check(password, stored).await?;
    drop(turn);
    let (Checked::Right { rehashed }, Some(mut known)) = (checked, known) else {
        tracing::info!(target: "audit", "a log-in was refused");
        return Err(Refusal::wrong_credentials());
    };
    if let Some(hash) = rehashed {
        let replaced = state
            .accounts
            .replace_hash(known.user, &known.password_hash, &hash);
        match replaced.await {
            Ok(true) => known.password_hash = hash,
            Ok(false) => {}
            // The next log-in will do it.
            Err(error) => {
                tracing::warn!(%error, user = %known.user, "a dated hash was not replaced");
            }
        }
    }
    Ok(known)
}
