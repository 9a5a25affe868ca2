//! What is counted and measured beside the promises.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::sends::{End, Send, Sends};
use crate::journal::Client;
use crate::latency::{Latencies, Spread};

/// What takes longer is called late: it shows how long a fault was felt.
const LATE_US: u64 = 1_000_000;

/// Why a restless listener hung up: nothing that was lost.
pub(crate) const RESTLESS: &str = "restless";

/// What a run counted and measured.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Messages that were to be sent.
    pub intended: u64,
    /// Of these, stored, says a receipt.
    pub receipted: u64,
    /// Surely not stored, says a refusal, and not tried again.
    pub refused: u64,
    /// Open to the end.
    pub unknown: u64,
    /// Never handed to a socket.
    pub unsent: u64,
    /// Messages whose outcome was open for a while: a socket broke, or a server did not know.
    pub unknown_for_a_while: u64,
    /// Receipts that said `duplicate:true`.
    pub duplicates: u64,
    /// Rows in the end.
    pub rows: u64,
    /// Stored messages and numbers that listeners heard.
    pub heard: u64,
    /// Connections that were lost, by close code; `none` where the socket just broke.
    pub closes: BTreeMap<String, u64>,
    /// Refusals, by code, those that were tried again included.
    pub refusals: BTreeMap<String, u64>,
    /// From when a message was due to its first receipt, in milliseconds.
    pub receipt_ms: Spread,
    /// From when a message was due to each listener that listened then, in milliseconds.
    pub delivery_ms: Spread,
    /// The longest that a listener was without its room after a loss, in milliseconds.
    pub away_ms_max: u64,
    /// When the last receipt or delivery came that was late by a second, in milliseconds from the
    /// start of the run; 0 where none was.
    pub last_late_ms: u64,
}

/// A tally in the making.
#[derive(Default)]
pub(super) struct Tallying {
    tally: Tally,
    receipts: Latencies,
    deliveries: Latencies,
    last_late_us: u64,
    /// When listeners lost their connections.
    away: HashMap<u32, u64>,
    away_us_max: u64,
}

impl Tallying {
    pub(super) fn receipt(&mut self, at_us: u64, duplicate: bool, send: Option<&Send>) {
        self.tally.duplicates += u64::from(duplicate);
        if let Some(send) = send.filter(|send| send.receipt.is_none()) {
            let took = self.took(at_us, send);
            self.receipts.add(took);
        }
    }

    pub(super) fn delivery(&mut self, at_us: u64, send: &Send) {
        let took = self.took(at_us, send);
        self.deliveries.add(took);
    }

    fn took(&mut self, at_us: u64, send: &Send) -> u64 {
        let took = at_us.saturating_sub(send.due_us);
        if took > LATE_US {
            self.last_late_us = self.last_late_us.max(at_us);
        }
        took
    }

    pub(super) fn heard(&mut self) {
        self.tally.heard += 1;
    }

    pub(super) fn refusal(&mut self, code: String) {
        *self.tally.refusals.entry(code).or_default() += 1;
    }

    pub(super) fn closed(&mut self, at_us: u64, client: Client, code: Option<u16>, reason: &str) {
        if reason == RESTLESS {
            return;
        }
        if let Client::Listener(listener) = client {
            self.away.entry(listener).or_insert(at_us);
        }
        let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        *self.tally.closes.entry(code).or_default() += 1;
    }

    pub(super) fn listening(&mut self, at_us: u64, listener: u32) {
        if let Some(since) = self.away.remove(&listener) {
            self.away_us_max = self.away_us_max.max(at_us - since);
        }
    }

    pub(super) fn rows(&mut self, count: usize) {
        self.tally.rows += count as u64;
    }

    pub(super) fn sends(&mut self, sends: &Sends) {
        let tally = &mut self.tally;
        for (_, send) in sends.iter() {
            tally.intended += 1;
            tally.unknown_for_a_while += u64::from(send.open_tries > 0);
            *match send.end() {
                End::Receipted => &mut tally.receipted,
                End::Refused => &mut tally.refused,
                End::Unknown => &mut tally.unknown,
                End::Unsent => &mut tally.unsent,
            } += 1;
        }
    }

    pub(super) fn finish(self) -> Tally {
        Tally {
            receipt_ms: self.receipts.spread(),
            delivery_ms: self.deliveries.spread(),
            away_ms_max: self.away_us_max / 1_000,
            last_late_ms: self.last_late_us / 1_000,
            ..self.tally
        }
    }
}
