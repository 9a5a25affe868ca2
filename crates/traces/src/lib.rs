//! Traces by OpenTelemetry, for whoever is told where to send them (`OTEL_EXPORTER_OTLP_ENDPOINT`).
//!
//! A [`Tracer`] makes [`Span`]s, and one that is off makes none: what is asked of them then costs a
//! comparison. What a span can be told beside its name are numbers, ids and fixed words, so that
//! nothing that somebody wrote, be it a message, a room's name or a token, can be in a trace.

pub mod attribute;
mod exporter;
mod settings;
mod span;

pub use exporter::{Exporter, NotStarted};
pub use settings::TraceSettings;
pub use span::{Kind, Span, Tracer};
