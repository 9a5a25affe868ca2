//! The function with people who have tokens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use access_token::{Holder, Role, Signer, Subject, Verifier};
use axum::body::Body;
use axum::http::{HeaderName, Method, Request, StatusCode, header};
use chat::{AuthMode, Content, Draft, Message, Nickname, RoomId, Sender, TempId, UserId};
use fanout::{Event, Herald};
use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use history::State;
use message_log::Appended;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::api::{Answer, Api, answer, keys};

/// The function, whose tokens the test signs.
pub(crate) struct House {
    pub(crate) api: Api,
    signer: Signer,
    verifier: Arc<Verifier>,
    pub(crate) told: Told,
}

/// Keeps what is announced.
#[derive(Clone, Default)]
pub(crate) struct Told(pub(crate) Arc<Mutex<Vec<Arc<Event>>>>);

impl Herald for Told {
    fn announce(&self, event: Arc<Event>) -> BoxFuture<'static, ()> {
        self.0.lock().expect("no panic").push(event);
        future::ready(()).boxed()
    }
}

/// Somebody with a token.
pub(crate) struct Person {
    pub(crate) id: UserId,
    bearer: String,
}

impl House {
    pub(crate) async fn opens() -> Self {
        let (signer, verifier) = keys();
        Self {
            api: Api::start().await,
            signer,
            verifier: Arc::new(verifier),
            told: Told::default(),
        }
    }

    pub(crate) fn admits(&self, holder: Holder) -> Person {
        let id = UserId(Uuid::new_v4());
        let subject = Subject {
            user: id,
            nickname: Nickname::parse("지은").expect("a name"),
            holder,
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the function reads the same clock"
        )]
        let now = OffsetDateTime::now_utc();
        let signed = self.signer.sign(subject, Duration::from_secs(600), now);
        let (token, _) = signed.expect("a token");
        let bearer = format!("Bearer {}", token.as_str());
        Person { id, bearer }
    }

    pub(crate) fn account(&self) -> Person {
        self.admits(Holder::Account {
            role: Role::Member,
            session: Uuid::new_v4(),
        })
    }

    pub(crate) async fn asked(
        &self,
        by: Option<&Person>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.asked_with(by, method, path, body, &[]).await
    }

    pub(crate) async fn asked_with(
        &self,
        by: Option<&Person>,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(HeaderName, &str)],
    ) -> Answer {
        let state = State {
            mode: AuthMode::Optional,
            verifier: Arc::clone(&self.verifier),
            herald: Some(Arc::new(self.told.clone())),
            ..self.api.state()
        };
        let mut request = Request::builder().method(method).uri(path);
        if let Some(person) = by {
            request = request.header(header::AUTHORIZATION, &person.bearer);
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        answer(state, request.expect("a request")).await
    }

    pub(crate) async fn get(&self, by: &Person, path: &str) -> Answer {
        self.asked(Some(by), Method::GET, path, None).await
    }

    pub(crate) async fn puts(&self, by: &Person, path: &str, body: Option<Value>) -> Answer {
        self.asked(Some(by), Method::PUT, path, body).await
    }

    pub(crate) async fn does(
        &self,
        by: &Person,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.asked(Some(by), method, path, body).await
    }

    pub(crate) async fn makes(&self, by: &Person, body: Value) -> Answer {
        self.asked(Some(by), Method::POST, "/rooms", Some(body))
            .await
    }

    /// A private room, and its owner.
    pub(crate) async fn private(&self) -> (String, Person) {
        let owner = self.account();
        let made = self
            .makes(&owner, json!({"name": "우리끼리", "visibility": "private"}))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let id = made.json()["roomId"].as_str().expect("an id").to_owned();
        (id, owner)
    }

    pub(crate) async fn sets(&self, by: &Person, room: &str, user: UserId, role: &str) -> Answer {
        let path = format!("/rooms/{room}/members/{user}");
        let body = json!({ "role": role });
        self.asked(Some(by), Method::PUT, &path, Some(body)).await
    }

    pub(crate) async fn removes(&self, by: &Person, room: &str, user: UserId) -> Answer {
        let path = format!("/rooms/{room}/members/{user}");
        self.asked(Some(by), Method::DELETE, &path, None).await
    }

    pub(crate) async fn said(&self, by: &Person, room: &str, content: &str) -> Message {
        let draft = Draft {
            room: RoomId::parse(room).expect("a room"),
            sender: Sender {
                nickname: Nickname::parse("지은").expect("a name"),
                id: Some(by.id),
            },
            temp_id: TempId(Uuid::new_v4()),
            content: Content::parse(content).expect("a content"),
        };
        let appended = self.api.log.append(&[draft]).await;
        match appended.expect("it is stored").remove(0) {
            Appended::Stored { message, .. } => message,
            other => panic!("a new message is stored, not {other:?}"),
        }
    }
}
