//! Spans, and what makes them.

use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, Status, TraceContextExt, TraceFlags, TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue, SpanId, TraceId};
use opentelemetry_sdk::trace::SdkTracer;
use trace_context::TraceContext;
use uuid::Uuid;

use crate::attribute;

/// Makes spans; one that is off makes none.
#[derive(Clone, Debug, Default)]
pub struct Tracer(Option<SdkTracer>);

/// A piece of work that is under way, and ends when this is dropped; or nothing, where nobody
/// traces it. Without a trace it holds no memory.
#[derive(Debug, Default)]
pub struct Span(Option<Box<Recording>>);

#[derive(Debug)]
struct Recording {
    tracer: SdkTracer,
    span: opentelemetry_sdk::trace::Span,
}

/// What a span is to those on its other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers somebody.
    Server,
    /// Others will hear of it later.
    Producer,
    /// It hears what a producer told.
    Consumer,
    /// Nobody else has part in it.
    Internal,
}

impl Kind {
    fn of_span(self) -> SpanKind {
        match self {
            Self::Server => SpanKind::Server,
            Self::Producer => SpanKind::Producer,
            Self::Consumer => SpanKind::Consumer,
            Self::Internal => SpanKind::Internal,
        }
    }
}

impl Tracer {
    pub(crate) fn new(tracer: SdkTracer) -> Self {
        Self(Some(tracer))
    }

    /// Whether it makes spans.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a piece of work that somebody else asked for: in his trace, or in a new one where he
    /// has none.
    pub fn begins(&self, name: &'static str, kind: Kind, parent: Option<TraceContext>) -> Span {
        let Some(tracer) = &self.0 else {
            return Span::default();
        };
        let context = parent.map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(span_context(&parent))
        });
        Span::start(tracer, name, kind, &context)
    }

    /// Goes on with what somebody else began; nothing, where that is in no trace.
    pub fn goes_on(&self, name: &'static str, kind: Kind, parent: Option<TraceContext>) -> Span {
        match parent {
            Some(_) => self.begins(name, kind, parent),
            None => Span::default(),
        }
    }
}

impl Span {
    fn start(tracer: &SdkTracer, name: &'static str, kind: Kind, context: &Context) -> Self {
        let builder = tracer.span_builder(name).with_kind(kind.of_span());
        Self(Some(Box::new(Recording {
            span: builder.start_with_context(tracer, context),
            tracer: tracer.clone(),
        })))
    }

    /// Whether there is one.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Where it stands in its trace, for whoever is asked to go on with it.
    pub fn context(&self) -> Option<TraceContext> {
        let context = self.0.as_ref()?.span.span_context();
        let is_sampled = context.is_sampled();
        let (trace, span) = (context.trace_id(), context.span_id());
        TraceContext::new(trace.to_bytes(), span.to_bytes(), is_sampled)
    }

    /// Begins a part of it.
    pub fn begins(&self, name: &'static str, kind: Kind) -> Self {
        let Some(recording) = &self.0 else {
            return Self::default();
        };
        let own = recording.span.span_context().clone();
        let context = Context::new().with_remote_span_context(own);
        Self::start(&recording.tracer, name, kind, &context)
    }

    /// Notes a number.
    pub fn counts(&mut self, name: &'static str, number: i64) {
        self.notes(|| KeyValue::new(name, number));
    }

    /// Notes an id.
    pub fn identifies(&mut self, name: &'static str, id: Uuid) {
        self.notes(|| KeyValue::new(name, id.to_string()));
    }

    /// Notes one of a few words that this program knows.
    pub fn says(&mut self, name: &'static str, word: &'static str) {
        self.notes(|| KeyValue::new(name, word));
    }

    /// Notes that it did not succeed, and the code of the problem.
    pub fn fails(&mut self, code: &'static str) {
        self.says(attribute::ERROR, code);
        if let Some(recording) = &mut self.0 {
            recording.span.set_status(Status::error(code));
        }
    }

    /// Names a request after its route, which is known behind the router alone.
    pub fn takes_route(&mut self, method: &'static str, route: &str) {
        if let Some(recording) = &mut self.0 {
            recording.span.update_name(format!("{method} {route}"));
            let route = KeyValue::new(attribute::ROUTE, route.to_owned());
            recording.span.set_attribute(route);
        }
    }

    fn notes(&mut self, attribute: impl FnOnce() -> KeyValue) {
        if let Some(recording) = &mut self.0 {
            recording.span.set_attribute(attribute());
        }
    }
}

fn span_context(context: &TraceContext) -> SpanContext {
    let flags = TraceFlags::default().with_sampled(context.is_sampled());
    SpanContext::new(
        TraceId::from_bytes(context.trace()),
        SpanId::from_bytes(context.span()),
        flags,
        true,
        TraceState::default(),
    )
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider};

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn recorded(work: impl FnOnce(&Tracer)) -> Vec<opentelemetry_sdk::trace::SpanData> {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .build();
        work(&Tracer::new(provider.tracer("test")));
        exporter.get_finished_spans().expect("no panic")
    }

    #[test]
    fn a_trace_that_somebody_began_goes_on_from_span_to_span() {
        let parent = TraceContext::parse(PARENT).expect("good");
        let spans = recorded(|tracer| {
            let mut outer = tracer.begins("outer", Kind::Server, Some(parent));
            outer.counts(attribute::SEQ, 7);
            let inner = outer.begins("inner", Kind::Internal);
            assert_eq!(inner.context().expect("on").trace(), parent.trace());
        });
        let [inner, outer] = spans.as_slice() else {
            panic!("two spans, not {spans:?}");
        };
        assert_eq!(outer.parent_span_id.to_bytes(), parent.span());
        assert_eq!(inner.parent_span_id, outer.span_context.span_id());
        assert_eq!(outer.attributes, [KeyValue::new(attribute::SEQ, 7)]);
    }

    #[test]
    fn what_its_sender_does_not_record_is_passed_on_and_not_recorded() {
        let parent = PARENT.replace("-01", "-00");
        let parent = TraceContext::parse(&parent).expect("good");
        let spans = recorded(|tracer| {
            let span = tracer.begins("outer", Kind::Server, Some(parent));
            let context = span.context().expect("on");
            assert_eq!(
                (context.trace(), context.is_sampled()),
                (parent.trace(), false)
            );
        });
        assert!(spans.is_empty(), "{spans:?}");
    }

    #[test]
    fn only_who_begins_makes_a_new_trace() {
        let spans = recorded(|tracer| {
            assert!(!tracer.goes_on("heard", Kind::Consumer, None).is_on());
            assert!(tracer.begins("asked", Kind::Server, None).is_on());
        });
        assert_eq!(spans.len(), 1);
    }

    #[test]
    fn a_tracer_that_is_off_makes_nothing() {
        let parent = TraceContext::parse(PARENT);
        let span = Tracer::default().begins("asked", Kind::Server, parent);
        assert!(!span.is_on() && !span.begins("part", Kind::Internal).is_on());
        assert_eq!(span.context(), None);
    }
}
