//! What pages of other origins are told they may do.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use request_source::Origins;
use tower_http::cors::{AllowOrigin, CorsLayer};
use trace_context::TRACEPARENT;

use crate::RequestId;

/// How long a browser may remember what it was allowed.
const ALLOWED_FOR: Duration = Duration::from_secs(600);

/// Lets pages of the listed origins call and read the answer.
pub(crate) fn layer(origins: &Origins) -> CorsLayer {
    let listed = origins
        .listed()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(listed))
        .allow_credentials(true)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static(TRACEPARENT),
            RequestId::HEADER,
        ])
        .expose_headers([
            header::CONTENT_LOCATION,
            header::ETAG,
            header::LINK,
            header::RETRY_AFTER,
            RequestId::HEADER,
        ])
        .max_age(ALLOWED_FOR)
}
