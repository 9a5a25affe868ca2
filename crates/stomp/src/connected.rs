//! What a connected client may ask, and what becomes of it.

use crate::outbox::Outbox;
use crate::subscriptions::{Acknowledged, Slot, Subscriptions};
use crate::ticket::Bond;
use crate::transactions::{Deed, Step, Transactions};
use crate::violation::Violation;
use crate::{AckMode, Action, Command, Delivered, Frame, Headers, Limits, Message, Version};

/// The state of a session whose client was let in.
#[derive(Default)]
pub(crate) struct Connected {
    subscriptions: Subscriptions,
    transactions: Transactions,
}

/// What carrying out one frame takes, besides its headers and body.
pub(crate) struct Errand<'a> {
    /// The receipt that the frame asked for. What answers the frame takes it; one that is left
    /// after a violation belongs to the ERROR.
    pub(crate) receipt: Option<Box<str>>,
    pub(crate) limits: &'a Limits,
    pub(crate) outbox: &'a mut Outbox,
}

impl Connected {
    /// Carries out any frame but DISCONNECT, which ends this state.
    pub(crate) fn obey(&mut self, frame: Frame, errand: &mut Errand<'_>) -> Result<(), Violation> {
        match frame.command {
            Command::Send => self.send(frame, errand),
            Command::Subscribe => self.subscribe(frame.headers, errand),
            Command::Unsubscribe => self.unsubscribe(&frame.headers, errand),
            Command::Ack => self.acknowledge(&frame.headers, errand),
            Command::Nack if errand.outbox.version == Version::V1_0 => Err(Violation::NackIn1_0),
            // Nothing is delivered again: NACK makes room as ACK does.
            Command::Nack => self.acknowledge(&frame.headers, errand),
            Command::Begin => self.begin(&frame.headers, errand),
            Command::Commit => self.commit(&frame.headers, errand),
            Command::Abort => self.abort(&frame.headers, errand),
            Command::Disconnect => Ok(()),
            Command::Connect | Command::Stomp => Err(Violation::AlreadyConnected),
            Command::Connected | Command::Message | Command::Receipt | Command::Error => {
                Err(Violation::ServerCommand)
            }
        }
    }

    /// Sends a message to a subscription if it has room.
    pub(crate) fn deliver(
        &mut self,
        subscription: &str,
        message: &Message<'_>,
        limits: &Limits,
        outbox: &mut Outbox,
    ) -> Delivered {
        let slot =
            self.subscriptions
                .slot(subscription, message.message_id, outbox.version, limits);
        let ack = match slot {
            Slot::None => return Delivered::Gone,
            Slot::Full => return Delivered::Held,
            Slot::Numbered(number) if outbox.version == Version::V1_2 => Some(number),
            Slot::Numbered(_) | Slot::Free => None,
        };
        outbox.write_message(subscription, ack, message);
        Delivered::Sent
    }

    /// Undoes the SUBSCRIBE of that serial number.
    pub(crate) fn undo_subscribe(&mut self, serial: u32) {
        self.subscriptions.remove_serial(serial);
    }

    /// Ends a subscription, if it is there.
    pub(crate) fn end_subscription(&mut self, id: &str) {
        self.subscriptions.remove(id);
    }

    fn send(&mut self, frame: Frame, errand: &mut Errand<'_>) -> Result<(), Violation> {
        let Frame { headers, body, .. } = frame;
        let destination: Box<str> = required(&headers, "destination")?.into();
        let transaction = headers.get("transaction").map(Box::<str>::from);
        let deed = Deed::Send {
            destination,
            headers,
            body,
        };
        match transaction {
            Some(name) => self.postpone(&name, deed, errand),
            None => {
                self.perform(deed, Bond::Nothing, errand);
                Ok(())
            }
        }
    }

