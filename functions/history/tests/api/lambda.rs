//! The function as the Lambda runtime calls it.

use history::router;
use serde_json::{Value, json};

use super::api::{Api, room};

/// The event of an HTTP API in payload format 2.0.
fn event(path: &str, query: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "host": "chat.example.org", "x-request-id": "r-7" },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "chat.example.org",
            "domainPrefix": "chat",
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test"
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "23/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_435_200_000_i64
        },
        "isBase64Encoded": false
    })
}

async fn answer(api: &Api, event: Value) -> Value {
    let event = event.to_string();
    let answered = lambda_edge::answer(router(api.state()), event.as_bytes()).await;
    serde_json::from_slice(&answered.expect("an answer")).expect("JSON")
}

#[tokio::test]
async fn an_event_of_an_http_api_is_answered() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 3).await;

    let answer = answer(&api, event(&format!("/{room}/messages"), "limit=2")).await;

    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(answer["headers"]["x-request-id"], "r-7");
    let body: Value = serde_json::from_str(answer["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(body["messages"][0]["seq"], 2);
    assert_eq!(body["page"]["before"], 2);
}

#[tokio::test]
async fn a_problem_reaches_the_client_as_text() {
    let api = Api::start().await;
    let answer = answer(&api, event("/lobby/messages", "limit=0")).await;
    assert_eq!(answer["statusCode"], 400);
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(
        answer["headers"]["content-type"],
        "application/problem+json"
    );
    let body: Value = serde_json::from_str(answer["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(body["traceId"], "r-7");
}

#[tokio::test]
async fn a_room_that_the_gateway_decoded_is_found() {
    let api = Api::start().await;
    let answer = answer(&api, event("/마루 채팅/messages", "")).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
}
