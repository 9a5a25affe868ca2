//! How fast passwords may be tried.

use std::time::Duration;

use axum::http::StatusCode;
use sessions::{ACCOUNT_FREE_ATTEMPTS, ACCOUNT_WAIT_MAX, ADDRESS_FREE_ATTEMPTS, ADDRESS_WAIT_MAX};

use super::api::Api;

#[tokio::test]
async fn guessing_at_an_account_is_slowed_down_more_and_more_and_never_for_long() {
    let api = Api::start().await;
    let mut ada = api.member().await;
    let mut waits = Vec::new();
    for _ in 0..40 {
        let answer = ada.logs_in_with("not the password").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            answer.is_problem(429, "rate-limited");
            waits.push(answer.retry_after_s());
            api.passes(Duration::from_secs(answer.retry_after_s()));
        } else {
            answer.is_problem(401, "unauthenticated");
        }
    }
    assert!(waits.len() >= 15, "{waits:?}");
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits.last(), Some(&ACCOUNT_WAIT_MAX.as_secs()));

    // The owner waits no longer than that, and then all is forgiven.
    let made = api.state.passwords.made();
    ada.logs_in().await.is_problem(429, "rate-limited");
    assert_eq!(
        api.state.passwords.made(),
        made,
        "what is throttled is not hashed"
    );
    api.passes(ACCOUNT_WAIT_MAX);
    assert_eq!(ada.logs_in().await.status, StatusCode::OK);
    ada.logs_in_with("not the password")
        .await
        .is_problem(401, "unauthenticated");
    assert_eq!(ada.logs_in().await.status, StatusCode::OK);
}

#[tokio::test]
async fn guessing_from_an_address_is_slowed_down_whatever_the_account() {
    let api = Api::start().await;
    let mut ada = api.member().await;
    ada.address = [198, 51, 100, 7].into();
    for _ in 0..ADDRESS_FREE_ATTEMPTS + ACCOUNT_FREE_ATTEMPTS {
        let mut other = api.stranger();
        let answer = other.logs_in_with("not the password").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.retry_after_s() <= ADDRESS_WAIT_MAX.as_secs());
        }
    }
    api.stranger()
        .logs_in()
        .await
        .is_problem(429, "rate-limited");
    api.stranger()
        .signs_up()
        .await
        .is_problem(429, "rate-limited");
    assert_eq!(
        ada.logs_in().await.status,
        StatusCode::OK,
        "from elsewhere nothing is slower"
    );
    api.passes(ADDRESS_WAIT_MAX);
    let mut other = api.stranger();
    assert_eq!(other.signs_up().await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn good_log_ins_are_not_counted() {
    let api = Api::start().await;
    let mut ada = api.member().await;
    for _ in 0..2 * ADDRESS_FREE_ATTEMPTS {
        assert_eq!(ada.logs_in().await.status, StatusCode::OK);
    }
}
