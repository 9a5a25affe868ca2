//! `POST /auth/signup`: makes an account.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use chat::{Nickname, UserId};
use http_edge::JsonBody;
use serde::Deserialize;
use sessions::{ThrottleKey, Verdict};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::{NoContext, Timestamp, Uuid};

use crate::State;
use crate::accounts::NewAccount;
use crate::client_address::ClientAddress;
use crate::email::Email;
use crate::grant::User;
use crate::password::Password;
use crate::refusal::Refusal;

/// What somebody signs up with. A role is not among it: whatever else the body holds is ignored.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SignUp {
    email: String,
    #[schema(format = Password, min_length = 8)]
    password: String,
    #[schema(value_type = Nickname)]
    nickname: String,
}

/// Makes an account, a member's; whose it is logs in with it afterwards.
///
/// That an e-mail has an account already is said openly. To hide it takes a mail to its owner, whom
/// this server cannot write to; any other answer would only pretend to, since a log-in with the
/// password that was just chosen tells the same. Asking for many e-mails is slowed down by address.
#[utoipa::path(
    post,
    path = "/auth/signup",
    tag = "accounts",
    request_body = SignUp,
    responses(
        (status = 201, description = "The account is made.", body = User),
        (status = 400, description = "A member breaks a rule, or the e-mail has an account already."),
        (status = 429, description = "Too many attempts from this address."),
    ),
)]
pub(crate) async fn sign_up(
    Extract(state): Extract<State>,
    from: ClientAddress,
    JsonBody(body): JsonBody<SignUp>,
) -> Result<(StatusCode, Json<User>), Refusal> {
    let (email, password, nickname) = parse(body)?;
    let now = state.clock.now();
    let key = ThrottleKey::address(from.0.ip());
    if let Verdict::Wait(wait) = state.sessions.attempt(&key, now).await? {
        return Err(Refusal::too_many_attempts(wait));
    }
    let password_hash = state.passwords.turn(from.0).await?.hash(password).await?;
    let new = NewAccount {
        id: new_id(now),
        email,
        nickname,
        password_hash,
        created_at: now,
    };
    let Some(account) = state.accounts.create(new).await? else {
        return Err(Refusal::wrong_member(
            "/email",
            "has an account already; log in",
        ));
    };
    // The account is made; that the attempt stays counted harms less than to say that it is not.
    let _ = state.sessions.succeeded(&key, now).await;
    tracing::info!(target: "audit", user = %account.id, "signed up");
    Ok((StatusCode::CREATED, Json(User::of_account(&account))))
}

fn parse(body: SignUp) -> Result<(Email, Password, Nickname), Refusal> {
    let email = Email::parse(&body.email)
        .map_err(|error| Refusal::wrong_member("/email", error.to_string()))?;
    let nickname = Nickname::parse(&body.nickname)
        .map_err(|error| Refusal::wrong_member("/nickname", error.to_string()))?;
    let password = Password::chosen(body.password, &email, nickname.as_str())
        .map_err(|error| Refusal::wrong_member("/password", error.to_string()))?;
    Ok((email, password, nickname))
}

/// A UUID of version 7 (RFC 9562, section 5.7), so that new rows lie together.
fn new_id(now: OffsetDateTime) -> UserId {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let timestamp = Timestamp::from_unix(NoContext, seconds, now.nanosecond());
    UserId(Uuid::new_v7(timestamp))
}
