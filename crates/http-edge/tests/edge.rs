//! What a client sees of the rim.

use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use http_body_util::BodyExt;
use http_edge::{EdgeConfig, edge};
use request_source::Origins;
use serde_json::{Value, json};
use tower::ServiceExt;
use trace_context::TraceContext;

const LISTED: &str = "https://chat.example.org";

/// A router with a route of each temper.
fn router() -> Router {
    let config = EdgeConfig {
        origins: Origins::parse([LISTED]).expect("an origin"),
        time_max: Duration::from_secs(3),
        ..EdgeConfig::default()
    };
    let routes = Router::new()
        .route("/good", get(async || "good"))
        .route("/traced/{id}", get(traced))
        .route("/panics", get(async || -> &str { panic!("secret") }))
        .route("/never", get(std::future::pending::<&str>))
        .route(
            "/cached",
            get(async || ([(header::CACHE_CONTROL, "max-age=60")], "cached")),
        );
    edge(routes, config)
}

async fn traced(trace: Option<Extension<TraceContext>>) -> String {
    trace.map_or("in none".to_owned(), |Extension(trace)| trace.to_string())
}

async fn answer(request: axum::http::request::Builder) -> Response {
    let request = request.body(Body::empty()).expect("a request");
    router().oneshot(request).await.expect("an answer")
}

async fn body(response: Response) -> String {
    let bytes = response.into_body().collect().await.expect("a body");
    String::from_utf8(bytes.to_bytes().into()).expect("text")
}

async fn problem(response: Response) -> Value {
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let problem: Value = serde_json::from_str(&body(response).await).expect("JSON");
    assert_eq!(problem["status"], status);
    problem
}

#[tokio::test]
async fn a_handler_finds_the_trace_that_its_request_is_in() {
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (sent, found) in [
        (TRACE, TRACE),
        ("00-nonsense", "in none"),
        ("\u{e9}", "in none"),
    ] {
        let response = answer(Request::get("/traced/7").header("traceparent", sent)).await;
        let route = response.extensions().get::<MatchedPath>();
        assert_eq!(route.expect("a route").as_str(), "/traced/{id}");
        assert_eq!(body(response).await, found);
    }
    let nowhere = answer(Request::get("/nowhere")).await;
    assert!(nowhere.extensions().get::<MatchedPath>().is_none());
}

#[tokio::test]
async fn an_unknown_route_is_a_problem_that_names_the_request() {
    let response = answer(Request::get("/nowhere").header("x-request-id", "r-1")).await;
    assert_eq!(response.headers()["x-request-id"], "r-1");
    assert_eq!(
        problem(response).await,
        json!({
            "type": "/docs/problems#not-found",
            "title": "Nothing is here",
            "status": 404,
            "detail": "There is nothing at this path.",
            "code": "not-found",
            "retryable": false,
            "traceId": "r-1"
        })
    );
}

#[tokio::test]
async fn an_unknown_method_is_a_problem_and_allow_lists_the_known() {
    let response = answer(Request::delete("/good")).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    assert_eq!(problem(response).await["code"], "method-not-allowed");
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing() {
    let response = answer(Request::get("/panics")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem = problem(response).await;
    assert_eq!(problem["code"], "internal");
    assert!(!problem.to_string().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered_in_time() {
    let began = tokio::time::Instant::now();
    let response = answer(Request::get("/never")).await;
    assert_eq!(began.elapsed().as_secs(), 3);
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(problem(response).await["retryable"], true);
}

#[tokio::test]
async fn a_minted_id_is_the_same_in_the_header_and_the_problem() {
    let response = answer(Request::get("/nowhere").header("x-request-id", "not sane")).await;
    let id = response.headers()["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    assert_ne!(id, "not sane");
    assert_eq!(problem(response).await["traceId"], id);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_browsers_from_guessing_and_keeping() {
    for path in ["/good", "/nowhere", "/panics"] {
        let response = answer(Request::get(path)).await;
        let headers = response.headers();
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(
            headers[header::CACHE_CONTROL],
            "private, no-store",
            "{path}"
        );
        assert!(
            headers.contains_key(header::CONTENT_SECURITY_POLICY),
            "{path}"
        );
    }
    let response = answer(Request::get("/cached")).await;
    assert_eq!(response.headers()[header::CACHE_CONTROL], "max-age=60");
}

#[tokio::test]
async fn a_listed_page_may_read_good_answers_and_problems() {
    for path in ["/good", "/nowhere", "/panics"] {
        let response = answer(Request::get(path).header(header::ORIGIN, LISTED)).await;
        let headers = response.headers();
        assert_eq!(
            headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            LISTED,
            "{path}"
        );
        let exposed = headers[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str();
        let exposed = exposed.expect("text");
        for name in ["x-request-id", "content-location", "etag", "link"] {
            assert!(exposed.contains(name), "{path}: {name} in {exposed}");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_not_listed_reads_nothing() {
    for origin in [
        "null",
        "http://chat.example.org",
        "https://chat.example.org.evil.example",
        "https://chat.example.org:8443",
        "HTTPS://CHAT.EXAMPLE.ORG",
    ] {
        let response = answer(Request::get("/good").header(header::ORIGIN, origin)).await;
        let headers = response.headers();
        assert!(
            !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN),
            "{origin}"
        );
        let vary = headers[header::VARY].to_str().expect("text");
        assert!(vary.contains("origin"), "caches must tell origins apart");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_for_listed_pages_alone() {
    let asks = |origin| {
        Request::builder()
            .method(Method::OPTIONS)
            .uri("/good")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PATCH")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization")
    };
    let allowed = answer(asks(LISTED)).await;
    assert_eq!(
        allowed.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN],
        LISTED
    );
    let methods = allowed.headers()[header::ACCESS_CONTROL_ALLOW_METHODS].to_str();
    assert!(methods.expect("text").contains("PATCH"));

    let denied = answer(asks("https://evil.example")).await;
    assert!(
        !denied
            .headers()
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    );
}

#[tokio::test]
async fn a_head_request_gets_the_head_of_a_problem_without_its_body() {
    let response = answer(Request::head("/nowhere")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(body(response).await, "");
}

#[tokio::test]
async fn the_length_of_a_problem_is_the_length_of_what_is_sent() {
    let response = answer(Request::get("/nowhere")).await;
    let told = response.headers().get(header::CONTENT_LENGTH).cloned();
    let sent = body(response).await.len();
    assert!(told.is_none_or(|told| told == sent.to_string()));
}
