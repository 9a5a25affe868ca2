//! The names of what spans are told, in one place: the conventions for messaging are still in
//! development (<https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>).

/// The destination that a client sends to, as a fixed word.
pub const DESTINATION: &str = "messaging.destination.name";

/// The id of a stored message.
pub const MESSAGE_ID: &str = "messaging.message.id";

/// How many messages were stored together.
pub const BATCH_MESSAGES: &str = "messaging.batch.message_count";

/// The place of a message in its room.
pub const SEQ: &str = "maru.seq";

/// The number of a message's last change.
pub const REV: &str = "maru.rev";

/// How many sockets of this instance were told.
pub const LISTENERS: &str = "maru.listeners";

/// Why it did not succeed: the code of a problem.
pub const ERROR: &str = "error.type";

/// The method of a request.
pub const METHOD: &str = "http.request.method";

/// The route that a request took, with the names of its parameters.
pub const ROUTE: &str = "http.route";

/// The status of an answer.
pub const STATUS: &str = "http.response.status_code";
