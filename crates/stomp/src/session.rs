//! The state machine of one connection.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::connected::{Connected, Errand};
use crate::heartbeat::Pulse;
use crate::outbox::{ErrorFrame, Outbox};
use crate::ticket::Bond;
use crate::violation::Violation;
use crate::{
    Action, Admission, CloseReason, Command, Credentials, Decoder, Delivered, Frame, Headers,
    Heartbeat, Limits, Message, Ticket, Version,
};

/// One STOMP session, seen from the server.
///
/// Its driver calls one method for each thing that happens, then [`poll_action`](Self::poll_action)
/// until there is no action left, then waits until something happens or
/// [`poll_timeout`](Self::poll_timeout) is due. After [`Action::Close`] every call is without effect.
///
/// An idle session owns no heap beyond its subscriptions.
///
/// ```text
///                 CONNECT                 admit             DISCONNECT
/// AwaitingConnect ───────▶ Authenticating ─────▶ Connected ───────────▶ Disconnecting
///       │ too late              │ refuse             │ breach, silence       │ last ticket
///       └───────────────────────┴────────────────────┴───────────────────────┴──▶ Closed
/// ```
pub struct Session {
    state: State,
    decoder: Decoder,
    outbox: Outbox,
}

enum State {
    AwaitingConnect {
        offered: Heartbeat,
        deadline: Instant,
    },
    /// What comes meanwhile waits in the decoder.
    Authenticating {
        offered: Heartbeat,
        wished: Heartbeat,
        receipt: Option<Box<str>>,
    },
    Connected(Connected),
    /// DISCONNECT came; its receipt is due once every ticket is back.
    Disconnecting {
        receipt: Option<Box<str>>,
    },
    Closed,
}

impl Session {
    /// A session on a socket that was opened at `now`, whose server offers these heart-beats.
    ///
    /// An offer faster than [`HEARTBEAT_MS_MIN`](crate::HEARTBEAT_MS_MIN) is slowed to it.
    pub fn new(limits: Arc<Limits>, offered: Heartbeat, now: Instant) -> Self {
        let deadline = now + limits.connect_timeout;
        let decoder = Decoder::new(limits);
        let outbox = Outbox::new(decoder.version(), now);
        Self {
            state: State::AwaitingConnect {
                offered: offered.clamped(),
                deadline,
            },
            decoder,
            outbox,
        }
    }

