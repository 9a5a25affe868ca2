//! What a session has its driver do, and what it writes.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::encoder::Encoder;
use crate::heartbeat::Pulse;
use crate::ticket::{Bond, Tickets};
use crate::violation::Violation;
use crate::{Action, Command, Message, Version, message};

/// The actions that wait for the driver, and what is decided by what was written: heart-beats and
/// the tickets that are out.
pub(crate) struct Outbox {
    actions: VecDeque<Action>,
    /// The time of the input that is being handled.
    pub(crate) now: Instant,
    pub(crate) pulse: Pulse,
    pub(crate) tickets: Tickets,
    /// The version in which frames are written.
    pub(crate) version: Version,
}

/// What an ERROR says.
pub(crate) struct ErrorFrame<'a> {
    pub(crate) message: &'a str,
    pub(crate) body: &'a str,
    pub(crate) receipt: Option<&'a str>,
    pub(crate) supported_versions: Option<&'a str>,
}

impl Outbox {
    pub(crate) fn new(version: Version, now: Instant) -> Self {
        Self {
            actions: VecDeque::new(),
            now,
            pulse: Pulse::silent(now),
            tickets: Tickets::default(),
            version,
        }
    }

    pub(crate) fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    /// Takes the next action; an empty outbox keeps no heap.
    pub(crate) fn pop(&mut self) -> Option<Action> {
        let action = self.actions.pop_front();
        if self.actions.is_empty() && self.actions.capacity() > 0 {
            self.actions = VecDeque::new();
        }
        action
    }

    /// Takes a ticket back, and answers the COMMIT that waited for it.
    pub(crate) fn redeem(&mut self, bond: Bond, was_settled: bool) {
        if let Some(receipt) = self.tickets.redeem(bond, was_settled) {
            self.write_receipt(&receipt, &[]);
        }
    }

    pub(crate) fn write_heartbeat(&mut self) {
        self.transmit(Bytes::from_static(b"\n"));
    }

    pub(crate) fn write_receipt(&mut self, receipt: &str, headers: &[(&str, &str)]) {
        self.write(Command::Receipt, |encoder| {
            encoder.header("receipt-id", receipt);
            for (name, value) in headers {
                encoder.header(name, value);
            }
            encoder.finish();
        });
    }

    pub(crate) fn write_message(
        &mut self,
        subscription: &str,
        ack: Option<u64>,
        message: &Message<'_>,
    ) {
        let mut frame = BytesMut::new();
        message::encode(self.version, subscription, ack, message, &mut frame);
        self.transmit(frame.freeze());
    }

    pub(crate) fn write_error(&mut self, error: &ErrorFrame<'_>) {
        self.write(Command::Error, |encoder| {
            encoder.header("message", error.message);
            if let Some(receipt) = error.receipt {
                encoder.header("receipt-id", receipt);
            }
            if let Some(versions) = error.supported_versions {
                encoder.header("version", versions);
            }
            encoder.header("content-type", "text/plain");
            encoder.finish_with_body(error.body.as_bytes());
        });
    }

    /// Writes one frame; `write` must finish it.
    pub(crate) fn write(&mut self, command: Command, write: impl FnOnce(&mut Encoder<'_>)) {
        let mut frame = BytesMut::new();
        write(&mut Encoder::begin(&mut frame, command, self.version));
        self.transmit(frame.freeze());
    }

    fn transmit(&mut self, bytes: Bytes) {
        self.pulse.sent(self.now);
        self.push(Action::Transmit(bytes));
    }
}

impl<'a> ErrorFrame<'a> {
    /// The ERROR for a breach, whose text is `body`.
    pub(crate) fn of(violation: Violation, body: &'a str, receipt: Option<&'a str>) -> Self {
        Self {
            message: violation.message(),
            body,
            receipt,
            supported_versions: (violation == Violation::UnsupportedVersion)
                .then_some(Version::SUPPORTED),
        }
    }
}
