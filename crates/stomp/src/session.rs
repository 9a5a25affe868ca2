//! The state machine of one connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::encoder::Encoder;
use crate::heartbeat::Pulse;
use crate::message;
use crate::subscriptions::{Acknowledged, Slot, Subscriptions};
use crate::ticket::{Bond, Tickets};
use crate::transactions::{Deed, Step, Transactions};
use crate::violation::Violation;
use crate::{
    AckMode, Action, Admission, CloseReason, Command, Credentials, Decoder, Delivered, Frame,
    Headers, Heartbeat, Limits, Message, Ticket, Version,
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
///                 CONNECT                 admit
/// AwaitingConnect ───────▶ Authenticating ─────▶ Connected ──▶ Disconnecting
///       │ too late              │ refuse             │ breach       │ last ticket
///       └───────────────────────┴────────────────────┴──────────────┴──▶ Closed
/// ```
#[derive(Debug)]
pub struct Session {
    state: State,
    decoder: Decoder,
    pulse: Pulse,
    tickets: Tickets,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
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
    Connected {
        subscriptions: Subscriptions,
        transactions: Transactions,
    },
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
        Self {
            state: State::AwaitingConnect {
                offered: offered.clamped(),
                deadline,
            },
            decoder: Decoder::new(limits),
            pulse: Pulse::silent(now),
            tickets: Tickets::default(),
            actions: VecDeque::new(),
        }
    }

    /// The socket brought these bytes: any piece of the stream, of any size.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Instant) {
        if bytes.is_empty() || matches!(self.state, State::Disconnecting { .. } | State::Closed) {
            return;
        }
        self.pulse.heard(now);
        self.decoder.push(bytes);
        self.read_frames(now);
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come, or any other.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::AwaitingConnect { deadline, .. } => {
                if now >= deadline {
                    let violation = Violation::connect_timeout(self.decoder.limits());
                    self.breach(violation, None, now);
                }
            }
            State::Connected { .. } | State::Disconnecting { .. } => {
                if self.pulse.gone_at().is_some_and(|gone| now >= gone) {
                    self.breach(Violation::HeartbeatMissed, None, now);
                } else if self.pulse.beat_at().is_some_and(|beat| now >= beat) {
                    self.transmit(Bytes::from_static(b"\n"), now);
                }
            }
            State::Authenticating { .. } | State::Closed => {}
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
        let version = self.version();
        self.pulse = Pulse::agree(offered, wished, now);
        self.state = State::Connected {
            subscriptions: Subscriptions::default(),
            transactions: Transactions::default(),
        };
        self.write(Command::Connected, now, |encoder| {
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
        self.read_frames(now);
    }

    /// Turns the client away, now or later: ERROR, then [`CloseReason::Refused`].
    pub fn refuse(&mut self, message: &str, body: &str, now: Instant) {
        let receipt = match &mut self.state {
            State::Authenticating { receipt, .. } => receipt.take(),
            _ => None,
        };
        let error = ErrorFrame {
            message,
            body,
            receipt: receipt.as_deref(),
            versions: None,
        };
        self.end_with_error(&error, CloseReason::Refused, now);
    }

    /// A frame was processed: the RECEIPT, if it asked for one, has these further headers.
    pub fn settle(&mut self, ticket: Ticket, headers: &[(&str, &str)], now: Instant) {
        if self.is_closed() {
            return;
        }
        let (receipt, bond) = ticket.into_parts();
        if let Some(receipt) = receipt {
            self.write_receipt(&receipt, headers, now);
        }
        self.redeem(bond, true, now);
    }

    /// A frame was refused in a way that the application tells its client itself: there is no
    /// RECEIPT, also none for the COMMIT that brought the frame, and a SUBSCRIBE is undone.
    pub fn decline(&mut self, ticket: Ticket, now: Instant) {
        if self.is_closed() {
            return;
        }
        let (_, bond) = ticket.into_parts();
        if let (Bond::Subscription(serial), State::Connected { subscriptions, .. }) =
            (bond, &mut self.state)
        {
            subscriptions.remove_serial(serial);
        }
        self.redeem(bond, false, now);
    }

    /// A frame cannot be processed: ERROR with its `receipt-id`, then [`CloseReason::Protocol`].
    pub fn fail(&mut self, ticket: Ticket, message: &str, body: &str, now: Instant) {
        let error = ErrorFrame {
            message,
            body,
            receipt: ticket.receipt(),
            versions: None,
        };
        self.end_with_error(&error, CloseReason::Protocol, now);
    }

    /// Sends a message to a subscription, of whatever ack mode.
    pub fn deliver(
        &mut self,
        subscription: &str,
        message: &Message<'_>,
        now: Instant,
    ) -> Delivered {
        let version = self.version();
        let State::Connected { subscriptions, .. } = &mut self.state else {
            return Delivered::Gone;
        };
        let limits = self.decoder.limits();
        let ack = match subscriptions.slot(subscription, message.message_id, version, limits) {
            Slot::None => return Delivered::Gone,
            Slot::Full => return Delivered::Held,
            Slot::Numbered(number) if version == Version::V1_2 => Some(number),
            Slot::Numbered(_) | Slot::Free => None,
        };
        let mut frame = BytesMut::new();
        message::encode(version, subscription, ack, message, &mut frame);
        self.transmit(frame.freeze(), now);
        Delivered::Sent
    }

    /// The driver itself wrote bytes that many sessions share: no heart-beat is due for a while.
    pub fn transmitted(&mut self, now: Instant) {
        self.pulse.sent(now);
    }

    /// The server goes away: [`CloseReason::GoingAway`] follows what is already to be done.
    pub fn shut_down(&mut self) {
        if !self.is_closed() {
            self.close(CloseReason::GoingAway);
        }
    }

    /// The next thing to be done, if any.
    pub fn poll_action(&mut self) -> Option<Action> {
        let action = self.actions.pop_front();
        if self.actions.is_empty() && self.actions.capacity() > 0 {
            self.actions = VecDeque::new();
        }
        action
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, unless something
    /// happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::AwaitingConnect { deadline, .. } => Some(deadline),
            State::Connected { .. } | State::Disconnecting { .. } => {
                let timeouts = [self.pulse.beat_at(), self.pulse.gone_at()];
                timeouts.into_iter().flatten().min()
            }
            State::Authenticating { .. } | State::Closed => None,
        }
    }

    /// The version in use: 1.2 until CONNECT has named the client's.
    pub fn version(&self) -> Version {
        self.decoder.version()
    }

    /// Whether the client is let in and has not left.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    /// How many frames await the application's answer.
    pub fn outstanding(&self) -> usize {
        self.tickets.outstanding()
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn read_frames(&mut self, now: Instant) {
        while matches!(
            self.state,
            State::AwaitingConnect { .. } | State::Connected { .. }
        ) {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => self.handle_frame(frame, now),
                Ok(None) => return,
                Err(error) => self.breach(error.fault.into(), error.receipt, now),
            }
        }
        let max = self.decoder.limits().pipelined_bytes_max();
        if self.decoder.buffered() > max {
            self.breach(Violation::PipelinedTooMuch { max }, None, now);
        }
    }

    fn handle_frame(&mut self, frame: Frame, now: Instant) {
        let mut receipt = frame.headers.get("receipt").map(Box::from);
        let outcome = match &self.state {
            State::AwaitingConnect { offered, .. } => {
                let offered = *offered;
                self.connect(&frame, offered, &mut receipt)
            }
            State::Connected { .. } => self.obey(frame, &mut receipt, now),
            State::Authenticating { .. } | State::Disconnecting { .. } | State::Closed => Ok(()),
        };
        if let Err(violation) = outcome {
            self.breach(violation, receipt, now);
        }
    }

    fn connect(
        &mut self,
        frame: &Frame,
        offered: Heartbeat,
        receipt: &mut Option<Box<str>>,
    ) -> Result<(), Violation> {
        if !matches!(frame.command, Command::Connect | Command::Stomp) {
            return Err(Violation::NotConnected);
        }
        let headers = &frame.headers;
        let version = Version::negotiate(headers.get("accept-version"))
            .ok_or(Violation::UnsupportedVersion)?;
        let wished = match headers.get("heart-beat") {
            Some(header) if version > Version::V1_0 => {
                Heartbeat::parse(header).ok_or(Violation::MalformedHeartbeat)?
            }
            _ => Heartbeat::NONE,
        };
        self.decoder.set_version(version);
        self.state = State::Authenticating {
            offered,
            wished,
            receipt: receipt.take(),
        };
        let credentials = Credentials::of(headers, version);
        self.actions.push_back(Action::Authenticate(credentials));
        Ok(())
    }

    /// Carries out a frame of a connected client. A receipt that the frame's action takes along is
    /// taken; one that is left belongs to the breach, if there is one.
    fn obey(
        &mut self,
        frame: Frame,
        receipt: &mut Option<Box<str>>,
        now: Instant,
    ) -> Result<(), Violation> {
        match frame.command {
            Command::Send => self.send(frame, receipt),
            Command::Subscribe => self.subscribe(frame.headers, receipt),
            Command::Unsubscribe => self.unsubscribe(&frame.headers, receipt, now),
            Command::Ack => self.acknowledge(&frame.headers, receipt, now),
            Command::Nack if self.version() == Version::V1_0 => Err(Violation::NackIn1_0),
            // A topic has nothing to redeliver: NACK frees the window as ACK does.
            Command::Nack => self.acknowledge(&frame.headers, receipt, now),
            Command::Begin => self.begin(&frame.headers, receipt, now),
            Command::Commit => self.commit(&frame.headers, receipt, now),
            Command::Abort => self.abort(&frame.headers, receipt, now),
            Command::Disconnect => {
                self.disconnect(receipt.take(), now);
                Ok(())
            }
            Command::Connect | Command::Stomp => Err(Violation::AlreadyConnected),
            Command::Connected | Command::Message | Command::Receipt | Command::Error => {
                Err(Violation::ServerCommand)
            }
        }
    }

    fn send(&mut self, frame: Frame, receipt: &mut Option<Box<str>>) -> Result<(), Violation> {
        let Frame { headers, body, .. } = frame;
        let destination: Box<str> = required(&headers, "destination")?.into();
        let Some(name) = headers.get("transaction") else {
            let ticket = self.tickets.issue(receipt.take(), Bond::Nothing);
            self.actions.push_back(Action::Send {
                destination,
                headers,
                body,
                ticket,
            });
            return Ok(());
        };
        let name: Box<str> = name.into();
        let deed = Deed::Send {
            destination,
            headers,
            body,
        };
        self.postpone(&name, deed, receipt)
    }

    fn subscribe(
        &mut self,
        headers: Headers,
        receipt: &mut Option<Box<str>>,
    ) -> Result<(), Violation> {
        let destination: Box<str> = required(&headers, "destination")?.into();
        let id: Box<str> = self.subscription_id(&headers)?.into();
        let ack = AckMode::parse(headers.get("ack"))?;
        let State::Connected { subscriptions, .. } = &mut self.state else {
            return Ok(());
        };
        let serial = subscriptions.insert(&id, &destination, ack, self.decoder.limits())?;
        let ticket = self
            .tickets
            .issue(receipt.take(), Bond::Subscription(serial));
        self.actions.push_back(Action::Subscribe {
            id,
            destination,
            ack,
            headers,
            ticket,
        });
        Ok(())
    }

    /// Ends a subscription. One that is not there is no error: the application may have declined
    /// it, and what the client asks for is the case already.
    fn unsubscribe(
        &mut self,
        headers: &Headers,
        receipt: &mut Option<Box<str>>,
        now: Instant,
    ) -> Result<(), Violation> {
        let id = self.subscription_id(headers)?;
        let State::Connected { subscriptions, .. } = &mut self.state else {
            return Ok(());
        };
        let Some(destination) = subscriptions.remove(id) else {
            self.receipt_now(receipt, now);
            return Ok(());
        };
        let ticket = self.tickets.issue(receipt.take(), Bond::Nothing);
        self.actions.push_back(Action::Unsubscribe {
            id: id.into(),
            destination,
            ticket,
        });
        Ok(())
    }

    /// What names the subscription in this version: 1.0 can do without an `id`.
    fn subscription_id<'a>(&self, headers: &'a Headers) -> Result<&'a str, Violation> {
        match required(headers, "id") {
            Err(_) if self.version() == Version::V1_0 => required(headers, "destination"),
            id => id,
        }
    }

    fn acknowledge(
        &mut self,
        headers: &Headers,
        receipt: &mut Option<Box<str>>,
        now: Instant,
    ) -> Result<(), Violation> {
        let acknowledged = self.acknowledged(headers)?;
        if let Some(name) = headers.get("transaction") {
            return self.postpone(name, Deed::Acknowledge(acknowledged), receipt);
        }
        self.free(&acknowledged);
        self.receipt_now(receipt, now);
        Ok(())
    }

    /// The message that an ACK or NACK means, by the headers that its version has for that.
    fn acknowledged(&self, headers: &Headers) -> Result<Acknowledged, Violation> {
        let subscription = match self.version() {
            Version::V1_0 => headers.get("subscription").map(Box::from),
            Version::V1_1 => Some(required(headers, "subscription")?.into()),
            Version::V1_2 => return self.numbered(required(headers, "id")?),
        };
        Ok(Acknowledged::Message {
            message_id: required(headers, "message-id")?.into(),
            subscription,
        })
    }

    fn numbered(&self, id: &str) -> Result<Acknowledged, Violation> {
        let State::Connected { subscriptions, .. } = &self.state else {
            return Err(Violation::NotConnected);
        };
        match id.parse() {
            Ok(number) if subscriptions.knows(number) => Ok(Acknowledged::Number(number)),
            _ => Err(Violation::UnknownAck),
        }
    }

    fn free(&mut self, acknowledged: &Acknowledged) {
        let State::Connected { subscriptions, .. } = &mut self.state else {
            return;
        };
        let opened = subscriptions.acknowledge(acknowledged, self.decoder.limits());
        if let Some(id) = opened {
            self.actions.push_back(Action::WindowOpened { id });
        }
    }

    fn begin(
        &mut self,
        headers: &Headers,
        receipt: &mut Option<Box<str>>,
        now: Instant,
    ) -> Result<(), Violation> {
        let name = required(headers, "transaction")?;
        if let State::Connected { transactions, .. } = &mut self.state {
            transactions.begin(name, self.decoder.limits())?;
        }
        self.receipt_now(receipt, now);
        Ok(())
    }

    /// Adds a frame to its transaction. Its receipt is due when COMMIT has had it processed, and
    /// never after ABORT.
    fn postpone(
        &mut self,
        name: &str,
        deed: Deed,
        receipt: &mut Option<Box<str>>,
    ) -> Result<(), Violation> {
        let State::Connected { transactions, .. } = &mut self.state else {
            return Ok(());
        };
        let step = Step {
            receipt: receipt.clone(),
            deed,
        };
        transactions.add(name, step, self.decoder.limits())?;
        *receipt = None;
        Ok(())
    }

    /// Hands over the whole transaction at once. COMMIT itself is processed when all its sends are.
    fn commit(
        &mut self,
        headers: &Headers,
        receipt: &mut Option<Box<str>>,
        now: Instant,
    ) -> Result<(), Violation> {
        let steps = self.end_transaction(headers)?;
        let is_send = |step: &&Step| matches!(step.deed, Deed::Send { .. });
        let sends = steps.iter().filter(is_send).count();
        let bond = match receipt.take_if(|_| sends > 0) {
            Some(receipt) => self.tickets.open_commit(receipt, sends),
            None => Bond::Nothing,
        };
        for mut step in steps {
            match step.deed {
                Deed::Send {
                    destination,
                    headers,
                    body,
                } => {
                    let ticket = self.tickets.issue(step.receipt, bond);
                    self.actions.push_back(Action::Send {
                        destination,
                        headers,
                        body,
                        ticket,
                    });
                }
                Deed::Acknowledge(acknowledged) => {
                    self.free(&acknowledged);
                    self.receipt_now(&mut step.receipt, now);
                }
            }
        }
        self.receipt_now(receipt, now);
        Ok(())
    }

    fn abort(
        &mut self,
        headers: &Headers,
        receipt: &mut Option<Box<str>>,
        now: Instant,
    ) -> Result<(), Violation> {
        self.end_transaction(headers)?;
        self.receipt_now(receipt, now);
        Ok(())
    }

    fn end_transaction(&mut self, headers: &Headers) -> Result<Vec<Step>, Violation> {
        let name = required(headers, "transaction")?;
        match &mut self.state {
            State::Connected { transactions, .. } => transactions.end(name),
            _ => Err(Violation::NotConnected),
        }
    }

    /// Ends open transactions and subscriptions, and reads nothing more: clients must send nothing
    /// after DISCONNECT (STOMP 1.2, "DISCONNECT").
    fn disconnect(&mut self, receipt: Option<Box<str>>, now: Instant) {
        self.decoder.discard();
        self.pulse.expect_nothing();
        self.state = State::Disconnecting { receipt };
        self.close_if_all_is_settled(now);
    }

    fn redeem(&mut self, bond: Bond, was_settled: bool, now: Instant) {
        if let Some(receipt) = self.tickets.redeem(bond, was_settled) {
            self.write_receipt(&receipt, &[], now);
        }
        self.close_if_all_is_settled(now);
    }

    fn close_if_all_is_settled(&mut self, now: Instant) {
        let State::Disconnecting { receipt } = &mut self.state else {
            return;
        };
        if self.tickets.outstanding() > 0 {
            return;
        }
        if let Some(receipt) = receipt.take() {
            self.write_receipt(&receipt, &[], now);
        }
        self.close(CloseReason::Disconnected);
    }

    /// Answers a frame that the session processed by itself.
    fn receipt_now(&mut self, receipt: &mut Option<Box<str>>, now: Instant) {
        if let Some(receipt) = receipt.take() {
            self.write_receipt(&receipt, &[], now);
        }
    }

    fn write_receipt(&mut self, receipt: &str, headers: &[(&str, &str)], now: Instant) {
        self.write(Command::Receipt, now, |encoder| {
            encoder.header("receipt-id", receipt);
            for (name, value) in headers {
                encoder.header(name, value);
            }
            encoder.finish();
        });
    }

    fn breach(&mut self, violation: Violation, receipt: Option<Box<str>>, now: Instant) {
        let error = ErrorFrame {
            message: violation.message(),
            body: &violation.to_string(),
            receipt: receipt.as_deref(),
            versions: (violation == Violation::UnsupportedVersion).then_some(Version::SUPPORTED),
        };
        self.end_with_error(&error, violation.close_reason(), now);
    }

    fn end_with_error(&mut self, error: &ErrorFrame<'_>, reason: CloseReason, now: Instant) {
        if self.is_closed() {
            return;
        }
        self.write(Command::Error, now, |encoder| {
            encoder.header("message", error.message);
            if let Some(receipt) = error.receipt {
                encoder.header("receipt-id", receipt);
            }
            if let Some(versions) = error.versions {
                encoder.header("version", versions);
            }
            encoder.header("content-type", "text/plain");
            encoder.finish_with_body(error.body.as_bytes());
        });
        self.close(reason);
    }

    fn write(&mut self, command: Command, now: Instant, write: impl FnOnce(&mut Encoder<'_>)) {
        let mut frame = BytesMut::new();
        write(&mut Encoder::begin(&mut frame, command, self.version()));
        self.transmit(frame.freeze(), now);
    }

    fn transmit(&mut self, bytes: Bytes, now: Instant) {
        self.pulse.sent(now);
        self.actions.push_back(Action::Transmit(bytes));
    }

    fn close(&mut self, reason: CloseReason) {
        self.decoder.discard();
        self.state = State::Closed;
        self.actions.push_back(Action::Close(reason));
    }
}

/// What an ERROR says.
struct ErrorFrame<'a> {
    message: &'a str,
    body: &'a str,
    receipt: Option<&'a str>,
    versions: Option<&'a str>,
}

/// The value of a header that must be there and not be empty.
fn required<'a>(headers: &'a Headers, name: &'static str) -> Result<&'a str, Violation> {
    headers
        .get(name)
        .filter(|value| !value.is_empty())
        .ok_or(Violation::MissingHeader { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_small() {
        let bytes = size_of::<Session>();
        assert!(bytes <= 400, "{bytes} bytes");
    }
}
