//! What somebody gets who is let in.

use access_token::{AccessToken, Claims, Holder, Subject};
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chat::UserId;
use serde::Serialize;
use sessions::{RefreshToken, SessionInfo};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::refusal::Refusal;
use crate::{Account, AccountState, State, refresh_cookie};

/// An access token with whom it is for (RFC 6749, section 5.1, in the names of JSON).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Grant {
    access_token: String,
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
    user: User,
}

/// Somebody, as he sees himself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    id: UserId,
    /// A guest has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    nickname: String,
    role: &'static str,
}

/// Lets the user of a session in, with the account as it is now: a session may be older than what
/// became of its account.
pub(crate) async fn let_in(
    state: &State,
    info: &SessionInfo,
    token: &RefreshToken,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    let cookie = refresh_cookie::gives(token, info, now);
    let account = match state.accounts.find(info.user).await {
        Ok(account) => account,
        // The old refresh token is worth nothing soon; the next attempt needs this one.
        Err(error) => return Err(Refusal::from(error).with_cookie(cookie)),
    };
    let Some(account) = account else {
        state.sessions.end(info.user, info.id, now).await?;
        return Err(Refusal::no_session());
    };
    if account.state == AccountState::Disabled {
        state.sessions.end_all(account.id, now).await?;
        return Err(Refusal::account_disabled().with_cookie(refresh_cookie::takes_away()));
    }
    let subject = Subject {
        user: account.id,
        nickname: account.nickname.clone(),
        holder: Holder::Account {
            role: account.role,
            session: info.id.0,
        },
    };
    let (token, claims) = state.tokens.sign(subject, now)?;
    let grant = Grant::new(&token, &claims, User::of_account(&account), now);
    Ok(([(header::SET_COOKIE, cookie)], Json(grant)).into_response())
}

impl Grant {
    pub(crate) fn new(
        token: &AccessToken,
        claims: &Claims,
        user: User,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            access_token: token.as_str().to_owned(),
            token_type: "Bearer",
            expires_in: (claims.expires_at - now).whole_seconds(),
            user,
        }
    }
}

impl User {
    pub(crate) fn of_account(account: &Account) -> Self {
        Self {
            id: account.id,
            email: Some(account.email.as_str().to_owned()),
            nickname: account.nickname.as_str().to_owned(),
            role: account.role.as_str(),
        }
    }

    /// Whom a token is about, where nothing else is known of him.
    pub(crate) fn of_subject(subject: &Subject) -> Self {
        Self {
            id: subject.user,
            email: None,
            nickname: subject.nickname.as_str().to_owned(),
            role: subject.role_name(),
        }
    }
}
