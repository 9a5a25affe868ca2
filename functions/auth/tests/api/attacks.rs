//! What must not work.

use std::time::Duration;

use access_token::{Holder, LIFETIME_MAX, Parties, Role, Signer, SigningKey, Subject};
use axum::http::{Method, StatusCode, header};
use chat::{Nickname, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::{Answer, Api, KEY, PASSWORD, parties};

/// All that a client sees, but for what names the request.
fn seen(answer: &Answer) -> (StatusCode, Vec<(String, String)>, Value) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    headers.sort();
    let mut body = answer.json();
    body.as_object_mut().expect("a problem").remove("traceId");
    (answer.status, headers, body)
}

#[tokio::test]
async fn an_unknown_email_and_a_wrong_password_get_the_same_answer() {
    let api = Api::start().await;
    let mut known = api.member().await;
    let mut unknown = api.stranger();
    let wrong = known.logs_in_with("not the password").await;
    let nobody = unknown.logs_in_with("not the password").await;
    wrong.is_problem(401, "unauthenticated");
    assert_eq!(seen(&wrong), seen(&nobody));
    assert_eq!(
        api.state.passwords.made(),
        3,
        "one to sign up, one for each attempt"
    );
}

#[tokio::test]
async fn an_unknown_email_is_throttled_like_a_known_one() {
    let api = Api::start().await;
    let mut known = api.member().await;
    let mut unknown = api.stranger();
    for _ in 0..2 * sessions::ACCOUNT_FREE_ATTEMPTS {
        let wrong = known.logs_in_with("not the password").await;
        let nobody = unknown.logs_in_with("not the password").await;
        assert_eq!(seen(&wrong), seen(&nobody));
    }
}

#[tokio::test]
async fn a_role_cannot_be_signed_up_for() {
    let api = Api::start().await;
    let mut eve = api.stranger();
    let body = json!({
        "email": eve.email, "password": PASSWORD, "nickname": "Eve", "role": "admin",
        "state": "active", "id": Uuid::nil(), "guest": false,
    });
    let answer = eve.posts("/auth/signup", body).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json()["role"], "member");
    assert_ne!(answer.json()["id"], json!(Uuid::nil()));
    let body = json!({"email": eve.email, "password": PASSWORD, "role": "admin"});
    assert_eq!(
        eve.posts("/auth/login", body).await.json()["user"]["role"],
        "member"
    );
}

#[tokio::test]
async fn a_body_that_breaks_a_rule_is_told_where() {
    let api = Api::start().await;
    let mut eve = api.stranger();
    let good = json!({"email": eve.email, "password": PASSWORD, "nickname": "Eve"});
    for (member, value) in [
        ("email", json!("not an address")),
        ("email", json!(format!("{}@example.org", "e".repeat(250)))),
        ("email", json!("\u{0}@example.org")),
        ("email", json!(7)),
        ("password", json!("short")),
        ("password", json!("x1".repeat(600))),
        ("password", good["email"].clone()),
        ("password", Value::Null),
        ("nickname", json!("")),
        ("nickname", json!("n".repeat(65))),
        ("nickname", json!("a\nb")),
    ] {
        let mut body = good.clone();
        body[member] = value.clone();
        let answer = eve.posts("/auth/signup", body).await;
        answer.is_problem(400, "invalid-request");
        let pointer = format!("/{member}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{value}");
        assert!(!answer.text.contains(PASSWORD));
    }
    assert_eq!(api.state.passwords.made(), 0, "no work is done for it");
    let long = json!({"email": "a@b.c", "password": "p".repeat(20_000)});
    eve.posts("/auth/login", long)
        .await
        .is_problem(413, "too-large");
}

