//! The life of a session.

use std::time::Instant;

use crate::inbox::Inbox;
use crate::outbox::Outbox;
use crate::{Close, Frame, Quoted, Receiver, Settings, Transmit, Transport};

/// One conversation between a client and the application, over as many responses as it takes.
///
/// ```text
///            a receiver hears `o`          closed, interrupted, too slow
/// (opening) ──────────────────────▶ open ───────────────────────────────▶ closed ──┐ disconnect
///      │                              │                                            │ delay
///      └──────────────────────────────┴──────────── no receiver for so long ───────┴──▶ gone
/// ```
///
/// One receiver at a time listens. Between two receivers messages wait, bounded. After any call
/// the receiver that waits is to be asked again with [`poll_transmit`](Self::poll_transmit).
pub struct Session {
    settings: Settings,
    state: State,
    /// The first frame, `o`, is still to be sent.
    greeting_due: bool,
    listening: Listening,
    receivers: u64,
    outbox: Outbox,
    inbox: Inbox,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The application and the client can talk.
    Open,
    /// It is over for the application. The session is kept so that the client hears why.
    Closed,
    /// It is to be forgotten: a request with its id begins a new session.
    Gone,
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The session is closed or gone.
    #[error("the session is closed")]
    Closed,
    /// The client takes too little: the session has just been closed with
    /// [`Close::SLOW_CONSUMER`] and what waited is dropped.
    #[error("more waits for the client than it may")]
    OutboxFull,
}

/// Why messages of a client were not taken.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// The session is closed or gone: to the client it does not exist.
    #[error("the session is closed")]
    Closed,
    /// The application is behind. None was taken: here they are, to be offered again when it has
    /// caught up. Until then the client's request should stay unanswered, which holds it back.
    #[error("more waits for the application than may")]
    InboxFull(Vec<String>),
}

enum State {
    Open,
    Closed { close: Close, until: Instant },
    Gone,
}

enum Listening {
    Absent {
        until: Instant,
    },
    Present {
        receiver: u64,
        heartbeat_at: Instant,
    },
}

