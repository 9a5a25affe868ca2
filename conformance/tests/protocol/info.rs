//! Info test: `/info`.

use serde_json::{Value, json};

use crate::http::Ask;
use crate::server::Server;

async fn info(server: &Server, service: &str) -> Value {
    let answer = server.get(&format!("{service}/info")).await;
    assert_eq!(answer.head.status, 200);
    serde_json::from_str(&answer.body).expect("JSON")
}

#[tokio::test]
async fn info_says_what_the_service_can_and_is_never_cached() {
    let server = Server::starts().await;
    let answer = server.get("/echo/info").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=UTF-8")
    );
    answer.head.sets_no_cookie();
    answer.head.is_never_cached();
    answer.head.is_readable_by(None);

    let info = info(&server, "/echo").await;
    assert_eq!(info["websocket"], true);
    assert_eq!(info["cookie_needed"], false);
    assert_eq!(info["origins"], json!(["*:*"]));
    let entropy = info["entropy"].as_u64().expect("a number");
    assert!(entropy <= u64::from(u32::MAX));
}

#[tokio::test]
async fn info_brings_new_entropy_every_time() {
    let server = Server::starts().await;
    let (first, second) = (info(&server, "/echo").await, info(&server, "/echo").await);
    assert_ne!(first["entropy"], second["entropy"]);
}

#[tokio::test]
async fn info_answers_a_preflight_request_of_any_origin() {
    let server = Server::starts().await;
    for origin in [None, Some("test"), Some("null")] {
        let named = origin.map(|origin| ("Origin", origin));
        let answer = server
            .ask(Ask::new("OPTIONS", "/echo/info").with(named.as_slice()))
            .await;
        answer.is(204, "");
        answer.head.is_cached_for_a_year();
        answer.head.is_readable_by(origin);
        assert_eq!(
            answer.header("access-control-allow-methods"),
            Some("OPTIONS, GET")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("31536000"));
    }
}

#[tokio::test]
async fn info_tells_where_websockets_are_off() {
    let server = Server::starts().await;
    let info = info(&server, "/disabled_websocket_echo").await;
    assert_eq!(info["websocket"], false);
}
