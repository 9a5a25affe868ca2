//! What ends a token before its time.

use axum::http::{Method, StatusCode};
use serde_json::json;
use sessions::RevocationCursor;

use super::api::Api;

#[tokio::test]
async fn logging_out_everywhere_ends_every_session_and_every_token() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let mut elsewhere = api.stranger();
    elsewhere.email.clone_from(&ada.email);
    assert_eq!(elsewhere.logs_in().await.status, StatusCode::OK);
    let mut other = api.logged_in().await;

    let answer = ada.asks(Method::POST, "/auth/logout-all", None).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    for person in [&mut ada, &mut elsewhere] {
        person
            .gets("/auth/me")
            .await
            .is_problem(401, "unauthenticated");
        person.refreshes().await.is_problem(401, "unauthenticated");
        let verified = person
            .posts("/auth/verify", json!({"token": person.token}))
            .await;
        assert_eq!(verified.json(), json!({"active": false}));
    }
    assert_eq!(other.gets("/auth/me").await.status, StatusCode::OK);
    assert_eq!(
        ada.logs_in().await.status,
        StatusCode::OK,
        "and everybody may come back"
    );
}

#[tokio::test]
async fn a_log_out_is_told_to_whoever_keeps_sockets() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let token = ada.token.clone().expect("a token");
    let claims = api
        .state
        .tokens
        .verifier()
        .verify(&token, api.now())
        .expect("a good token");
    assert_eq!(ada.logs_out().await.status, StatusCode::NO_CONTENT);

    let cursor = RevocationCursor::default();
    let told = api
        .state
        .sessions
        .revocations_since(&cursor, api.now())
        .await;
    let (revocations, _) = told.expect("the sessions answer");
    let session = claims.subject.session().map(sessions::SessionId);
    let covers = |revocation: &sessions::Revocation| {
        revocation.covers(claims.subject.user, session, claims.issued_at)
    };
    assert!(revocations.iter().any(covers), "{revocations:?}");
}

#[tokio::test]
async fn logging_in_again_ends_the_session_of_before() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let (token, cookie) = (ada.token.clone(), ada.cookie.clone());
    assert_eq!(ada.logs_in().await.status, StatusCode::OK);
    assert_eq!(ada.gets("/auth/me").await.status, StatusCode::OK);

    let mut before = api.stranger();
    (before.token, before.cookie) = (token, cookie);
    before
        .gets("/auth/me")
        .await
        .is_problem(401, "unauthenticated");
    before.refreshes().await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_access_token_alone_logs_out_too() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let cookie = ada.cookie.take();
    ada.origin = None;
    assert_eq!(ada.logs_out().await.status, StatusCode::NO_CONTENT);
    ada.cookie = cookie;
    ada.refreshes().await.is_problem(401, "unauthenticated");
}
