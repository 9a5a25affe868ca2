//! A function's router as a Lambda.
//!
//! [`run`] answers the events of an HTTP API, a REST API, a load balancer and a function URL alike:
//! whichever of them a request came through, the router sees the request that the client sent, and
//! who called.

mod caller;
mod event;
#[cfg(feature = "recorded")]
mod gateway;
mod headers;
#[cfg(feature = "recorded")]
pub mod recorded;

use std::convert::Infallible;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use lambda_http::lambda_runtime::{self, Context, LambdaEvent, Service};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Request, TransformResponse, service_fn};

use event::Kept;

#[cfg(feature = "recorded")]
pub use gateway::through_http_api;
/// Why the runtime ended.
pub use lambda_http::Error;

/// The most bytes of an event's answer, all of its JSON, that Lambda hands on: 6 MB.
pub const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;

/// The most bytes of a body that fit into such an answer whatever they are: as base64, with headers
/// beside them.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

type Event = LambdaEvent<LambdaRequest>;
/// A request's answer, on its way to be an event's.
type Answering = TransformResponse<'static, Response, Infallible>;

/// Answers events until the platform ends the process. An event that is none is answered with an
/// error, and the next one is waited for.
///
/// # Errors
/// The platform's interface cannot be reached.
///
/// # Panics
/// The variables are missing that the platform sets.
pub async fn run(router: Router) -> Result<(), Error> {
    let router = router.layer(from_fn(caller::tell));
    lambda_runtime::run(service_fn(move |event| answering(&router, event))).await
}

/// Answers one event outside of the platform: its JSON, and the JSON of the answer.
///
/// # Errors
/// The event is of no kind that is known here.
pub async fn answer(router: Router, event: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let payload: LambdaRequest = serde_json::from_slice(event)?;
    let event = LambdaEvent::new(payload, Context::default());
    let router = router.layer(from_fn(caller::tell));
    match answering(&router, event).await {
        Ok(response) => serde_json::to_vec(&response),
    }
}

/// The adapter makes a request of the event and an event's answer of the response; between the two,
/// the request becomes the one that the client sent.
fn answering(router: &Router, mut event: Event) -> Answering {
    let kept = Kept::out_of(&mut event.payload);
    let router = router.clone();
    let as_sent = service_fn(move |mut request: Request| {
        let target = kept.target();
        kept.name_hosts(request.headers_mut());
        let mut router = router.clone();
        async move {
            let Ok(target) = target else {
                return Ok(StatusCode::URI_TOO_LONG.into_response());
            };
            *request.uri_mut() = target;
            let mut response = router.call(request).await?;
            headers::join(response.headers_mut());
            Ok(response)
        }
    });
    Adapter::from(as_sent).call(event)
}