    fn subscribe(&mut self, headers: Headers, errand: &mut Errand<'_>) -> Result<(), Violation> {
        let destination: Box<str> = required(&headers, "destination")?.into();
        let id: Box<str> = subscription_id(&headers, errand.outbox.version)?.into();
        let ack = AckMode::parse(headers.get("ack"))?;
        let serial = self
            .subscriptions
            .insert(&id, &destination, ack, errand.limits)?;
        let ticket = errand
            .outbox
            .tickets
            .issue(errand.receipt.take(), Bond::Subscription(serial));
        errand.outbox.push(Action::Subscribe {
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
    fn unsubscribe(&mut self, headers: &Headers, errand: &mut Errand<'_>) -> Result<(), Violation> {
        let id = subscription_id(headers, errand.outbox.version)?;
        let Some(destination) = self.subscriptions.remove(id) else {
            errand.answer();
            return Ok(());
        };
        let ticket = errand
            .outbox
            .tickets
            .issue(errand.receipt.take(), Bond::Nothing);
        errand.outbox.push(Action::Unsubscribe {
            id: id.into(),
            destination,
            ticket,
        });
        Ok(())
    }

    fn acknowledge(&mut self, headers: &Headers, errand: &mut Errand<'_>) -> Result<(), Violation> {
        let deed = Deed::Acknowledge(self.acknowledged(headers, errand.outbox.version)?);
        match headers.get("transaction") {
            Some(name) => self.postpone(name, deed, errand),
            None => {
                self.perform(deed, Bond::Nothing, errand);
                Ok(())
            }
        }
    }

    /// The message that an ACK or NACK means, by the headers that its version has for that.
    fn acknowledged(&self, headers: &Headers, version: Version) -> Result<Acknowledged, Violation> {
        let subscription = match version {
            Version::V1_0 => headers.get("subscription").map(Box::from),
            Version::V1_1 => Some(required(headers, "subscription")?.into()),
            Version::V1_2 => {
                return match required(headers, "id")?.parse() {
                    Ok(number) if self.subscriptions.has_sent(number) => {
                        Ok(Acknowledged::Number(number))
                    }
                    _ => Err(Violation::UnknownAck),
                };
            }
        };
        Ok(Acknowledged::Message {
            message_id: required(headers, "message-id")?.into(),
            subscription,
        })
    }

    fn begin(&mut self, headers: &Headers, errand: &mut Errand<'_>) -> Result<(), Violation> {
        let name = required(headers, "transaction")?;
        self.transactions.begin(name, errand.limits)?;
        errand.answer();
        Ok(())
    }

    /// Hands over a whole transaction at once. COMMIT itself is processed when all its sends are.
    fn commit(&mut self, headers: &Headers, errand: &mut Errand<'_>) -> Result<(), Violation> {
        let steps = self.transactions.end(required(headers, "transaction")?)?;
        let receipt = errand.receipt.take();
        let sends = steps.iter().filter(|step| step.deed.is_send()).count();
        let bond = match &receipt {
            Some(receipt) if sends > 0 => errand.outbox.tickets.open_commit(receipt, sends),
            _ => Bond::Nothing,
        };
        for step in steps {
            errand.receipt = step.receipt;
            self.perform(step.deed, bond, errand);
        }
        if bond == Bond::Nothing {
            errand.receipt = receipt;
            errand.answer();
        }
        Ok(())
    }

    fn abort(&mut self, headers: &Headers, errand: &mut Errand<'_>) -> Result<(), Violation> {
        self.transactions.end(required(headers, "transaction")?)?;
        errand.answer();
        Ok(())
    }

    /// Adds a frame to its transaction. Its receipt is due when COMMIT has had it processed, and
    /// never after ABORT.
    fn postpone(
        &mut self,
        transaction: &str,
        deed: Deed,
        errand: &mut Errand<'_>,
    ) -> Result<(), Violation> {
        let step = Step {
            receipt: errand.receipt.clone(),
            deed,
        };
        self.transactions.add(transaction, step, errand.limits)
    }

    fn perform(&mut self, deed: Deed, bond: Bond, errand: &mut Errand<'_>) {
        match deed {
            Deed::Send {
                destination,
                headers,
                body,
            } => {
                let ticket = errand.outbox.tickets.issue(errand.receipt.take(), bond);
                errand.outbox.push(Action::Send {
                    destination,
                    headers,
                    body,
                    ticket,
                });
            }
            Deed::Acknowledge(acknowledged) => {
                let opened = self.subscriptions.acknowledge(&acknowledged);
                if let Some(id) = opened {
                    errand.outbox.push(Action::WindowOpened { id });
                }
                errand.answer();
            }
        }
    }
}

impl Errand<'_> {
    /// Writes the RECEIPT, if one was asked for, of a frame that is processed.
    fn answer(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            self.outbox.write_receipt(&receipt, &[]);
        }
    }
}

/// What names a subscription in this version: 1.0 can do without an `id`.
fn subscription_id(headers: &Headers, version: Version) -> Result<&str, Violation> {
    match required(headers, "id") {
        Err(_) if version == Version::V1_0 => required(headers, "destination"),
        id => id,
    }
}

/// The value of a header that must be there and not be empty.
fn required<'a>(headers: &'a Headers, name: &'static str) -> Result<&'a str, Violation> {
    headers
        .get(name)
        .filter(|value| !value.is_empty())
        .ok_or(Violation::MissingHeader { name })
}
