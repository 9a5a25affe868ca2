//! The page that people see first, compiled into the binary.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// What the page may do: load from here, talk to here, and nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// `GET /` and the files that the page loads.
pub(crate) fn routes() -> Router {
    const HTML: &str = "text/html; charset=utf-8";
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    Router::new()
        .route("/", file(HTML, include_str!("../../web/index.html")))
        .route(
            "/assets/chat.css",
            file(CSS, include_str!("../../web/chat.css")),
        )
        .route(
            "/assets/chat.js",
            file(JS, include_str!("../../web/chat.js")),
        )
        .route(
            "/assets/stomp.js",
            file(JS, include_str!("../../web/stomp.js")),
        )
}

fn file(media_type: &'static str, text: &'static str) -> axum::routing::MethodRouter {
    get(move || async move {
        let headers = [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        (headers, text).into_response()
    })
}
