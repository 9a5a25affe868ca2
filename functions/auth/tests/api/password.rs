//! A new password.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use sessions::{ACCOUNT_FREE_ATTEMPTS, ACCOUNT_WAIT_MAX};

use super::api::{Answer, Api, PASSWORD, Person};

const NEW: &str = "a whole new horse";

async fn changes(person: &mut Person, current: &str, new: &str) -> Answer {
    let body = json!({"currentPassword": current, "newPassword": new});
    person.posts("/auth/password", body).await
}

#[tokio::test]
async fn a_new_password_opens_the_account_the_old_one_no_more_and_other_sessions_end() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let mut elsewhere = api.stranger();
    elsewhere.email.clone_from(&ada.email);
    assert_eq!(elsewhere.logs_in().await.status, StatusCode::OK);

    let answer = changes(&mut ada, PASSWORD, NEW).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");

    elsewhere
        .refreshes()
        .await
        .is_problem(401, "unauthenticated");
    let me = elsewhere.gets("/auth/me").await;
    me.is_problem(401, "unauthenticated");
    assert_eq!(ada.gets("/auth/me").await.status, StatusCode::OK);
    assert_eq!(ada.refreshes().await.status, StatusCode::OK);
    elsewhere.logs_in().await.is_problem(401, "unauthenticated");
    assert_eq!(elsewhere.logs_in_with(NEW).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_does_not_know_the_old_password_changes_nothing_and_is_slowed_down() {
    let api = Api::start().await;
    let mut thief = api.logged_in().await;
    for _ in 0..ACCOUNT_FREE_ATTEMPTS {
        let answer = changes(&mut thief, "not the password", NEW).await;
        answer.is_problem(400, "invalid-request");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/currentPassword");
    }
    // The owner logged in from here: one attempt more is free.
    changes(&mut thief, "not the password", NEW).await;
    let made = api.state.passwords.made();
    let answer = changes(&mut thief, "not the password", NEW).await;
    answer.is_problem(429, "rate-limited");
    assert_eq!(api.state.passwords.made(), made, "nothing is hashed");
    api.passes(ACCOUNT_WAIT_MAX + Duration::from_secs(1));
    assert_eq!(thief.logs_in().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_is_as_good_as_a_first_one() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let email = ada.email.clone();
    for bad in ["short", "password", email.as_str()] {
        let answer = changes(&mut ada, PASSWORD, bad).await;
        answer.is_problem(400, "invalid-request");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/newPassword");
    }
    assert_eq!(ada.logs_in().await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_changes_a_password_without_an_account_and_a_token_of_it() {
    let api = Api::start().await;
    let mut nobody = api.stranger();
    let answer = changes(&mut nobody, PASSWORD, NEW).await;
    answer.is_problem(401, "unauthenticated");
    let guest = nobody
        .posts("/auth/guest", json!({"nickname": "Eve"}))
        .await;
    assert_eq!(guest.status, StatusCode::OK);
    let answer = changes(&mut nobody, PASSWORD, NEW).await;
    answer.is_problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_log_in_with_the_old_password_survives_the_change_that_it_races_with() {
    for _ in 0..10 {
        let api = Api::start().await;
        let mut ada = api.logged_in().await;
        let mut racing = tokio::task::JoinSet::new();
        for last in 0..8 {
            let mut thief = api.stranger();
            thief.email.clone_from(&ada.email);
            thief.address = [198, 51, 100, last].into();
            racing.spawn(async move {
                thief.logs_in().await;
                thief
            });
        }
        let answer = changes(&mut ada, PASSWORD, NEW).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
        for mut thief in racing.join_all().await {
            if thief.token.is_some() {
                let me = thief.gets("/auth/me").await;
                me.is_problem(401, "unauthenticated");
            }
        }
    }
}