impl Session {
    /// A session that nobody has listened to yet. It waits for its first receiver as long as for
    /// any other.
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            settings,
            state: State::Open,
            greeting_due: true,
            listening: Listening::Absent {
                until: now + settings.disconnect_delay,
            },
            receivers: 0,
            outbox: Outbox::default(),
            inbox: Inbox::default(),
        }
    }

    // The client listens.

    /// A client begins to listen.
    ///
    /// Where another receiver still listens, the new one hears a close frame and ends, and the
    /// session takes no notice of it. The reason is the session's own where it has one.
    pub fn attach(&mut self, transport: Transport, now: Instant) -> Receiver {
        self.handle_timeout(now);
        let refusal = match (&self.state, &self.listening) {
            (State::Gone, _) => Some(Close::INTERRUPTED),
            (State::Open, Listening::Present { .. }) => Some(Close::ANOTHER_CONNECTION),
            (State::Closed { close, .. }, Listening::Present { .. }) => Some(close.clone()),
            (State::Open | State::Closed { .. }, Listening::Absent { .. }) => None,
        };
        if let Some(close) = refusal {
            return Receiver::dismissed(transport, close);
        }
        self.receivers += 1;
        self.listening = Listening::Present {
            receiver: self.receivers,
            heartbeat_at: now + self.settings.heartbeat_delay,
        };
        Receiver::served(self.receivers, transport)
    }

    /// What is to be done for a receiver now. To be asked whenever the response can take more,
    /// so that what a slow client does not take waits here, where it is bounded.
    pub fn poll_transmit(&mut self, receiver: &mut Receiver, now: Instant) -> Transmit {
        self.handle_timeout(now);
        if let Some(chunk) = receiver.own_chunk() {
            return Transmit::Chunk(chunk);
        }
        let Some(heartbeat_at) = self.heartbeat_of(receiver) else {
            receiver.finish();
            return Transmit::End;
        };
        if receiver.is_full() {
            self.release(receiver, now);
            return Transmit::End;
        }
        let (frame, is_last) = match self.next_frame() {
            Some(next) => next,
            None if now >= heartbeat_at => (Frame::heartbeat(), false),
            None => return Transmit::Wait(heartbeat_at),
        };
        if let Listening::Present { heartbeat_at, .. } = &mut self.listening {
            *heartbeat_at = now + self.settings.heartbeat_delay;
        }
        let bytes_max = self.settings.response_bytes_max;
        Transmit::Chunk(receiver.wrap(frame, is_last, bytes_max))
    }

    /// A response is no more. After [`Transmit::End`] this changes nothing. Before it, even if
    /// only the end is missing, the client was cut off and messages may be lost on the way, so
    /// the session is closed with [`Close::INTERRUPTED`].
    pub fn detach(&mut self, mut receiver: Receiver, now: Instant) {
        if self.heartbeat_of(&receiver).is_none() {
            return;
        }
        self.release(&mut receiver, now);
        self.end(Close::INTERRUPTED, now);
        // Whoever asks next must hear of the interruption and not, before it, half of the rest.
        self.outbox.clear();
        self.greeting_due = false;
    }

    // The client speaks.

    /// Takes messages of the client, all or none.
    ///
    /// # Errors
    /// See [`ReceiveError`].
    pub fn receive(&mut self, messages: Vec<String>) -> Result<(), ReceiveError> {
        let State::Open = self.state else {
            return Err(ReceiveError::Closed);
        };
        self.inbox
            .push(messages, self.settings.inbox_bytes_max)
            .map_err(ReceiveError::InboxFull)
    }

    /// The client's next message for the application. What was taken before an interruption is
    /// still given after it.
    pub fn poll_message(&mut self) -> Option<String> {
        self.inbox.pop()
    }

    // The application speaks.

    /// Sends a message to the client.
    ///
    /// # Errors
    /// See [`SendError`]. The message is not sent.
    pub fn send(&mut self, message: Quoted, now: Instant) -> Result<(), SendError> {
        let State::Open = self.state else {
            return Err(SendError::Closed);
        };
        let bytes_max = self.settings.outbox_bytes_max;
        if self.outbox.push(message, bytes_max).is_err() {
            self.outbox.clear();
            self.end(Close::SLOW_CONSUMER, now);
            return Err(SendError::OutboxFull);
        }
        Ok(())
    }

    /// Whether [`send`](Self::send) would take the message, were the session open. It takes any
    /// single one that is within the bound by itself once nothing else waits.
    pub fn has_room(&self, message: &Quoted) -> bool {
        let bytes_max = self.settings.outbox_bytes_max;
        self.outbox.has_room(message, bytes_max)
    }

    /// Whether nothing waits for the client.
    pub fn is_drained(&self) -> bool {
        self.outbox.bytes() == 0
    }

    /// Bytes that wait for the client, of at most [`Settings::outbox_bytes_max`].
    pub fn outbox_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Ends the session. The client gets what waits for it and then the reason, and hears the
    /// reason again whenever it asks within the disconnect delay. What it said and the
    /// application did not take is dropped. The first reason stays.
    pub fn close(&mut self, close: Close, now: Instant) {
        if let State::Open = self.state {
            self.inbox.clear();
            self.end(close, now);
        }
    }

    // Time passes.

    /// Lets time have its effect: a session that waited too long is gone.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|at| now >= at) {
            self.vanish();
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called. It changes with every
    /// call; heart-beats are not in it but in [`Transmit::Wait`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (&self.state, &self.listening) {
            (State::Open, Listening::Present { .. }) | (State::Gone, _) => None,
            (State::Open, Listening::Absent { until }) | (State::Closed { until, .. }, _) => {
                Some(*until)
            }
        }
    }

    /// How far the session is.
    pub fn status(&self) -> Status {
        match self.state {
            State::Open => Status::Open,
            State::Closed { .. } => Status::Closed,
            State::Gone => Status::Gone,
        }
    }

    /// When this receiver is due a heart-beat; `None` where it is not the one that is served.
    fn heartbeat_of(&self, receiver: &Receiver) -> Option<Instant> {
        match (&self.state, &self.listening) {
            (State::Gone, _) | (_, Listening::Absent { .. }) => None,
            (
                _,
                Listening::Present {
                    receiver: served,
                    heartbeat_at,
                },
            ) => (receiver.number() == Some(*served)).then_some(*heartbeat_at),
        }
    }

    /// The next frame that has to be sent, and whether it is the last one of all.
    fn next_frame(&mut self) -> Option<(Frame, bool)> {
        if std::mem::take(&mut self.greeting_due) {
            return Some((Frame::open(), false));
        }
        if let Some(frame) = self.outbox.next_frame(self.settings.frame_bytes_max) {
            return Some((frame, false));
        }
        match &self.state {
            State::Closed { close, .. } => Some((Frame::close(close), true)),
            State::Open | State::Gone => None,
        }
    }

    /// Lets go of the receiver that is served. A WebSocket takes its session with it.
    fn release(&mut self, receiver: &mut Receiver, now: Instant) {
        receiver.finish();
        self.listening = Listening::Absent {
            until: now + self.settings.disconnect_delay,
        };
        if *receiver.transport() == Transport::WebSocket {
            self.vanish();
        }
    }

    fn end(&mut self, close: Close, now: Instant) {
        if let State::Open = self.state {
            let until = now + self.settings.disconnect_delay;
            self.state = State::Closed { close, until };
        }
    }

    fn vanish(&mut self) {
        self.state = State::Gone;
        self.outbox.clear();
    }
}

/// Says what happened and how much, but never what the client said.
impl std::fmt::Debug for ReceiveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("Closed"),
            Self::InboxFull(messages) => write!(f, "InboxFull({} messages)", messages.len()),
        }
    }
}
