//! `GET /auth/me`: who the token's user is.

use axum::Json;
use axum::extract::State as Extract;

use crate::bearer::Bearer;
use crate::grant::User;
use crate::refusal::Refusal;
use crate::{AccountState, State};

/// Shows the account as it is now, or the guest as the token knows him.
#[utoipa::path(
    get,
    path = "/auth/me",
    tag = "accounts",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Whose the token is.", body = User),
        (status = 401, description = "The access token is not good."),
    ),
)]
pub(crate) async fn me(
    Extract(state): Extract<State>,
    Bearer(claims): Bearer,
) -> Result<Json<User>, Refusal> {
    let subject = claims.subject;
    if subject.is_guest() {
        return Ok(Json(User::of_subject(&subject)));
    }
    match state.accounts.find(subject.user).await? {
        Some(account) if account.state == AccountState::Active => {
            Ok(Json(User::of_account(&account)))
        }
        Some(_) | None => Err(Refusal::revoked_token()),
    }
}
