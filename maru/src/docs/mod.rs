//! `/docs`: the interfaces written down, for programs (`openapi.json`, `asyncapi.json`) and for
//! people. The viewers are built with the page; without them the documents are there all the same.

mod http;
mod problems;
mod socket;

pub use http::openapi;
pub use socket::asyncapi;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::page::Page;

/// What is shown where there is no viewer.
const LISTING: &str = include_str!("listing.html");

/// The routes below `/docs`; the viewer's files are the page's.
pub(crate) fn routes(address: SocketAddr, page: Page) -> Router {
    let openapi = Bytes::from(openapi().to_json().expect("a document is JSON"));
    let asyncapi = Bytes::from(asyncapi(&address.to_string()).to_string());
    Router::new()
        .route("/docs/openapi.json", get(|| async { json(openapi) }))
        .route("/docs/asyncapi.json", get(|| async { json(asyncapi) }))
        .route(
            "/docs/problems",
            get(|| async { html(problems::catalogue()) }),
        )
        .route(
            "/docs",
            get(|request| async move { front(&page, &request) }),
        )
}

/// The viewer where there is one, else a list of the documents that says how to get it.
fn front(page: &Page, request: &Request) -> Response {
    match page.viewer(request.headers()) {
        Ok(viewer) => viewer,
        Err(why) => html(LISTING.replace("{reason}", &escaped(&why))),
    }
}

fn json(document: Bytes) -> Response {
    answer("application/json", document)
}

fn html(text: String) -> Response {
    answer("text/html; charset=utf-8", text.into())
}

/// A text without a script, a style or anything else that a browser would have to load.
fn answer(media_type: &'static str, body: Bytes) -> Response {
    let mut response = body.into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; frame-ancestors 'none'",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A text as it stands in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
