//! Names and addresses of people.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::api::{Api, PASSWORD};

#[tokio::test]
async fn an_account_keeps_what_was_typed() {
    let api = Api::start().await;
    let mut ada = api.stranger();
    let typed = format!("Ada+{}", ada.email);
    let body =
        json!({"email": format!("  {typed} "), "password": PASSWORD, "nickname": " e\u{301}🙂 "});
    let answer = ada.posts("/auth/signup", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.json()["email"], typed.as_str());
    assert_eq!(answer.json()["nickname"], " e\u{301}🙂 ");
    let body = json!({"email": typed.to_lowercase(), "password": PASSWORD});
    assert_eq!(ada.posts("/auth/login", body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_password_is_taken_exactly_as_typed() {
    let api = Api::start().await;
    let mut ada = api.stranger();
    let typed = "  Pässwörd 마루 \u{0}\u{1f600} ";
    let body = json!({"email": ada.email, "password": typed, "nickname": "Ada"});
    assert_eq!(
        ada.posts("/auth/signup", body).await.status,
        StatusCode::CREATED
    );
    assert_eq!(ada.logs_in_with(typed).await.status, StatusCode::OK);
    for other in [
        typed.trim(),
        &typed.to_lowercase(),
        &typed[..typed.len() - 1],
    ] {
        ada.logs_in_with(other)
            .await
            .is_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_password_is_good_for_as_long_as_its_owner_keeps_it() {
    let api = Api::start().await;
    let mut ada = api.member().await;
    api.passes(Duration::from_secs(10 * 365 * 24 * 3_600));
    assert_eq!(ada.logs_in().await.status, StatusCode::OK);
}

#[tokio::test]
async fn migrating_again_and_at_once_changes_nothing() {
    let api = Api::start().await;
    let mut ada = api.member().await;
    let accounts = &api.state.accounts;
    let (one, two) = tokio::join!(accounts.migrate(), accounts.migrate());
    one.and(two).expect("both see that all is done");
    assert_eq!(ada.logs_in().await.status, StatusCode::OK);
}
