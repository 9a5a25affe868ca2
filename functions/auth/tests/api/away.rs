//! The function while a store is away: nobody is let in unchecked.

use std::sync::Arc;
use std::time::Duration;

use auth::Accounts;
use axum::http::{Method, StatusCode};
use serde_json::json;
use sessions::dynamo;
use sessions::memory::MemorySessions;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::api::{Answer, Api, Person, database_url};

/// An address where nobody listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").to_string()
}

fn is_refused_for_now(answer: &Answer) {
    answer.is_problem(503, "store-unavailable");
    assert!(answer.retry_after_s() >= 1);
    assert_eq!(answer.json()["retryable"], true);
    assert!(!answer.text.contains("secret"));
}

/// Somebody who was logged in before it happened.
fn same_person(api: &Api, before: &Person) -> Person {
    let mut person = api.stranger();
    person.email.clone_from(&before.email);
    person.cookie.clone_from(&before.cookie);
    person.token.clone_from(&before.token);
    person
}

#[tokio::test]
async fn without_the_sessions_who_is_in_stays_in_and_nobody_else_comes_in() {
    let before = Api::start().await;
    let ada = before.logged_in().await;

    let endpoint = format!("http://{}", nowhere().await);
    let away = Arc::new(dynamo::local(&endpoint, "sessions"));
    let accounts = Accounts::open(&database_url(), 2).expect("a good URL");
    let api = Api::with_stores(accounts, away);
    let mut ada = same_person(&api, &ada);

    let me = ada.gets("/auth/me").await;
    assert_eq!(me.status, StatusCode::OK, "{me:?}");
    let verified = ada.posts("/auth/verify", json!({"token": ada.token})).await;
    assert_eq!(verified.json()["active"], true);

    let began = Instant::now();
    is_refused_for_now(&ada.logs_in().await);
    is_refused_for_now(&ada.refreshes().await);
    is_refused_for_now(&api.stranger().signs_up().await);
    is_refused_for_now(&ada.gets("/auth/sessions").await);
    is_refused_for_now(&ada.asks(Method::POST, "/auth/logout-all", None).await);
    is_refused_for_now(&ada.logs_out().await);
    assert!(
        began.elapsed() < Duration::from_secs(6 * 3),
        "{:?}",
        began.elapsed()
    );
    assert!(
        ada.cookie.is_some(),
        "it is good again when the store is back"
    );
    assert_eq!(
        api.state.passwords.made(),
        0,
        "nothing is hashed that is not counted"
    );
}

#[tokio::test]
async fn without_the_accounts_nobody_logs_in_and_no_session_is_lost() {
    let sessions = Arc::new(MemorySessions::new());
    let before = Api::with_sessions(sessions.clone()).await;
    let ada = before.logged_in().await;

    let url = format!("postgres://maru:secret@{}/maru", nowhere().await);
    let away = Accounts::open(&url, 1).expect("a good URL");
    let mut ada = same_person(&Api::with_stores(away.clone(), sessions.clone()), &ada);
    let began = Instant::now();
    is_refused_for_now(&ada.logs_in().await);
    is_refused_for_now(&ada.gets("/auth/me").await);
    is_refused_for_now(&ada.gets("/readyz").await);
    let old = ada.cookie.clone();
    is_refused_for_now(&ada.refreshes().await);
    assert_ne!(
        ada.cookie, old,
        "the refresh token was replaced, and its owner has the new one"
    );
    assert!(
        began.elapsed() < Duration::from_secs(4 * 3),
        "{:?}",
        began.elapsed()
    );
    for path in ["/health", "/livez"] {
        assert_eq!(ada.gets(path).await.text, "OK");
    }
    let verified = ada.posts("/auth/verify", json!({"token": ada.token})).await;
    assert_eq!(verified.json()["active"], true);

    before.passes(sessions::ROTATION_GRACE * 2);
    let mut ada = same_person(&before, &ada);
    assert_eq!(
        ada.refreshes().await.status,
        StatusCode::OK,
        "and with it comes back in"
    );
    assert_eq!(ada.gets("/readyz").await.text, "OK");
}