    /// The socket brought these bytes: any piece of the stream, of any size.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Instant) {
        if bytes.is_empty() {
            return;
        }
        self.outbox.now = now;
        self.outbox.pulse.heard(now);
        self.decoder.push(bytes);
        self.read_frames();
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come; at any other, without effect.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.outbox.now = now;
        let is_past = |time: Instant| now >= time;
        let pulse = &self.outbox.pulse;
        match self.state {
            State::AwaitingConnect { deadline, .. } if is_past(deadline) => {
                self.breach(Violation::connect_timeout(self.decoder.limits()), None);
            }
            State::Connected(_) | State::Disconnecting { .. } => {
                if pulse.gone_at().is_some_and(is_past) {
                    self.breach(Violation::HeartbeatMissed, None);
                } else if pulse.beat_at().is_some_and(is_past) {
                    self.outbox.write_heartbeat();
                }
            }
            State::AwaitingConnect { .. } | State::Authenticating { .. } | State::Closed => {}
        }
    }

    /// Lets the client in: answers [`Action::Authenticate`]. Without effect in any other state.
    pub fn admit(&mut self, admission: Admission<'_>, now: Instant) {
        let State::Authenticating {
            offered, wished, ..
        } = self.state
        else {
            return;
        };
        self.outbox.now = now;
        self.outbox.pulse = Pulse::agree(offered, wished, now);
        self.state = State::Connected(Connected::default());
        let version = self.version();
        self.outbox.write(Command::Connected, |encoder| {
            encoder.header("version", version.as_str());
            if version > Version::V1_0 {
                encoder.plain_header("heart-beat", offered);
            }
            encoder.header("session", admission.session);
            encoder.header("server", admission.server);
            if let Some(user_name) = admission.user_name {
                encoder.header("user-name", user_name);
            }
            encoder.finish();
        });
        self.read_frames();
    }

    /// Turns the client away, now or later: ERROR, then [`CloseReason::Refused`].
    pub fn refuse(&mut self, message: &str, body: &str, now: Instant) {
        self.outbox.now = now;
        let receipt = match &mut self.state {
            State::Authenticating { receipt, .. } => receipt.take(),
            _ => None,
        };
        let error = ErrorFrame {
            message,
            body,
            receipt: receipt.as_deref(),
            supported_versions: None,
        };
        self.end_with_error(&error, CloseReason::Refused);
    }

    /// A frame was processed: the RECEIPT, if it asked for one, has these further headers.
    pub fn settle(&mut self, ticket: Ticket, headers: &[(&str, &str)], now: Instant) {
        if self.is_closed() {
            return;
        }
        self.outbox.now = now;
        let (receipt, bond) = ticket.into_parts();
        if let Some(receipt) = receipt {
            self.outbox.write_receipt(&receipt, headers);
        }
        self.outbox.redeem(bond, true);
        self.close_if_all_is_settled();
    }

    /// A frame was refused in a way that the application tells its client itself: there is no
    /// RECEIPT, also none for the COMMIT that brought the frame, and a SUBSCRIBE is undone.
    pub fn decline(&mut self, ticket: Ticket) {
        if self.is_closed() {
            return;
        }
        let (_, bond) = ticket.into_parts();
        if let (Bond::Subscription(serial), State::Connected(connected)) = (bond, &mut self.state) {
            connected.undo_subscribe(serial);
        }
        self.outbox.redeem(bond, false);
        self.close_if_all_is_settled();
    }

    /// A frame cannot be processed: ERROR with its `receipt-id`, then [`CloseReason::Protocol`].
    pub fn fail(&mut self, ticket: Ticket, message: &str, body: &str, now: Instant) {
        self.outbox.now = now;
        let error = ErrorFrame {
            message,
            body,
            receipt: ticket.receipt(),
            supported_versions: None,
        };
        self.end_with_error(&error, CloseReason::Protocol);
    }

    /// The application ends a subscription by itself: nothing more is delivered to it, and its id
    /// is free again. A later UNSUBSCRIBE of it is no error.
    pub fn end_subscription(&mut self, subscription: &str) {
        if let State::Connected(connected) = &mut self.state {
            connected.end_subscription(subscription);
        }
    }

    /// Sends a message to a subscription of whatever ack mode.
    pub fn deliver(
        &mut self,
        subscription: &str,
        message: &Message<'_>,
        now: Instant,
    ) -> Delivered {
        let State::Connected(connected) = &mut self.state else {
            return Delivered::Gone;
        };
        self.outbox.now = now;
        connected.deliver(
            subscription,
            message,
            self.decoder.limits(),
            &mut self.outbox,
        )
    }

    /// The driver itself wrote bytes that many sessions share: no heart-beat is due for a while.
    pub fn transmitted(&mut self, now: Instant) {
        self.outbox.pulse.sent(now);
    }

    /// The server goes away: [`CloseReason::GoingAway`] follows what is already to be done.
    pub fn shut_down(&mut self) {
        if !self.is_closed() {
            self.close(CloseReason::GoingAway);
        }
    }

    /// The next thing to be done, if any.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.outbox.pop()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, unless something
    /// happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::AwaitingConnect { deadline, .. } => Some(deadline),
            State::Connected(_) | State::Disconnecting { .. } => {
                let pulse = &self.outbox.pulse;
                [pulse.beat_at(), pulse.gone_at()]
                    .into_iter()
                    .flatten()
                    .min()
            }
            State::Authenticating { .. } | State::Closed => None,
        }
    }

    /// The version in use: 1.2 until CONNECT has named the client's.
    pub fn version(&self) -> Version {
        self.outbox.version
    }

    /// Whether the client is let in and has not left.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(_))
    }

    /// How many frames await the application's answer.
    pub fn outstanding(&self) -> usize {
        self.outbox.tickets.outstanding()
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn read_frames(&mut self) {
        while matches!(
            self.state,
            State::AwaitingConnect { .. } | State::Connected(_)
        ) {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => self.handle_frame(frame),
                Ok(None) => return,
                Err(error) => self.breach(error.fault.into(), error.receipt),
            }
        }
        let max = self.decoder.limits().pipelined_bytes_max();
        if self.decoder.buffered() > max {
            self.breach(Violation::PipelinedTooMuch { max }, None);
        }
    }

    fn handle_frame(&mut self, frame: Frame) {
        let receipt = frame.headers.get("receipt").map(Box::from);
        match &mut self.state {
            State::AwaitingConnect { offered, .. } => {
                let offered = *offered;
                self.connect(&frame, offered, receipt);
            }
            State::Connected(_) if frame.command == Command::Disconnect => self.disconnect(receipt),
            State::Connected(connected) => {
                let mut errand = Errand {
                    receipt,
                    limits: self.decoder.limits(),
                    outbox: &mut self.outbox,
                };
                if let Err(violation) = connected.obey(frame, &mut errand) {
                    let receipt = errand.receipt;
                    self.breach(violation, receipt);
                }
            }
            State::Authenticating { .. } | State::Disconnecting { .. } | State::Closed => {}
        }
    }

    fn connect(&mut self, frame: &Frame, offered: Heartbeat, receipt: Option<Box<str>>) {
        let (version, wished) = match parse_connect(frame.command, &frame.headers) {
            Ok(agreed) => agreed,
            Err(violation) => return self.breach(violation, receipt),
        };
        self.decoder.set_version(version);
        self.outbox.version = version;
        self.state = State::Authenticating {
            offered,
            wished,
            receipt,
        };
        let credentials = Credentials::of(&frame.headers, version);
        self.outbox.push(Action::Authenticate(credentials));
    }

    /// Ends open transactions and subscriptions, and reads nothing more: clients must send nothing
    /// after DISCONNECT (STOMP 1.2, "DISCONNECT").
    fn disconnect(&mut self, receipt: Option<Box<str>>) {
        self.decoder.discard();
        self.outbox.pulse.expect_nothing();
        self.state = State::Disconnecting { receipt };
        self.close_if_all_is_settled();
    }

    fn close_if_all_is_settled(&mut self) {
        let State::Disconnecting { receipt } = &mut self.state else {
            return;
        };
        if self.outbox.tickets.outstanding() > 0 {
            return;
        }
        if let Some(receipt) = receipt.take() {
            self.outbox.write_receipt(&receipt, &[]);
        }
        self.close(CloseReason::Disconnected);
    }

    fn breach(&mut self, violation: Violation, receipt: Option<Box<str>>) {
        let body = violation.to_string();
        let error = ErrorFrame::of(violation, &body, receipt.as_deref());
        self.end_with_error(&error, violation.close_reason());
    }

    fn end_with_error(&mut self, error: &ErrorFrame<'_>, reason: CloseReason) {
        if !self.is_closed() {
            self.outbox.write_error(error);
            self.close(reason);
        }
    }

    fn close(&mut self, reason: CloseReason) {
        self.decoder.discard();
        self.state = State::Closed;
        self.outbox.push(Action::Close(reason));
    }
}

