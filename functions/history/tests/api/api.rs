//! The language of these tests.

use std::sync::{Arc, LazyLock};

use access_token::{Parties, Signer, SigningKey, Verifier};
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use chat::{AuthMode, Content, Draft, Message, Nickname, RoomId, Sender, TempId};
use history::{State, router};
use http_body_util::BodyExt;
use message_log::{Appended, MessageLog};
use request_source::Origins;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use super::WAY;
use crate::Way;

/// Who signs in these tests.
static KEY: LazyLock<SigningKey> = LazyLock::new(fresh_key);

pub(crate) fn fresh_key() -> SigningKey {
    SigningKey::generate().expect("a key").0
}

/// The signer of these tests, and a verifier of what it signs.
pub(crate) fn keys() -> (Signer, Verifier) {
    keys_of(KEY.clone())
}

/// A key's signer, and a verifier of what it signs.
pub(crate) fn keys_of(key: SigningKey) -> (Signer, Verifier) {
    let parties = Parties {
        issuer: "https://api.example.org".into(),
        audience: "maru".into(),
    };
    let signer = Signer::new(parties.clone(), key, []);
    let verifier = Verifier::new(&parties, signer.published().clone());
    (signer, verifier)
}

/// The function, and the log it reads.
pub(crate) struct Api {
    pub(crate) log: MessageLog,
}

/// What the function answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// The URL of the database of these tests.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are configured by the environment alone"
)]
pub(crate) fn database_url() -> String {
    std::env::var("DATABASE_URL").expect(
        "DATABASE_URL is not set; it names the database of these tests, and `cargo xtask test` \
         sets it",
    )
}

impl Api {
    /// On the database of these tests, its tables made.
    pub(crate) async fn start() -> Self {
        let log = MessageLog::connect(&database_url(), 2)
            .await
            .expect("DATABASE_URL names a Postgres that answers");
        log.migrate().await.expect("the tables can be made");
        Self { log }
    }

    /// The function as it lets everybody in.
    pub(crate) fn state(&self) -> State {
        let (_, verifier) = keys();
        State {
            log: self.log.clone(),
            herald: None,
            origins: Origins::parse(["https://chat.example.org"]).expect("an origin"),
            mode: AuthMode::Optional,
            verifier: Arc::new(verifier),
            answer_bytes_max: match WAY {
                Way::Http => None,
                Way::Lambda => Some(lambda_edge::BODY_BYTES_MAX),
            },
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        self.answer(request).await
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Answer {
        answer(self.state(), request).await
    }

    /// Stores that many messages in a room.
    pub(crate) async fn fill(&self, room: &RoomId, count: usize) -> Vec<Message> {
        let contents: Vec<_> = (1..=count).map(|n| format!("메시지 {n}")).collect();
        self.fill_with(room, &contents).await
    }

    /// Stores these messages in a room.
    pub(crate) async fn fill_with(&self, room: &RoomId, contents: &[String]) -> Vec<Message> {
        let drafts: Vec<_> = contents
            .iter()
            .map(|content| Draft {
                room: room.clone(),
                sender: Sender::guest(Nickname::parse("지은").expect("a name")),
                temp_id: TempId(Uuid::new_v4()),
                content: Content::parse(content).expect("a content"),
            })
            .collect();
        let appended = self.log.append(&drafts).await.expect("the batch is stored");
        appended
            .into_iter()
            .map(|answer| match answer {
                Appended::Stored { message, .. } => message,
                other => panic!("new messages are stored, not {other:?}"),
            })
            .collect()
    }
}

/// What the function answers in this state, whichever way these tests ask it.
pub(crate) async fn answer(state: State, request: Request<Body>) -> Answer {
    let router = router(state);
    let response = match WAY {
        Way::Http => router.oneshot(request).await.expect("an answer"),
        Way::Lambda => lambda_edge::through_http_api(router, request).await,
    };
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        text: String::from_utf8(bytes.into()).expect("text"),
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    /// The seqs of a page, and its `before` and `after`.
    pub(crate) fn page(&self) -> (Vec<i64>, Option<i64>, Option<i64>) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        let json = self.json();
        let messages = json["messages"].as_array().expect("messages");
        let seqs = messages.iter().map(|message| message["seq"].as_i64());
        (
            seqs.collect::<Option<_>>().expect("seqs"),
            json["page"]["before"].as_i64(),
            json["page"]["after"].as_i64(),
        )
    }
}

/// A room that no other test knows; its name needs no encoding.
pub(crate) fn room() -> RoomId {
    RoomId::parse(&format!("room-{}", Uuid::new_v4())).expect("a room's name")
}
