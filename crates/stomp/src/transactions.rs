//! Frames that wait for COMMIT.

use bytes::Bytes;

use crate::subscriptions::Acknowledged;
use crate::violation::Violation;
use crate::{Headers, Limits};

/// The open transactions of one session.
#[derive(Default)]
pub(crate) struct Transactions {
    open: Vec<Transaction>,
    /// What all of them hold together.
    bytes: usize,
}

struct Transaction {
    name: Box<str>,
    steps: Vec<Step>,
}

/// A frame within a transaction.
pub(crate) struct Step {
    pub(crate) receipt: Option<Box<str>>,
    pub(crate) deed: Deed,
}

/// What a frame does when its transaction is committed.
pub(crate) enum Deed {
    Send {
        destination: Box<str>,
        headers: Headers,
        body: Bytes,
    },
    Acknowledge(Acknowledged),
}

impl Transactions {
    pub(crate) fn begin(&mut self, name: &str, limits: &Limits) -> Result<(), Violation> {
        if self.position(name).is_ok() {
            return Err(Violation::DuplicateTransaction);
        }
        let max = limits.transactions_max;
        if self.open.len() >= max {
            return Err(Violation::TooManyTransactions { max });
        }
        self.grow(name.len(), limits)?;
        self.open.push(Transaction {
            name: name.into(),
            steps: Vec::new(),
        });
        Ok(())
    }

    pub(crate) fn add(&mut self, name: &str, step: Step, limits: &Limits) -> Result<(), Violation> {
        let at = self.position(name)?;
        let max = limits.transaction_frames_max;
        if self.open[at].steps.len() >= max {
            return Err(Violation::TransactionTooLong { max });
        }
        self.grow(step.bytes(), limits)?;
        self.open[at].steps.push(step);
        Ok(())
    }

    /// Ends a transaction and returns its frames, to be carried out or dropped.
    pub(crate) fn end(&mut self, name: &str) -> Result<Vec<Step>, Violation> {
        let at = self.position(name)?;
        let transaction = self.open.remove(at);
        let steps_bytes: usize = transaction.steps.iter().map(Step::bytes).sum();
        self.bytes -= transaction.name.len() + steps_bytes;
        if self.open.is_empty() {
            self.open = Vec::new();
        }
        Ok(transaction.steps)
    }

    fn position(&self, name: &str) -> Result<usize, Violation> {
        self.open
            .iter()
            .position(|transaction| transaction.name.as_ref() == name)
            .ok_or(Violation::UnknownTransaction)
    }

    fn grow(&mut self, bytes: usize, limits: &Limits) -> Result<(), Violation> {
        let max = limits.transactions_bytes_max;
        if self.bytes + bytes > max {
            return Err(Violation::TransactionsTooBig { max });
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Deed {
    pub(crate) fn is_send(&self) -> bool {
        matches!(self, Self::Send { .. })
    }
}

impl Step {
    fn bytes(&self) -> usize {
        let receipt = self.receipt.as_ref().map_or(0, |receipt| receipt.len());
        let deed = match &self.deed {
            Deed::Send {
                destination,
                headers,
                body,
            } => destination.len() + headers.bytes() + body.len(),
            Deed::Acknowledge(Acknowledged::Number(_)) => 0,
            Deed::Acknowledge(Acknowledged::Message {
                message_id,
                subscription,
            }) => message_id.len() + subscription.as_ref().map_or(0, |id| id.len()),
        };
        receipt + deed
    }
}
