//! What became of each send, by its sender's side of the journal.

use std::collections::HashMap;

use uuid::Uuid;

use super::violation::{Kind, Violation};

/// One send, as its answers left it.
#[derive(Debug)]
pub(super) struct Send {
    pub(super) room: u32,
    pub(super) hash: u64,
    pub(super) due_us: u64,
    /// Its intent's place in the journal.
    pub(super) order: u64,
    /// How often it was handed to a socket.
    pub(super) tries: u32,
    certain_refusals: u32,
    /// How many tries left it open whether it is stored.
    pub(super) open_tries: u32,
    /// The first receipt: id and number.
    pub(super) receipt: Option<(Uuid, i64)>,
}

/// How a send ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is stored, says the server.
    Receipted,
    /// It is not stored, says the server.
    Refused,
    /// Nobody knows.
    Unknown,
    /// It was never handed to a socket.
    Unsent,
}

impl Send {
    pub(super) fn end(&self) -> End {
        if self.receipt.is_some() {
            End::Receipted
        } else if self.tries == 0 {
            End::Unsent
        } else if self.certain_refusals == self.tries {
            End::Refused
        } else {
            End::Unknown
        }
    }
}

/// All sends, by their tempIds.
#[derive(Default)]
pub(super) struct Sends(HashMap<Uuid, Send>);

impl Sends {
    pub(super) fn get(&self, send: &Uuid) -> Option<&Send> {
        self.0.get(send)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Uuid, &Send)> {
        self.0.iter()
    }

    pub(super) fn intend(&mut self, send: Uuid, room: u32, due_us: u64, hash: u64, order: u64) {
        let fresh = Send {
            room,
            hash,
            due_us,
            order,
            tries: 0,
            certain_refusals: 0,
            open_tries: 0,
            receipt: None,
        };
        self.0.insert(send, fresh);
    }

    pub(super) fn sent(&mut self, send: Uuid) {
        self.change(send, |send| send.tries += 1);
    }

    pub(super) fn refused(&mut self, send: Uuid, is_certain: bool) {
        self.change(send, |send| match is_certain {
            true => send.certain_refusals += 1,
            false => send.open_tries += 1,
        });
    }

    pub(super) fn unanswered(&mut self, send: Uuid) {
        self.change(send, |send| send.open_tries += 1);
    }

    fn change(&mut self, send: Uuid, change: impl FnOnce(&mut Send)) {
        if let Some(send) = self.0.get_mut(&send) {
            change(send);
        }
    }

    /// Takes a receipt. The first one of a send that was tried once cannot be a duplicate, and one
    /// after another receipt must be.
    pub(super) fn receipted(
        &mut self,
        name: Uuid,
        id: Uuid,
        seq: i64,
        duplicate: bool,
    ) -> Option<Violation> {
        let send = self.0.get_mut(&name)?;
        let violation = |kind, expected: String, found: String| Violation {
            kind,
            room: send.room,
            seq: Some(seq),
            who: None,
            expected,
            found,
        };
        let Some(first) = send.receipt else {
            send.receipt = Some((id, seq));
            // No try but this one can have stored it.
            let is_wrong = duplicate && send.open_tries == 0;
            let (kind, expected) = match send.certain_refusals {
                0 => (
                    Kind::DuplicateFlag,
                    format!("duplicate:false in the one receipt of {name}"),
                ),
                _ => (
                    Kind::RefusedStored,
                    format!("duplicate:false, for every try of {name} before was refused"),
                ),
            };
            return is_wrong.then(|| violation(kind, expected, "duplicate:true".to_owned()));
        };
        if first != (id, seq) {
            let expected = format!("{} at {} again for {name}", first.0, first.1);
            return Some(violation(
                Kind::ReceiptDiffers,
                expected,
                format!("{id} at {seq}"),
            ));
        }
        (!duplicate).then(|| {
            let expected = format!("duplicate:true in a further receipt of {name}");
            violation(Kind::DuplicateFlag, expected, "duplicate:false".to_owned())
        })
    }
}