/// What CONNECT asks for: the version to speak and the heart-beats it wishes.
fn parse_connect(command: Command, headers: &Headers) -> Result<(Version, Heartbeat), Violation> {
    if !matches!(command, Command::Connect | Command::Stomp) {
        return Err(Violation::NotConnected);
    }
    let version =
        Version::negotiate(headers.get("accept-version")).ok_or(Violation::UnsupportedVersion)?;
    let wished = match headers.get("heart-beat") {
        Some(header) if version > Version::V1_0 => {
            Heartbeat::parse(header).ok_or(Violation::MalformedHeartbeat)?
        }
        _ => Heartbeat::NONE,
    };
    Ok((version, wished))
}

/// Shows where the session stands and nothing that was said.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::AwaitingConnect { .. } => "AwaitingConnect",
            State::Authenticating { .. } => "Authenticating",
            State::Connected(_) => "Connected",
            State::Disconnecting { .. } => "Disconnecting",
            State::Closed => "Closed",
        };
        f.debug_struct("Session")
            .field("state", &state)
            .field("version", &self.version())
            .field("outstanding", &self.outstanding())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_said_does_not_show_in_debug_output() {
        let now = epoch();
        let mut session = Session::new(Arc::default(), Heartbeat::default(), now);
        session.handle_bytes(b"CONNECT\npasscode:s3cret", now);
        let shown = format!("{session:?} {:?}", session.decoder);
        assert!(shown.contains("AwaitingConnect"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_session_is_small() {
        let bytes = size_of::<Session>();
        assert!(bytes <= 400, "{bytes} bytes");
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can be got nowhere else, and its value is never looked at"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }
}
