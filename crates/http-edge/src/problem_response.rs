//! A problem as an answer.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chat::{Problem, ProblemCode};

/// A [`Problem`] as an HTTP response: `application/problem+json` (RFC 9457), `Retry-After` where
/// waiting is advised. [`edge`](crate::edge()) adds the request's id to it on the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemResponse(pub Problem);

impl ProblemResponse {
    /// An answer for a fault of the server, of which the client learns nothing but the request's
    /// id. What happened is for the log.
    pub fn internal() -> Self {
        Self(Problem::new(
            ProblemCode::Internal,
            "The server failed to answer. Try again; if it stays so, report the traceId.",
        ))
    }
}

impl From<Problem> for ProblemResponse {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.code().status())
            .expect("the catalogue holds HTTP statuses");
        let mut response = Response::new(Body::from(problem.to_json()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(Problem::MEDIA_TYPE),
        );
        if let Some(wait) = problem.retry_after_advised() {
            // RFC 9110, section 10.2.3: whole seconds. Rounded up, or all come back too early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(problem);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_wait_is_advised_in_whole_seconds_rounded_up() {
        for (wait_ms, header) in [(1, "1"), (1_000, "1"), (1_001, "2"), (0, "0")] {
            let problem = Problem::new(ProblemCode::StoreUnavailable, "Try again.")
                .retry_after(Duration::from_millis(wait_ms));
            let response = ProblemResponse(problem).into_response();
            assert_eq!(response.headers()[header::RETRY_AFTER], header);
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}
