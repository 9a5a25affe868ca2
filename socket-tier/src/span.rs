//! The way of a message as a trace tells it, from span to span.
//!
//! ```text
//! SEND /app/chat                      until it is answered
//! ├─ publish chat-message             it is shown to the instances
//! │  └─ receive chat-message          on each that has a listener: until all are told
//! │     └─ deliver                    to one socket: until it is written
//! ├─ commit                           the transaction, shared with others
//! └─ publish chat-timestamp           it is told as stored, and so on as above
//! ```

use traces::{Kind, Span, Tracer, attribute};

use trace_context::{TRACEPARENT, TraceContext};

/// The transaction that stores it.
pub(crate) const COMMIT: &str = "commit";
/// It is shown before it is stored.
pub(crate) const PUBLISH_SHOWN: &str = "publish chat-message";
/// It is told as stored.
pub(crate) const PUBLISH_COMMITTED: &str = "publish chat-timestamp";
/// An instance hears what was shown, and tells its listeners.
pub(crate) const RECEIVE_SHOWN: &str = "receive chat-message";
/// An instance hears what was stored, and tells its listeners.
pub(crate) const RECEIVE_COMMITTED: &str = "receive chat-timestamp";
/// What waits for one socket is written to it.
pub(crate) const DELIVER: &str = "deliver";

/// Begins the way of a SEND, in the trace that its headers name.
pub(crate) fn of_send(
    tracer: &Tracer,
    name: &'static str,
    destination: &'static str,
    headers: &stomp::Headers,
) -> Span {
    if !tracer.is_on() {
        return Span::default();
    }
    let parent = headers.get(TRACEPARENT).and_then(TraceContext::parse);
    let mut span = tracer.begins(name, Kind::Server, parent);
    span.says(attribute::DESTINATION, destination);
    span
}
