//! Any client, any application, any clock: what a driver relies on holds.
#![no_main]

use std::sync::Arc;
use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use stomp::{Action, Admission, Decoder, Delivered, Heartbeat, Limits, Message, Session, Ticket};

#[derive(Debug, Arbitrary)]
enum Event<'a> {
    Bytes(&'a [u8]),
    Frame(Sample),
    Wait(u16),
    Admit,
    Refuse(&'a str),
    Settle(u8, &'a str),
    Decline(u8),
    Fail(u8, &'a str),
    Deliver(u8, &'a str),
    Transmitted,
    ShutDown,
}

/// Good frames, so that the depths are reached.
#[derive(Debug, Arbitrary)]
enum Sample {
    Connect(u8),
    Subscribe { id: u8, ack: u8 },
    Unsubscribe(u8),
    Send { transaction: Option<u8> },
    Ack { id: u8, transaction: Option<u8> },
    Begin(u8),
    Commit(u8),
    Abort(u8),
    Disconnect,
}

fuzz_target!(|events: Vec<Event<'_>>| {
    let limits = Limits {
        subscriptions_max: 3,
        transactions_max: 2,
        transaction_frames_max: 3,
        transactions_bytes_max: 200,
        unacknowledged_max: 2,
        ..Limits::default()
    };
    let mut world = World::new(limits);
    for event in events {
        world.happens(event);
        world.drains();
    }
});

struct World {
    session: Session,
    now: Instant,
    tickets: Vec<Ticket>,
    is_closed: bool,
}

impl World {
    fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(Arc::new(limits), Heartbeat::default(), now),
            now,
            tickets: Vec::new(),
            is_closed: false,
        }
    }

    fn happens(&mut self, event: Event<'_>) {
        let now = self.now;
        let session = &mut self.session;
        match event {
            Event::Bytes(bytes) => session.handle_bytes(bytes, now),
            Event::Frame(sample) => session.handle_bytes(sample.frame().as_bytes(), now),
            Event::Wait(ms) => {
                self.now += Duration::from_millis(u64::from(ms));
                session.handle_timeout(self.now);
                // A timer that has fired is not due at once again.
                assert!(session.poll_timeout().is_none_or(|due| due > self.now));
            }
            Event::Admit => session.admit(
                Admission {
                    session: "s",
                    server: "maru/0.1",
                    user_name: None,
                },
                now,
            ),
            Event::Refuse(text) => session.refuse(text, text, now),
            Event::Settle(at, text) => {
                if let Some(ticket) = take(&mut self.tickets, at) {
                    session.settle(ticket, &[(text, text)], now);
                }
            }
            Event::Decline(at) => {
                if let Some(ticket) = take(&mut self.tickets, at) {
                    session.decline(ticket);
                }
            }
            Event::Fail(at, text) => {
                if let Some(ticket) = take(&mut self.tickets, at) {
                    session.fail(ticket, text, text, now);
                }
            }
            Event::Deliver(id, text) => {
                let message = Message {
                    message_id: text,
                    destination: text,
                    content_type: "text/plain",
                    body: text.as_bytes(),
                    headers: &[(text, text)],
                };
                let delivered = session.deliver(&(id % 4).to_string(), &message, now);
                assert!(session.is_connected() || delivered == Delivered::Gone);
            }
            Event::Transmitted => session.transmitted(now),
            Event::ShutDown => session.shut_down(),
        }
    }

    fn drains(&mut self) {
        while let Some(action) = self.session.poll_action() {
            assert!(!self.is_closed, "{action:?} follows Close");
            match action {
                Action::Transmit(bytes) => self.is_whole(&bytes),
                Action::Subscribe { ticket, .. }
                | Action::Unsubscribe { ticket, .. }
                | Action::Send { ticket, .. } => self.tickets.push(ticket),
                Action::Authenticate(_) | Action::WindowOpened { .. } => {}
                Action::Close(_) => self.is_closed = true,
            }
        }
        if !self.is_closed {
            assert_eq!(self.session.outstanding(), self.tickets.len());
        }
    }

    fn is_whole(&self, bytes: &[u8]) {
        if bytes == b"\n" {
            return;
        }
        assert!(std::str::from_utf8(bytes).is_ok());
        let generous = Limits {
            header_bytes_max: usize::MAX,
            headers_bytes_max: usize::MAX,
            body_bytes_max: usize::MAX,
            ..Limits::default()
        };
        let mut decoder = Decoder::new(Arc::new(generous));
        decoder.set_version(self.session.version());
        decoder.push(bytes);
        assert!(decoder.next_frame().expect("it is a frame").is_some());
        assert_eq!(decoder.buffered(), 0);
    }
}

fn take(tickets: &mut Vec<Ticket>, at: u8) -> Option<Ticket> {
    let at = usize::from(at).checked_rem(tickets.len())?;
    Some(tickets.remove(at))
}

impl Sample {
    fn frame(&self) -> String {
        let within = |transaction: &Option<u8>| match transaction {
            Some(name) => format!("transaction:{}\n", name % 3),
            None => String::new(),
        };
        match self {
            Self::Connect(version) => format!(
                "CONNECT\naccept-version:1.{}\nheart-beat:1000,1000\n\n\0",
                version % 3
            ),
            Self::Subscribe { id, ack } => format!(
                "SUBSCRIBE\nid:{}\ndestination:/a\nack:{}\nreceipt:r\n\n\0",
                id % 4,
                ["auto", "client", "client-individual"][usize::from(*ack) % 3]
            ),
            Self::Unsubscribe(id) => format!("UNSUBSCRIBE\nid:{}\nreceipt:r\n\n\0", id % 4),
            Self::Send { transaction } => {
                format!(
                    "SEND\ndestination:/a\n{}receipt:r\n\nhi\0",
                    within(transaction)
                )
            }
            Self::Ack { id, transaction } => format!(
                "ACK\nid:{id}\nmessage-id:m\nsubscription:{}\n{}receipt:r\n\n\0",
                id % 4,
                within(transaction)
            ),
            Self::Begin(name) => format!("BEGIN\ntransaction:{}\nreceipt:r\n\n\0", name % 3),
            Self::Commit(name) => format!("COMMIT\ntransaction:{}\nreceipt:r\n\n\0", name % 3),
            Self::Abort(name) => format!("ABORT\ntransaction:{}\nreceipt:r\n\n\0", name % 3),
            Self::Disconnect => "DISCONNECT\nreceipt:r\n\n\0".into(),
        }
    }
}
