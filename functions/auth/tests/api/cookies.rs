//! The refresh cookie, and whose pages may use it.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use auth::router;

use super::api::{Api, ORIGIN, answer};

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http() {
    let api = Api::start().await;
    let mut ada = api.member().await;
    let answer = ada.logs_in().await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().expect("text");
    let mut parts = cookie.split("; ");
    assert!(parts.next().expect("a pair").starts_with("refresh_token="));
    let attributes: Vec<_> = parts.collect();
    assert_eq!(
        attributes,
        [
            "HttpOnly",
            "Secure",
            "SameSite=Strict",
            "Path=/auth",
            "Max-Age=2592000"
        ]
    );
    assert!(
        !answer.text.contains(&ada.cookie.expect("a cookie")),
        "it is in the cookie alone"
    );
    assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-store");
}

#[tokio::test]
async fn another_page_cannot_refresh_or_log_out_by_the_cookie() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    ada.token = None;
    let before = ada.cookie.clone();
    for origin in [
        "https://evil.example",
        "https://chat.example.org.evil.example",
        "null",
    ] {
        ada.origin = Some(origin.into());
        let refused = ada.refreshes().await;
        refused.is_problem(403, "forbidden");
        assert!(
            refused
                .headers
                .get(header::ACCESS_CONTROL_ALLOW_ORIGIN)
                .is_none()
        );
        ada.logs_out().await.is_problem(403, "forbidden");
        assert_eq!(ada.cookie, before);
    }
    ada.origin = Some(ORIGIN.into());
    let answer = ada.refreshes().await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "nothing was ended or replaced"
    );
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], ORIGIN);
    assert_eq!(
        answer.headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS],
        "true"
    );
}

#[tokio::test]
async fn what_is_no_browser_names_no_origin_and_is_let_through() {
    let api = Api::start().await;
    let mut script = api.logged_in().await;
    script.origin = None;
    assert_eq!(script.refreshes().await.status, StatusCode::OK);
    assert_eq!(script.logs_out().await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_form_of_another_page_logs_nobody_in() {
    let api = Api::start().await;
    for media_type in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
    ] {
        let request = Request::post("/auth/login")
            .header(header::CONTENT_TYPE, media_type)
            .header(header::ORIGIN, "https://evil.example")
            .body(Body::from(r#"{"email":"a@b.c","password":"secret"}"#));
        let answer = answer(&router(api.state.clone()), request.expect("a request")).await;
        answer.is_problem(415, "unsupported-media-type");
    }
}

#[tokio::test]
async fn a_browser_is_told_beforehand_which_pages_may_call() {
    let api = Api::start().await;
    for (origin, allowed) in [(ORIGIN, true), ("https://evil.example", false)] {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri("/auth/login")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type")
            .body(Body::empty());
        let answer = answer(&router(api.state.clone()), request.expect("a request")).await;
        let told = answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(told.is_some(), allowed, "{origin}");
    }
}
