//! A function's router as a Lambda.
//!
//! [`run`] answers the events of an HTTP API, a REST API, a load balancer and a function URL alike:
//! whichever of them a request came through, the router sees the request that the client sent, and
//! who called.

mod caller;
mod event;
#[cfg(feature = "recorded")]
pub mod recorded;

use std::convert::Infallible;

use axum::Router;
use axum::middleware::from_fn;
use axum::response::Response;
use lambda_http::lambda_runtime::{self, Context, LambdaEvent, Service};
use lambda_http::request::LambdaRequest;
use lambda_http::tower::util::MapRequest;
use lambda_http::{Adapter, tower::ServiceExt};

/// Why the runtime ended.
pub use lambda_http::Error;

/// A router that answers events.
type Function = MapRequest<Adapter<'static, Response, Router>, fn(Event) -> Event>;
type Event = LambdaEvent<LambdaRequest>;

/// Answers events until the platform ends the process. An event that is none is answered with an
/// error, and the next one is waited for.
///
/// # Errors
/// The platform's interface cannot be reached.
///
/// # Panics
/// The variables are missing that the platform sets.
pub async fn run(router: Router) -> Result<(), Error> {
    lambda_runtime::run(function(router)).await
}

/// Answers one event outside of the platform: its JSON, and the JSON of the answer.
///
/// # Errors
/// The event is of no kind that is known here.
pub async fn answer(router: Router, event: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let payload: LambdaRequest = serde_json::from_slice(event)?;
    let event = LambdaEvent::new(payload, Context::default());
    let answered: Result<_, Infallible> = function(router).call(event).await;
    match answered {
        Ok(response) => serde_json::to_vec(&response),
    }
}

fn function(router: Router) -> Function {
    let adapter = Adapter::from(router.layer(from_fn(caller::tell)));
    adapter.map_request(|event: Event| event::as_sent(event))
}
