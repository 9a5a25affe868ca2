//! The language of these tests: a function, and people in front of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use access_token::{LIFETIME_MAX, Parties, Signer, SigningKey};
use auth::{Accounts, Clock, HashCost, HashingLimits, Passwords, State, Tokens, router};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use request_source::{Origins, ProxyHops};
use serde_json::{Value, json};
use sessions::Sessions;
use sessions::memory::MemorySessions;
use time::OffsetDateTime;
use tower::ServiceExt;
use uuid::Uuid;

use super::WAY;
use crate::Way;
use crate::over_http::logs;

/// The page that may call.
pub(crate) const ORIGIN: &str = "https://chat.example.org";

/// The password of everybody who does not choose another.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Who signs in these tests.
pub(crate) static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate().expect("a key").0);

/// The parties of these tests.
pub(crate) fn parties() -> Parties {
    Parties {
        issuer: "https://api.example.org".into(),
        audience: "maru".into(),
    }
}

/// The function, with a clock that stands still until a test turns it.
pub(crate) struct Api {
    pub(crate) state: State,
    now: Arc<Mutex<OffsetDateTime>>,
}

/// What the function answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Somebody with a browser.
pub(crate) struct Person {
    router: Router,
    pub(crate) email: String,
    pub(crate) address: IpAddr,
    pub(crate) origin: Option<String>,
    pub(crate) cookie: Option<String>,
    pub(crate) token: Option<String>,
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
    /// With sessions in memory.
    pub(crate) async fn start() -> Self {
        Self::with_sessions(Arc::new(MemorySessions::new())).await
    }

    pub(crate) async fn with_sessions(sessions: Arc<dyn Sessions>) -> Self {
        let accounts = Accounts::open(&database_url(), 2).expect("DATABASE_URL is a good URL");
        accounts.migrate().await.expect("the table can be made");
        Self::with_stores(accounts, sessions)
    }

    pub(crate) fn with_stores(accounts: Accounts, sessions: Arc<dyn Sessions>) -> Self {
        logs::keep();
        let limits = HashingLimits {
            at_once: 2,
            waiting_max: 64,
        };
        // What a hash costs is shown elsewhere; here it would only be waited for.
        let cost = HashCost {
            memory_kib: 64,
            passes: 1,
        };
        let now = Arc::new(Mutex::new(start_of_time()));
        let clock = Arc::clone(&now);
        let state = State {
            accounts,
            sessions,
            passwords: Passwords::new(cost, limits),
            tokens: Tokens::new(Signer::new(parties(), KEY.clone(), []), LIFETIME_MAX),
            origins: Origins::parse([ORIGIN]).expect("an origin"),
            proxy_hops: ProxyHops(0),
            clock: Clock::showing(move || *clock.lock().expect("no test panicked meanwhile")),
        };
        Self { state, now }
    }

    /// Lets time pass.
    pub(crate) fn passes(&self, time: Duration) {
        *self.now.lock().expect("no test panicked meanwhile") += time;
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        *self.now.lock().expect("no test panicked meanwhile")
    }

    /// Somebody whom nobody knows yet.
    pub(crate) fn stranger(&self) -> Person {
        Person {
            router: router(self.state.clone()),
            email: format!("{}@example.org", Uuid::new_v4().simple()),
            address: [192, 0, 2, 1].into(),
            origin: Some(ORIGIN.into()),
            cookie: None,
            token: None,
        }
    }

    /// Somebody with an account.
    pub(crate) async fn member(&self) -> Person {
        let mut person = self.stranger();
        assert_eq!(person.signs_up().await.status, StatusCode::CREATED);
        person
    }

    /// Somebody who is logged in.
    pub(crate) async fn logged_in(&self) -> Person {
        let mut person = self.member().await;
        assert_eq!(person.logs_in().await.status, StatusCode::OK);
        person
    }
}

/// To the microsecond, as Postgres keeps time; a fixed moment would soon be one that has expired
/// for stores that look at the real clock too.
fn start_of_time() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "where the tests' clock starts")]
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).expect("zero is a nanosecond")
}

impl Person {
    pub(crate) async fn signs_up(&mut self) -> Answer {
        let body = json!({"email": self.email, "password": PASSWORD, "nickname": "지은"});
        self.posts("/auth/signup", body).await
    }

    pub(crate) async fn logs_in(&mut self) -> Answer {
        self.logs_in_with(PASSWORD).await
    }

    pub(crate) async fn logs_in_with(&mut self, password: &str) -> Answer {
        let body = json!({"email": self.email, "password": password});
        self.posts("/auth/login", body).await
    }

    pub(crate) async fn refreshes(&mut self) -> Answer {
        self.asks(Method::POST, "/auth/refresh", None).await
    }

    pub(crate) async fn logs_out(&mut self) -> Answer {
        self.asks(Method::POST, "/auth/logout", None).await
    }

    pub(crate) async fn gets(&mut self, path: &str) -> Answer {
        self.asks(Method::GET, path, None).await
    }

    pub(crate) async fn posts(&mut self, path: &str, body: Value) -> Answer {
        self.asks(Method::POST, path, Some(body)).await
    }

    /// Sends a request as the browser of this person would, and keeps what it is given.
    pub(crate) async fn asks(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::USER_AGENT, "Test/1.0")
            .extension(ConnectInfo(SocketAddr::new(self.address, 40_000)));
        if let Some(origin) = &self.origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("refresh_token={cookie}"));
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
        };
        let answer = answer(&self.router, request.expect("a request")).await;
        self.keeps(&answer);
        answer
    }

    fn keeps(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.cookie() {
            self.cookie = Some(cookie).filter(|cookie| !cookie.is_empty());
        }
        if answer.status == StatusCode::OK
            && answer.text.starts_with('{')
            && let Some(token) = answer.json()["accessToken"].as_str()
        {
            self.token = Some(token.to_owned());
        }
    }
}

/// Sends any request, whichever way these tests ask.
pub(crate) async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let router = router.clone();
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

    /// The value of the refresh cookie that it sets; empty where it takes the cookie away.
    pub(crate) fn cookie(&self) -> Option<String> {
        let cookie = self
            .headers
            .get(header::SET_COOKIE)?
            .to_str()
            .expect("text");
        let value = cookie.split(';').next().expect("a first part");
        value.strip_prefix("refresh_token=").map(str::to_owned)
    }

    /// Makes sure that it is this problem.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(self.json()["code"], code, "{self:?}");
    }

    /// After how many seconds to try again.
    #[track_caller]
    pub(crate) fn retry_after_s(&self) -> u64 {
        let value = self.headers[header::RETRY_AFTER].to_str().expect("text");
        value.parse().expect("a number of seconds")
    }
}
