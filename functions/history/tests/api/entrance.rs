//! Who may read.

use std::sync::Arc;
use std::time::Duration;

use access_token::{Holder, Signer, Subject, Verifier};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chat::{AuthMode, Nickname, UserId};
use history::State;
use time::OffsetDateTime;
use uuid::Uuid;

use super::api::{Api, answer, fresh_key, keys_of};

/// The function in one mode, and what it answers to an `Authorization`.
struct Door {
    api: Api,
    mode: AuthMode,
    verifier: Arc<Verifier>,
    signer: Signer,
}

impl Door {
    async fn of(mode: AuthMode) -> Self {
        let (signer, verifier) = keys_of(fresh_key());
        Self {
            api: Api::start().await,
            mode,
            verifier: Arc::new(verifier),
            signer,
        }
    }

    fn token(&self, age: Duration) -> String {
        #[expect(
            clippy::disallowed_methods,
            reason = "the function reads the same clock"
        )]
        let now = OffsetDateTime::now_utc() - age;
        let subject = Subject {
            user: UserId(Uuid::new_v4()),
            nickname: Nickname::parse("Ada").expect("a name"),
            holder: Holder::Guest,
        };
        let signed = self.signer.sign(subject, Duration::from_secs(60), now);
        let (token, _) = signed.expect("a token");
        format!("Bearer {}", token.as_str())
    }

    async fn answers(&self, authorization: Option<&str>) -> (StatusCode, Option<String>) {
        let state = State {
            mode: self.mode,
            verifier: Arc::clone(&self.verifier),
            ..self.api.state()
        };
        let mut request = Request::get("/entrance/messages");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Body::empty()).expect("a request");
        let answer = answer(state, request).await;
        let challenge = answer.headers.get(header::WWW_AUTHENTICATE);
        let challenge = challenge.map(|value| value.to_str().expect("text").to_owned());
        (answer.status, challenge)
    }
}

#[tokio::test]
async fn where_a_token_is_required_only_a_good_one_opens() {
    let door = Door::of(AuthMode::Required).await;
    let good = door.token(Duration::ZERO);
    let expired = door.token(Duration::from_secs(61));
    assert_eq!(door.answers(Some(&good)).await.0, StatusCode::OK);
    assert_eq!(
        door.answers(None).await,
        (StatusCode::UNAUTHORIZED, Some("Bearer".into()))
    );
    let invalid = Some("Bearer error=\"invalid_token\"".to_owned());
    for wrong in [expired.as_str(), "Bearer a.b.c"] {
        let answer = door.answers(Some(wrong)).await;
        assert_eq!(
            answer,
            (StatusCode::UNAUTHORIZED, invalid.clone()),
            "{wrong}"
        );
    }
    let foreign = Door::of(AuthMode::Required).await.token(Duration::ZERO);
    assert_eq!(
        door.answers(Some(&foreign)).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn where_it_is_optional_none_will_do_and_a_bad_one_will_not() {
    let door = Door::of(AuthMode::Optional).await;
    assert_eq!(door.answers(None).await.0, StatusCode::OK);
    assert_eq!(
        door.answers(Some("Bearer a.b.c")).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        door.answers(Some("Basic abc")).await.0,
        StatusCode::UNAUTHORIZED
    );
}
