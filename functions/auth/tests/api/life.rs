//! The life of an account.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use access_token::LIFETIME_MAX;
use auth::Clock;
use axum::http::{Method, StatusCode, header};
use chat::UserId;
use serde_json::{Value, json};
use sessions::memory::MemorySessions;
use sessions::{ROTATION_GRACE, SESSION_IDLE_MAX, SESSION_LIFETIME, Sessions};
use uuid::Uuid;

use super::api::{Api, PASSWORD};

/// From signing up to logging out, on any store of sessions.
pub(crate) async fn whole_life(sessions: Arc<dyn Sessions>) {
    let api = Api::with_sessions(sessions).await;
    let mut ada = api.stranger();

    let signed_up = ada.signs_up().await;
    assert_eq!(signed_up.status, StatusCode::CREATED, "{signed_up:?}");
    let user = signed_up.json();
    assert_eq!(user["email"], ada.email.as_str());
    assert_eq!(
        (&user["nickname"], &user["role"]),
        (&json!("지은"), &json!("member"))
    );
    assert!(ada.cookie.is_none(), "signing up is not logging in");

    let logged_in = ada.logs_in().await;
    assert_eq!(logged_in.status, StatusCode::OK, "{logged_in:?}");
    let grant = logged_in.json();
    assert_eq!(grant["user"], user);
    assert_eq!(
        (&grant["tokenType"], &grant["expiresIn"]),
        (&json!("Bearer"), &json!(900))
    );
    assert_eq!(ada.gets("/auth/me").await.json(), user);

    // The access token runs out; the cookie brings another one.
    api.passes(Duration::from_secs(901));
    ada.gets("/auth/me")
        .await
        .is_problem(401, "unauthenticated");
    let (first_cookie, first_token) = (ada.cookie.clone(), ada.token.clone());
    let refreshed = ada.refreshes().await;
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
    assert_eq!(refreshed.json()["user"], user);
    assert!(ada.cookie != first_cookie && ada.token != first_token);
    assert_eq!(ada.gets("/auth/me").await.json(), user);

    // A second browser, which the first one logs out.
    let mut elsewhere = api.stranger();
    elsewhere.email.clone_from(&ada.email);
    elsewhere.address = [198, 51, 100, 7].into();
    assert_eq!(elsewhere.logs_in().await.status, StatusCode::OK);
    let listed = ada.gets("/auth/sessions").await.json();
    let listed = listed["sessions"].as_array().expect("sessions");
    assert_eq!(listed.len(), 2);
    let other = listed
        .iter()
        .find(|session| session["current"] == false)
        .expect("one that is not this one");
    assert_eq!(other["address"], "198.51.100.7");
    assert_eq!(other["userAgent"], "Test/1.0");
    let path = format!("/auth/sessions/{}", other["id"].as_str().expect("an id"));
    let ended = ada.asks(Method::DELETE, &path, None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    ada.asks(Method::DELETE, &path, None)
        .await
        .is_problem(404, "not-found");
    elsewhere
        .gets("/auth/me")
        .await
        .is_problem(401, "unauthenticated");
    elsewhere
        .refreshes()
        .await
        .is_problem(401, "unauthenticated");

    let logged_out = ada.logs_out().await;
    assert_eq!(logged_out.status, StatusCode::NO_CONTENT);
    assert!(ada.cookie.is_none(), "the cookie is taken away");
    ada.gets("/auth/me")
        .await
        .is_problem(401, "unauthenticated");
    ada.refreshes().await.is_problem(401, "unauthenticated");
    assert_eq!(
        ada.logs_out().await.status,
        StatusCode::NO_CONTENT,
        "as often as one likes"
    );
}

#[tokio::test]
async fn an_account_lives_from_signing_up_to_logging_out() {
    whole_life(Arc::new(MemorySessions::new())).await;
}

#[tokio::test]
async fn an_email_names_one_account_however_it_is_spelled() {
    let api = Api::start().await;
    let mut ada = api.member().await;
    ada.email = ada.email.to_uppercase();
    let again = ada.signs_up().await;
    again.is_problem(400, "invalid-request");
    assert_eq!(again.json()["errors"][0]["pointer"], "/email");
    assert_eq!(ada.logs_in().await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_many_who_sign_up_with_one_email_at_once_one_gets_the_account() {
    let api = Api::start().await;
    let email = api.stranger().email;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let mut person = api.stranger();
        person.email.clone_from(&email);
        racing.spawn(async move { person.signs_up().await.status.as_u16() });
    }
    let mut statuses = racing.join_all().await;
    statuses.sort();
    assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_stay_logged_in_both() {
    let api = Api::start().await;
    let mut tab = api.logged_in().await;
    let shared = tab.cookie.clone();
    assert_eq!(tab.refreshes().await.status, StatusCode::OK);
    let successor = tab.cookie.clone();

    tab.cookie = shared;
    assert_eq!(tab.refreshes().await.status, StatusCode::OK);
    assert_eq!(tab.cookie, successor, "both have the same successor");
}

#[tokio::test]
async fn ten_racing_refreshes_have_one_successor() {
    let api = Api::start().await;
    let tab = api.logged_in().await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let mut other = api.stranger();
        other.cookie.clone_from(&tab.cookie);
        racing.spawn(async move {
            assert_eq!(other.refreshes().await.status, StatusCode::OK);
            other.cookie.expect("a successor")
        });
    }
    let mut successors = racing.join_all().await;
    successors.dedup();
    assert_eq!(successors.len(), 1);
}

#[tokio::test]
async fn a_replaced_refresh_token_that_comes_back_ends_its_session() {
    let api = Api::start().await;
    let mut owner = api.logged_in().await;
    let mut thief = api.stranger();
    thief.cookie.clone_from(&owner.cookie);
    assert_eq!(owner.refreshes().await.status, StatusCode::OK);

    api.passes(ROTATION_GRACE + Duration::from_secs(1));
    thief.refreshes().await.is_problem(401, "unauthenticated");
    assert!(thief.cookie.is_none(), "it is taken away");
    owner.refreshes().await.is_problem(401, "unauthenticated");
    owner
        .gets("/auth/me")
        .await
        .is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_ends_at_last_however_often_it_is_refreshed() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let third = SESSION_LIFETIME / 3;
    api.passes(third);
    assert_eq!(ada.refreshes().await.status, StatusCode::OK);
    api.passes(third);
    let refreshed = ada.refreshes().await;
    let cookie = refreshed.headers[header::SET_COOKIE]
        .to_str()
        .expect("text");
    assert!(
        cookie.ends_with(&format!("Max-Age={}", third.as_secs())),
        "{cookie}"
    );
    api.passes(third);
    ada.refreshes().await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_that_is_not_used_ends_before() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    api.passes(SESSION_IDLE_MAX - Duration::from_secs(1));
    assert_eq!(ada.refreshes().await.status, StatusCode::OK);
    api.passes(SESSION_IDLE_MAX);
    ada.refreshes().await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_lives_from_its_issue_and_not_from_when_its_owner_began_to_wait() {
    let mut api = Api::start().await;
    let ada = api.member().await;
    let start = api.now();
    // The first look is before the password is hashed, the second after.
    let looks = AtomicU64::new(0);
    let minute = move || start + Duration::from_secs(60 * looks.fetch_add(1, Ordering::Relaxed));
    api.state.clock = Clock::showing(minute);
    let mut again = api.stranger();
    again.email.clone_from(&ada.email);
    let answer = again.logs_in().await;
    assert_eq!(answer.json()["expiresIn"], LIFETIME_MAX.as_secs());
    let token = again.token.expect("a token");
    let verifier = api.state.tokens.verifier();
    let claims = verifier.verify(&token, start + Duration::from_secs(60));
    let claims = claims.expect("a good token");
    assert_eq!(claims.issued_at, start + Duration::from_secs(60));
    assert_eq!(claims.expires_at, claims.issued_at + LIFETIME_MAX);
}

#[tokio::test]
async fn a_new_role_stands_in_the_next_token() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let user = id_of(&ada.gets("/auth/me").await.json());
    let set = api
        .state
        .accounts
        .set_role(user, access_token::Role::Admin)
        .await;
    assert!(set.expect("Postgres answers"));
    assert_eq!(ada.refreshes().await.json()["user"]["role"], "admin");
    let verified = ada
        .posts("/auth/verify", json!({"token": ada.token}))
        .await
        .json();
    assert_eq!(verified["role"], "admin");
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_cannot_come_back() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let user = id_of(&ada.gets("/auth/me").await.json());
    assert!(api.state.disable(user).await.expect("both stores answer"));

    ada.gets("/auth/me")
        .await
        .is_problem(401, "unauthenticated");
    ada.refreshes().await.is_problem(401, "unauthenticated");
    ada.logs_in().await.is_problem(403, "forbidden");
    assert!(ada.cookie.is_none());
    // Who does not know the password learns nothing.
    ada.logs_in_with("wrong password")
        .await
        .is_problem(401, "unauthenticated");
    let left = api
        .state
        .sessions
        .list(user, api.now())
        .await
        .expect("the sessions answer");
    assert!(left.is_empty(), "{left:?}");

    assert!(
        !api.state
            .disable(UserId(Uuid::new_v4()))
            .await
            .expect("both stores answer")
    );
}

#[tokio::test]
async fn the_hash_of_a_password_is_renewed_where_its_cost_has_risen() {
    let mut api = Api::start().await;
    let mut ada = api.member().await;
    let limits = auth::HashingLimits::for_cores(1);
    let dearer = auth::HashCost {
        memory_kib: 128,
        passes: 2,
    };
    api.state.passwords = auth::Passwords::new(dearer, limits);
    let mut later = api.stranger();
    later.email.clone_from(&ada.email);

    assert_eq!(later.logs_in().await.status, StatusCode::OK);
    assert_eq!(api.state.passwords.made(), 2, "one to check, one to renew");
    assert_eq!(later.logs_in().await.status, StatusCode::OK);
    assert_eq!(api.state.passwords.made(), 3, "it is renewed once");
    assert_eq!(ada.logs_in_with(PASSWORD).await.status, StatusCode::OK);
}

fn id_of(user: &Value) -> UserId {
    let id = user["id"].as_str().expect("an id");
    UserId(Uuid::try_parse(id).expect("a UUID"))
}
