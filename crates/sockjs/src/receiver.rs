//! Who listens to a session.

use std::time::Instant;

use bytes::Bytes;

use crate::{Close, Frame, Transport};

/// A response (or WebSocket) on which a client listens to a session.
///
/// [`Session::attach`](crate::Session::attach) makes it,
/// [`Session::poll_transmit`](crate::Session::poll_transmit) gives what is to be written, and
/// [`Session::detach`](crate::Session::detach) takes it back when the response is no more.
/// It belongs to the session that made it and is of no use with another.
#[derive(Debug)]
#[must_use = "give it back with Session::detach, or the session waits for it"]
pub struct Receiver {
    transport: Transport,
    prelude_due: bool,
    sent_bytes: usize,
    is_full: bool,
    state: State,
}

/// What to do for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Write these bytes now, in a chunk or WebSocket message of their own, then ask again.
    Chunk(Bytes),
    /// Ask again when something has happened to the session, at the latest at this time.
    Wait(Instant),
    /// End the response or close the WebSocket: nothing follows.
    End,
}

#[derive(Debug)]
enum State {
    /// The session speaks to it under this number.
    Served(u64),
    /// The session turned it away; it hears why.
    Dismissed(Close),
    /// All is said.
    Finished,
}

impl Receiver {
    pub(crate) fn served(number: u64, transport: Transport) -> Self {
        Self::new(transport, State::Served(number))
    }

    pub(crate) fn dismissed(transport: Transport, close: Close) -> Self {
        Self::new(transport, State::Dismissed(close))
    }

    fn new(transport: Transport, state: State) -> Self {
        Self {
            transport,
            prelude_due: true,
            sent_bytes: 0,
            is_full: false,
            state,
        }
    }

    /// How it listens.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The number under which the session serves it, while it does.
    pub(crate) fn number(&self) -> Option<u64> {
        match self.state {
            State::Served(number) => Some(number),
            State::Dismissed(_) | State::Finished => None,
        }
    }

    /// What is to be written whatever the session has to say: the prelude, and to a receiver
    /// that was turned away, the reason.
    pub(crate) fn own_chunk(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.prelude_due)
            && let Some(prelude) = self.transport.prelude()
        {
            return Some(prelude);
        }
        if let State::Dismissed(close) = &self.state {
            let chunk = self.transport.wrap(Frame::close(close));
            self.state = State::Finished;
            return Some(chunk);
        }
        None
    }

    /// The bytes that carry the frame on this response.
    pub(crate) fn wrap(&mut self, frame: Frame, is_last: bool, response_bytes_max: usize) -> Bytes {
        let chunk = self.transport.wrap(frame);
        self.sent_bytes += chunk.len();
        self.is_full = is_last
            || self
                .transport
                .is_complete(self.sent_bytes, response_bytes_max);
        chunk
    }

    /// Whether nothing is to follow but the end.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    pub(crate) fn finish(&mut self) {
        self.state = State::Finished;
    }
}
