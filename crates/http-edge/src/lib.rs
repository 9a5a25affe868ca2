//! What every HTTP function does at its rim, once.
//!
//! [`edge`] puts the layers around a router: request ids, headers, CORS, a body limit, a time-out,
//! and a [`ProblemResponse`] for whatever goes wrong, panics and unknown routes included.
//! [`JsonBody`] and [`Parameters`] read what a stranger sends and tell every fault of it.

mod cors;
mod edge;
mod host;
mod json_body;
mod parameters;
mod problem_response;
mod request_id;

pub use edge::{EdgeConfig, edge};
pub use json_body::JsonBody;
pub use parameters::Parameters;
pub use problem_response::ProblemResponse;
pub use request_id::RequestId;
