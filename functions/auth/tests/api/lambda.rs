//! The function as the Lambda runtime calls it.

use auth::router;
use serde_json::{Value, json};

use super::api::{Api, ORIGIN, PASSWORD};

/// The event of an HTTP API in payload format 2.0.
fn event(path: &str, cookies: &[String], body: Option<&Value>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "cookies": cookies,
        "headers": {
            "host": "api.example.org", "origin": ORIGIN, "content-type": "application/json",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example.org",
            "domainPrefix": "api",
            "http": {
                "method": "POST",
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
        "body": body.map(Value::to_string),
        "isBase64Encoded": false
    })
}

async fn answer(api: &Api, event: Value) -> Value {
    let event = event.to_string();
    let answered = lambda_edge::answer(router(api.state.clone()), event.as_bytes()).await;
    serde_json::from_slice(&answered.expect("an answer")).expect("JSON")
}

#[tokio::test]
async fn the_cookie_goes_through_a_gateway_both_ways() {
    let api = Api::start().await;
    let ada = api.member().await;
    let body = json!({"email": ada.email, "password": PASSWORD});
    let logged_in = answer(&api, event("/auth/login", &[], Some(&body))).await;
    assert_eq!(logged_in["statusCode"], 200, "{logged_in}");
    assert_eq!(logged_in["isBase64Encoded"], false);
    let set = logged_in["cookies"][0].as_str().expect("a cookie");
    assert!(
        set.contains("; HttpOnly; Secure; SameSite=Strict; Path=/auth; "),
        "{set}"
    );

    let pair = set.split(';').next().expect("a pair").to_owned();
    let cookies = ["theme=dark".to_owned(), pair];
    let refreshed = answer(&api, event("/auth/refresh", &cookies, None)).await;
    assert_eq!(refreshed["statusCode"], 200, "{refreshed}");
    let text = refreshed["body"].as_str().expect("text");
    let grant: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(grant["user"]["email"], ada.email.as_str());
}