#[tokio::test]
async fn a_token_that_is_not_good_opens_nothing() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let good = ada.token.clone().expect("a token");
    let me = ada.gets("/auth/me").await.json();
    let subject = Subject {
        user: UserId(Uuid::try_parse(me["id"].as_str().expect("an id")).expect("a UUID")),
        nickname: Nickname::parse("Ada").expect("a name"),
        holder: Holder::Account {
            role: Role::Admin,
            session: Uuid::new_v4(),
        },
    };
    let (foreign_key, _) = SigningKey::generate().expect("a key");
    let signed = |parties: Parties, key: SigningKey, lifetime| {
        let signer = Signer::new(parties, key, []);
        let (token, _) = signer
            .sign(subject.clone(), lifetime, api.now())
            .expect("signed");
        token.as_str().to_owned()
    };
    let other = |issuer: &str, audience: &str| Parties {
        issuer: issuer.into(),
        audience: audience.into(),
    };
    for bad in [
        String::new(),
        "garbage".into(),
        format!("{good}x"),
        signed(parties(), foreign_key, LIFETIME_MAX),
        signed(
            other("https://evil.example", "maru"),
            KEY.clone(),
            LIFETIME_MAX,
        ),
        signed(
            other("https://api.example.org", "other"),
            KEY.clone(),
            LIFETIME_MAX,
        ),
        signed(parties(), KEY.clone(), Duration::ZERO),
        // Well signed, for a session that never was.
        signed(parties(), KEY.clone(), LIFETIME_MAX),
    ] {
        ada.token = Some(bad);
        for (method, path) in [
            (Method::GET, "/auth/me"),
            (Method::GET, "/auth/sessions"),
            (
                Method::DELETE,
                "/auth/sessions/0198c0de-0000-7000-8000-000000000000",
            ),
            (Method::POST, "/auth/logout-all"),
        ] {
            let answer = ada.asks(method, path, None).await;
            answer.is_problem(401, "unauthenticated");
            let challenge = answer.headers[header::WWW_AUTHENTICATE]
                .to_str()
                .expect("text");
            assert!(challenge.starts_with("Bearer"), "{challenge}");
        }
        let verified = ada.posts("/auth/verify", json!({"token": ada.token})).await;
        assert_eq!(verified.json(), json!({"active": false}));
    }
    ada.token = Some(good);
    assert_eq!(
        ada.gets("/auth/me").await.status,
        StatusCode::OK,
        "nothing was ended"
    );
}

#[tokio::test]
async fn nobody_ends_or_sees_the_sessions_of_another() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let mut eve = api.logged_in().await;
    let sessions = ada.gets("/auth/sessions").await.json();
    let id = sessions["sessions"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for id in [
        id.as_str(),
        "0198c0de-0000-7000-8000-000000000000",
        "x",
        "%00",
        "%ff",
    ] {
        let path = format!("/auth/sessions/{id}");
        let answer = eve.asks(Method::DELETE, &path, None).await;
        assert!(
            [400, 404].contains(&answer.status.as_u16()),
            "{id}: {answer:?}"
        );
    }
    assert_eq!(ada.gets("/auth/me").await.status, StatusCode::OK);
    let seen = eve.gets("/auth/sessions").await.json();
    assert_eq!(seen["sessions"].as_array().expect("sessions").len(), 1);
}

#[tokio::test]
async fn a_made_up_refresh_token_opens_nothing() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let good = ada.cookie.clone().expect("a cookie");
    // It begins with the user's id and the session's, which are no secrets.
    let (ids, secret) = good.split_at(43);
    let other_secret: String = secret.chars().rev().collect();
    let changed = format!("{ids}{other_secret}");
    for bad in ["x", &"A".repeat(good.len()), &changed, &good.repeat(100)] {
        ada.cookie = Some(bad.to_owned());
        ada.refreshes().await.is_problem(401, "unauthenticated");
        assert!(ada.cookie.is_none(), "it is taken away");
    }
    ada.cookie = Some(good);
    assert_eq!(
        ada.refreshes().await.status,
        StatusCode::OK,
        "the good one is still good"
    );
}
