//! Guests.

use std::time::Duration;

use access_token::LIFETIME_MAX;
use axum::http::StatusCode;
use serde_json::json;

use super::api::Api;

#[tokio::test]
async fn a_guest_gets_a_token_for_a_name_and_nothing_to_renew_it() {
    let api = Api::start().await;
    let mut guest = api.stranger();
    let answer = guest
        .posts("/auth/guest", json!({"nickname": "손님", "role": "admin"}))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let grant = answer.json();
    assert_eq!(grant["user"]["nickname"], "손님");
    assert_eq!(grant["user"]["role"], "guest");
    assert!(grant["user"].get("email").is_none());
    assert!(guest.cookie.is_none());

    let me = guest.gets("/auth/me").await;
    assert_eq!(me.json(), grant["user"]);
    let verified = guest
        .posts("/auth/verify", json!({"token": guest.token}))
        .await
        .json();
    assert_eq!(verified["active"], true);
    assert_eq!(verified["guest"], true);
    assert_eq!(verified["sub"], grant["user"]["id"]);
    assert!(verified.get("sid").is_none());
    assert_eq!(
        guest.gets("/auth/sessions").await.json(),
        json!({"sessions": []})
    );
    guest.refreshes().await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn each_guest_is_somebody_else_though_the_name_be_the_same() {
    let api = Api::start().await;
    let mut guest = api.stranger();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let grant = guest
            .posts("/auth/guest", json!({"nickname": "guest"}))
            .await
            .json();
        ids.push(grant["user"]["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_guest_has_a_name() {
    let api = Api::start().await;
    let mut guest = api.stranger();
    for wrong in [
        json!({"nickname": " "}),
        json!({"nickname": "a\u{7}"}),
        json!({}),
    ] {
        let answer = guest.posts("/auth/guest", wrong).await;
        answer.is_problem(400, "invalid-request");
    }
}

#[tokio::test]
async fn a_guest_may_wish_for_a_shorter_life_of_the_token_and_for_no_longer_one() {
    let api = Api::start().await;
    let mut guest = api.stranger();
    let mut lives = Vec::new();
    for wish in [
        json!({"nickname": "guest"}),
        json!({"nickname": "guest", "expiresIn": 2}),
        json!({"nickname": "guest", "expiresIn": u64::MAX}),
    ] {
        let grant = guest.posts("/auth/guest", wish).await.json();
        lives.push(grant["expiresIn"].as_i64().expect("a number"));
    }
    let longest = i64::try_from(LIFETIME_MAX.as_secs()).expect("minutes fit");
    // Tokens count in whole seconds of the clock, which stands between two of them.
    assert!((longest - 1..=longest).contains(&lives[0]), "{lives:?}");
    assert!((1..=2).contains(&lives[1]), "{lives:?}");
    assert_eq!(lives[2], lives[0]);

    guest
        .posts("/auth/guest", json!({"nickname": "guest", "expiresIn": 2}))
        .await;
    assert_eq!(guest.gets("/auth/me").await.status, StatusCode::OK);
    api.passes(Duration::from_secs(2));
    guest
        .gets("/auth/me")
        .await
        .is_problem(401, "unauthenticated");

    for wrong in [json!(0), json!(-1), json!("2"), json!(1.5)] {
        let wish = json!({"nickname": "guest", "expiresIn": wrong});
        let answer = guest.posts("/auth/guest", wish).await;
        answer.is_problem(400, "invalid-request");
    }
}
