//! Answers as the listener's HTTP library takes them.

use axum::body::Body;
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{StatusCode, header};
use axum::response::Response;
use sockjs::{Answer, Headers};

/// A whole answer.
pub(super) fn whole(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    head(status, answer.headers, Body::from(answer.body))
}

/// 503: nobody new is let in, or nothing more is taken. The headers let the page see it.
pub(super) fn unavailable(headers: Headers) -> Response {
    let text = "This instance takes nobody new at the moment; connect again.\n";
    told(StatusCode::SERVICE_UNAVAILABLE, headers, text)
}

/// 429: the address has as many sessions as it may have. The headers let the page see it.
pub(super) fn too_many(headers: Headers) -> Response {
    let text = "Too many connections come from this address; close one and connect again.\n";
    let mut response = told(StatusCode::TOO_MANY_REQUESTS, headers, text);
    let wait = HeaderValue::from_static("5");
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    response
}

fn told(status: StatusCode, headers: Headers, text: &'static str) -> Response {
    let mut response = head(status, headers, Body::from(text));
    let plain = HeaderValue::from_static("text/plain; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// An answer with these headers, whatever its body is.
pub(super) fn head(status: StatusCode, headers: Headers, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        // The crate promises values that every HTTP library takes.
        if let Ok(value) = HeaderValue::from_str(&value) {
            let name = HeaderName::from_static(name);
            response.headers_mut().append(name, value);
        }
    }
    response
}
