//! The requests to the functions as spans, for who deploys without Lambda.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn};
use trace_context::{TRACEPARENT, TraceContext};
use traces::{Kind, Tracer, attribute};

/// Puts a span around every request to a function, in the trace that the request names; what the
/// function does goes on in it, as it would in its client's. Nothing where nobody traces.
pub(crate) fn traced(router: Router, tracer: &Tracer) -> Router {
    if !tracer.is_on() {
        return router;
    }
    let tracer = tracer.clone();
    router.layer(from_fn(move |mut request: Request, next: Next| {
        let headers = request.headers_mut();
        let parent = headers.get(TRACEPARENT);
        let parent = parent.and_then(|value| TraceContext::parse(value.to_str().ok()?));
        let method = word_of(request.method());
        let mut span = tracer.begins(method, Kind::Server, parent);
        span.says(attribute::METHOD, method);
        if let Some(context) = span.context() {
            let value = HeaderValue::try_from(context.to_string());
            let value = value.expect("a traceparent is visible ASCII");
            request.headers_mut().insert(TRACEPARENT, value);
        }
        async move {
            let response = next.run(request).await;
            if let Some(route) = response.extensions().get::<MatchedPath>() {
                span.takes_route(method, route.as_str());
            }
            let status = response.status();
            span.counts(attribute::STATUS, status.as_u16().into());
            if status.is_server_error() {
                span.fails("server error");
            }
            response
        }
    }))
}

/// A method that is known; a stranger may send any other word.
fn word_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
