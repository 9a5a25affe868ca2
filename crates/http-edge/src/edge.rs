//! The layers around a router, in their order.

use std::any::Any;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use chat::{Problem, ProblemCode};
use request_source::Origins;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use trace_context::{TRACEPARENT, TraceContext};
use tracing::Instrument;
use tracing::field::{Empty, display};

use crate::{ProblemResponse, RequestId, cors, host};

/// What may differ from function to function.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// Which pages of other origins may call.
    pub origins: Origins,
    /// The largest body that an extractor reads, in bytes.
    pub body_bytes_max: usize,
    /// How long a request may take; its client is then told so.
    pub time_max: Duration,
}

impl EdgeConfig {
    /// The largest body by default: a message of the longest content, escaped in full, fits.
    pub const BODY_BYTES_MAX: usize = 64 * 1024;

    /// How long a request may take by default: less than the 30 seconds of the gateway in front.
    pub const TIME_MAX: Duration = Duration::from_secs(10);
}

impl Default for EdgeConfig {
    fn default() -> Self {
        Self {
            origins: Origins::default(),
            body_bytes_max: Self::BODY_BYTES_MAX,
            time_max: Self::TIME_MAX,
        }
    }
}

/// Puts the rim around a router that has all its routes.
///
/// Every answer then has the request's id and the headers that keep browsers from guessing and
/// keeping; every failure is a problem, which pages of the listed origins can read.
pub fn edge(router: Router, config: EdgeConfig) -> Router {
    let time_max = config.time_max;
    // The last layer is the outermost.
    router
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(config.body_bytes_max))
        .layer(from_fn(move |request, next| {
            in_time(request, next, time_max)
        }))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(host::check))
        .layer(cors::layer(&config.origins))
        .layer(from_fn(named))
}

async fn unknown_route() -> ProblemResponse {
    Problem::new(ProblemCode::NotFound, "There is nothing at this path.").into()
}

async fn unknown_method(method: Method) -> ProblemResponse {
    // A stranger chooses the method's name; a long one is not worth repeating.
    let name = method.as_str().get(..16).unwrap_or(method.as_str());
    let detail = format!("This path does not know the method {name}; Allow lists what it knows.");
    Problem::new(ProblemCode::MethodNotAllowed, detail).into()
}

async fn in_time(
    request: Request,
    next: Next,
    time_max: Duration,
) -> Result<Response, ProblemResponse> {
    timeout(time_max, next.run(request)).await.map_err(|_| {
        tracing::warn!(?time_max, "request took too long");
        Problem::new(
            ProblemCode::Timeout,
            "The server did not finish in time. Try again.",
        )
        .into()
    })
}

/// The payload of a panic can hold anything, so it is left to the process's own panic hook.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("handler panicked");
    ProblemResponse::internal().into_response()
}

/// Gives the request its id and the trace that it is in, and the answer what every answer has.
async fn named(mut request: Request, next: Next) -> Result<Response, Infallible> {
    let id = RequestId::of(request.headers());
    let is_head = request.method() == Method::HEAD;
    let span = tracing::info_span!(
        "request",
        id = id.as_str(),
        method = %request.method(),
        path = request.uri().path(),
        trace_id = Empty,
    );
    let traceparent = request.headers().get(TRACEPARENT);
    let trace = traceparent.and_then(|value| TraceContext::parse(value.to_str().ok()?));
    if let Some(trace) = trace {
        span.record("trace_id", display(trace.trace_id()));
        request.extensions_mut().insert(trace);
    }
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    // Whoever traces the request around all of this names it so.
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    tracing::debug!(parent: &span, status = response.status().as_u16(), "answered");

    if let Some(problem) = response.extensions_mut().remove::<Problem>()
        && !is_head
    {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(problem.traced(id.as_str()).to_json());
    }
    let headers = response.headers_mut();
    headers.insert(RequestId::HEADER, id.header_value());
    for (name, value) in DEFAULT_HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    Ok(response)
}

/// What an answer says unless its handler says otherwise: that it is nobody else's, that its type
/// is what it says, and that it is no page.
const DEFAULT_HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "private, no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];
