//! Proof that a frame awaits the application's answer.

/// One frame that was handed to the application and is to be settled, declined or failed, once.
///
/// While one is out, DISCONNECT waits.
#[must_use = "a frame must be settled, declined or failed: DISCONNECT waits for it"]
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    receipt: Option<Box<str>>,
    bond: Bond,
}

/// What else depends on a frame's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bond {
    /// Nothing.
    Nothing,
    /// The subscription of that serial number, which ends if the frame is declined.
    Subscription(u32),
    /// The receipt of the COMMIT of that serial number.
    Commit(u32),
}

impl Ticket {
    /// The receipt that the frame asked for.
    pub fn receipt(&self) -> Option<&str> {
        self.receipt.as_deref()
    }

    pub(crate) fn into_parts(self) -> (Option<Box<str>>, Bond) {
        (self.receipt, self.bond)
    }
}

/// The tickets that are out, and the COMMITs whose receipts wait for some of them.
#[derive(Default)]
pub(crate) struct Tickets {
    outstanding: usize,
    commits: Vec<Commit>,
    serial: u32,
}

/// A COMMIT that asked for a receipt, while sends of its transaction are being processed.
struct Commit {
    serial: u32,
    receipt: Box<str>,
    outstanding: usize,
    every_send_was_settled: bool,
}

impl Tickets {
    pub(crate) fn outstanding(&self) -> usize {
        self.outstanding
    }

    pub(crate) fn issue(&mut self, receipt: Option<Box<str>>, bond: Bond) -> Ticket {
        self.outstanding += 1;
        Ticket { receipt, bond }
    }

    /// Notes that `receipt` is due when `sends` tickets with the returned bond are settled.
    pub(crate) fn open_commit(&mut self, receipt: &str, sends: usize) -> Bond {
        self.serial = self.serial.wrapping_add(1);
        self.commits.push(Commit {
            serial: self.serial,
            receipt: receipt.into(),
            outstanding: sends,
            every_send_was_settled: true,
        });
        Bond::Commit(self.serial)
    }

    /// Takes a ticket back and says which COMMIT's receipt is due by that.
    ///
    /// None is due where a send of the transaction was not settled: it was not carried out whole.
    pub(crate) fn redeem(&mut self, bond: Bond, was_settled: bool) -> Option<Box<str>> {
        self.outstanding = self.outstanding.saturating_sub(1);
        let Bond::Commit(serial) = bond else {
            return None;
        };
        let at = self
            .commits
            .iter()
            .position(|commit| commit.serial == serial)?;
        let commit = &mut self.commits[at];
        commit.outstanding = commit.outstanding.saturating_sub(1);
        commit.every_send_was_settled &= was_settled;
        if commit.outstanding > 0 {
            return None;
        }
        let commit = self.commits.remove(at);
        if self.commits.is_empty() {
            self.commits = Vec::new();
        }
        commit.every_send_was_settled.then_some(commit.receipt)
    }
}
