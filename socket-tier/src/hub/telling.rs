//! How an event is told to the listeners of this instance, as far as somebody traces it.

use tokio_tungstenite::tungstenite::Utf8Bytes;
use trace_context::TraceContext;
use traces::{Kind, Span, attribute};

use crate::limits::TRACED_DELIVERIES_MAX;
use crate::outbox::Delivery;
use crate::span;

/// From the moment in which an event was heard until all who listen are told.
#[derive(Default)]
pub(crate) struct Telling {
    span: Span,
    told: usize,
}

impl Telling {
    /// Tells within this span.
    pub(crate) fn new(span: Span) -> Self {
        Self { span, told: 0 }
    }

    /// Whether somebody traces it.
    pub(super) fn is_traced(&self) -> bool {
        self.span.is_on()
    }

    /// The trace that whoever hears it can go on with: the same for all, as they share the bytes.
    pub(super) fn trace(&self) -> Option<TraceContext> {
        self.span.context()
    }

    /// A frame for one more listener. Only the first few are traced by themselves.
    pub(super) fn delivery(&mut self, frame: Utf8Bytes) -> Delivery {
        self.told += 1;
        if !self.is_traced() || self.told > TRACED_DELIVERIES_MAX {
            return Delivery::Frame(frame);
        }
        let span = self.span.begins(span::DELIVER, Kind::Internal);
        Delivery::Traced(Box::new((frame, span)))
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.span.counts(attribute::LISTENERS, self.told as i64);
    }
}
