//! What others need to check tokens by themselves.

use access_token::{JwkSet, Signer, SigningKey, Verifier};
use auth::Tokens;
use axum::http::{StatusCode, header};
use serde_json::json;

use super::api::{Api, KEY, parties};

#[tokio::test]
async fn a_token_is_verified_with_nothing_but_what_is_published() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let discovery = ada.gets("/.well-known/openid-configuration").await.json();
    assert_eq!(discovery["issuer"], parties().issuer);
    let keys = discovery["jwks_uri"].as_str().expect("an address");
    let path = keys
        .strip_prefix(&parties().issuer)
        .expect("under the issuer");
    let published = ada.gets(path).await;
    assert_eq!(
        published.headers[header::CONTENT_TYPE],
        "application/jwk-set+json"
    );
    assert_eq!(
        published.headers[header::CACHE_CONTROL],
        "public, max-age=300"
    );

    let keys = JwkSet::parse(published.text.as_bytes()).expect("a key set");
    let verifier = Verifier::new(&parties(), keys);
    let token = ada.token.clone().expect("a token");
    let claims = verifier.verify(&token, api.now()).expect("a good token");
    assert_eq!(claims.subject.nickname.as_str(), "지은");

    let verified = ada
        .posts("/auth/verify", json!({"token": token}))
        .await
        .json();
    assert_eq!(verified["active"], true);
    assert_eq!(verified["sub"], json!(claims.subject.user));
    assert_eq!(verified["nickname"], "지은");
    assert_eq!(verified["exp"], claims.expires_at.unix_timestamp());
    assert_eq!(verified["sid"], json!(claims.subject.session()));
}

#[tokio::test]
async fn a_key_is_rotated_while_people_are_logged_in() {
    let mut api = Api::start().await;
    let mut ada = api.logged_in().await;
    let (next, _) = SigningKey::generate().expect("a key");
    let signer = Signer::new(parties(), next, [KEY.public().clone()]);
    api.state.tokens = Tokens::new(signer, access_token::LIFETIME_MAX);
    let mut after = api.stranger();
    after.token = ada.token.take();
    after.cookie = ada.cookie.take();

    assert_eq!(
        after.gets("/auth/me").await.status,
        StatusCode::OK,
        "the old token is good"
    );
    assert_eq!(after.refreshes().await.status, StatusCode::OK);
    assert_eq!(
        after.gets("/auth/me").await.status,
        StatusCode::OK,
        "so is the new one"
    );
    let published = after.gets("/.well-known/jwks.json").await.json();
    assert_eq!(published["keys"].as_array().expect("keys").len(), 2);
}
