//! The way of a request through a gateway and back, for the functions' tests.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;
use lambda_http::http::header;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::ANSWER_BYTES_MAX;
use crate::recorded::Answer;

/// The host of the gateway, for whoever names none.
const HOST: &str = "a1b2c3d4.execute-api.eu-central-1.amazonaws.com";
/// Who calls where the request does not say.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// Which bodies an HTTP API hands on as text.
const TEXTS: [&str; 4] = [
    "text/",
    "application/json",
    "application/xml",
    "application/javascript",
];

/// Sends a request to a router as clients of an HTTP API do, whose function it is: as an event in
/// payload format 2.0, whose answer becomes the response.
///
/// # Panics
/// The answer is larger than Lambda hands on.
pub async fn through_http_api(router: Router, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("the body is there").to_bytes();
    let event = event(&head, &body).to_string();
    let answered = crate::answer(router, event.as_bytes()).await;
    let answered = answered.expect("an event that is known");
    let size = answered.len();
    assert!(size <= ANSWER_BYTES_MAX, "Lambda takes no {size} bytes");
    Answer::told(&serde_json::from_slice(&answered).expect("JSON")).into()
}

fn event(head: &Parts, body: &[u8]) -> Value {
    let caller = head.extensions.get::<ConnectInfo<SocketAddr>>();
    let caller = caller.map_or(CLIENT, |ConnectInfo(address)| address.ip());
    let path = handed_on(head.uri.path());
    let query = head.uri.query().unwrap_or_default();
    let content_type = head.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let is_text = TEXTS
        .iter()
        .any(|text| content_type.is_some_and(|value| value.starts_with(text)));
    let text = std::str::from_utf8(body).ok().filter(|_| is_text);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&head.headers, caller),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4",
            "domainName": HOST,
            "domainPrefix": "a1b2c3d4",
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": caller,
                "userAgent": "test"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "23/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_435_200_000_i64
        },
        "isBase64Encoded": text.is_none() && !body.is_empty()
    });
    let cookies: Vec<_> = all(&head.headers, &header::COOKIE)
        .iter()
        .flat_map(|cookies| cookies.split("; "))
        .map(str::to_owned)
        .collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !body.is_empty() {
        let text = text.map(str::to_owned);
        event["body"] = json!(text.unwrap_or_else(|| BASE64_STANDARD.encode(body)));
    }
    event
}

/// The path as an HTTP API tells it, decoded; one that would then be another path, as a function URL
/// tells it.
fn handed_on(path: &str) -> String {
    let slashes = |text: &str| text.matches('/').count();
    match percent_decode_str(path).decode_utf8() {
        Ok(decoded) if slashes(&decoded) == slashes(path) => decoded.into(),
        _ => path.to_owned(),
    }
}

/// Several values of a header in one, and what every request is given on its way; cookies are told
/// elsewhere.
fn headers(sent: &HeaderMap, caller: IpAddr) -> Map<String, Value> {
    let names = sent.keys().filter(|name| **name != header::COOKIE);
    let mut told: Map<_, _> = names
        .map(|name| (name.to_string(), all(sent, name).join(",").into()))
        .collect();
    told.entry("host").or_insert(HOST.into());
    told.insert("x-forwarded-for".into(), caller.to_string().into());
    told.insert("x-forwarded-proto".into(), "https".into());
    told
}

fn all(headers: &HeaderMap, name: &header::HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}
