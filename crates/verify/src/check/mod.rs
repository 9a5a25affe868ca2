//! Decides from a journal whether every promise was kept. Pure: no IO, no clock.
//!
//! - receipted ⊆ rows, under the number and id that the receipt named;
//! - refused ∩ rows = ∅;
//! - what is unknown has one row or none, and once it was asked again, its receipt names that row;
//! - the rows of a room are numbered 1, 2, 3 … to the last, each sent once by somebody of this run;
//! - in committed delivery a listener hears each row once and in order, over all its connections;
//! - an optimistic one hears, while a connection lasts, numbers in order and without holes.

mod listeners;
mod sends;
mod tally;
mod violation;

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use self::listeners::{Listener, Told};
use self::sends::{End, Sends};
pub(crate) use self::tally::RESTLESS;
pub use self::tally::Tally;
use self::tally::Tallying;
pub use self::violation::{Kind, Violation};
use crate::journal::{Client, Entry, Event, Reading, Row};

/// Takes the entries of a journal one by one.
#[derive(Default)]
pub struct Check {
    /// The number of entries so far.
    order: u64,
    sends: Sends,
    listeners: BTreeMap<u32, Listener>,
    told: Told,
    rows: HashMap<(Reading, u32), Vec<Row>>,
    violations: Vec<Violation>,
    tallying: Tallying,
}

/// What a check found.
#[derive(Debug)]
pub struct Findings {
    /// Every breach, by room and number.
    pub violations: Vec<Violation>,
    /// What was counted and measured.
    pub tally: Tally,
}

/// Checks a whole journal.
pub fn check(entries: impl IntoIterator<Item = Entry>) -> Findings {
    let mut check = Check::default();
    for entry in entries {
        check.take(entry);
    }
    check.finish()
}

impl Check {
    /// Takes the next entry.
    pub fn take(&mut self, entry: Entry) {
        self.order += 1;
        let Entry { at_us, event } = entry;
        match event {
            Event::Intent {
                send,
                room,
                due_us,
                hash,
            } => self.sends.intend(send, room, due_us, hash, self.order),
            Event::Sent { send } => self.sends.sent(send),
            Event::Receipt {
                send,
                id,
                seq,
                duplicate,
            } => {
                self.tallying
                    .receipt(at_us, duplicate, self.sends.get(&send));
                let violation = self.sends.receipted(send, id, seq, duplicate);
                self.violations.extend(violation);
            }
            Event::Refusal {
                send,
                code,
                is_certain,
            } => {
                self.tallying.refusal(code);
                self.sends.refused(send, is_certain);
            }
            Event::Unanswered { send } => self.sends.unanswered(send),
            Event::Subscribing {
                listener,
                room,
                mode,
                ..
            } => self
                .listeners
                .entry(listener)
                .or_insert_with(|| Listener::new(listener, room, mode))
                .subscribing(&mut self.violations),
            Event::Listening { listener } => {
                self.tallying.listening(at_us, listener);
                if let Some(listener) = self.listeners.get_mut(&listener) {
                    listener.listening(self.order);
                }
            }
            Event::Stored {
                listener,
                send,
                id,
                seq,
                hash,
            } => {
                self.heard(at_us, listener, seq, id, send);
                self.content(listener, Some(seq), send, hash);
            }
            Event::Timed {
                listener,
                send,
                id,
                seq,
            } => {
                self.heard(at_us, listener, seq, id, send);
                if let Some(listener) = self.listeners.get_mut(&listener) {
                    listener.timed(seq, send, &mut self.violations);
                }
            }
            Event::Shown {
                listener,
                send,
                hash,
            } => {
                self.content(listener, None, send, hash);
                if let Some(listener) = self.listeners.get_mut(&listener) {
                    listener.shown(send, &self.sends, &mut self.violations);
                }
            }
            Event::Withdrawn { listener, send } => {
                if let Some(listener) = self.listeners.get_mut(&listener) {
                    listener.withdrawn(send);
                }
            }
            Event::Resumed { listener, to } => {
                if let Some(listener) = self.listeners.get_mut(&listener) {
                    listener.resumed(to, &mut self.violations);
                }
            }
            Event::Snapshot { listener, last_seq } => {
                if let Some(listener) = self.listeners.get_mut(&listener) {
                    listener.sent_back(last_seq, &mut self.violations);
                }
            }
            Event::Closed {
                client,
                code,
                reason,
            } => {
                self.tallying.closed(at_us, client, code, &reason);
                if let Client::Listener(listener) = client
                    && let Some(listener) = self.listeners.get_mut(&listener)
                {
                    listener.closed();
                }
            }
            Event::Row { reading, room, row } => {
                self.rows.entry((reading, room)).or_default().push(row);
            }
            Event::Fault { .. } => {}
        }
    }

    fn heard(&mut self, at_us: u64, index: u32, seq: i64, id: Uuid, send: Uuid) {
        let Some(listener) = self.listeners.get_mut(&index) else {
            return;
        };
        if let Some(sent) = self.sends.get(&send)
            && listener.listened_at(sent.order)
        {
            self.tallying.delivery(at_us, sent);
        }
        self.tallying.heard();
        let (sends, told) = (&self.sends, &mut self.told);
        listener.heard(seq, id, send, sends, told, &mut self.violations);
    }

    /// Makes sure that what a listener heard is what was sent.
    fn content(&mut self, index: u32, seq: Option<i64>, send: Uuid, hash: u64) {
        let Some(listener) = self.listeners.get(&index) else {
            return;
        };
        let sent = self.sends.get(&send);
        let (kind, expected) = match sent {
            None => (Kind::Foreign, "a message of this run".to_owned()),
            Some(sent) if sent.room != listener.room() => {
                (Kind::Foreign, format!("a message of room {}", sent.room))
            }
            Some(sent) if sent.hash != hash => {
                (Kind::ContentDiffers, format!("the content {:x}", sent.hash))
            }
            Some(_) => return,
        };
        self.violations.push(Violation {
            kind,
            room: listener.room(),
            seq,
            who: Some(Client::Listener(index)),
            expected,
            found: format!("{send} with the content {hash:x}"),
        });
    }

    /// Decides.
    pub fn finish(mut self) -> Findings {
        let has_sql = self
            .rows
            .keys()
            .any(|(reading, _)| *reading == Reading::Sql);
        let truth = if has_sql { Reading::Sql } else { Reading::Http };
        let mut rooms: Vec<u32> = self.sends.iter().map(|(_, send)| send.room).collect();
        rooms.extend(self.rows.keys().map(|(_, room)| room));
        rooms.extend(self.listeners.values().map(Listener::room));
        rooms.sort_unstable();
        rooms.dedup();
        let mut stored = HashMap::new();
        for &room in &rooms {
            let rows = self.rows.remove(&(truth, room)).unwrap_or_default();
            self.check_numbers(room, &rows);
            self.check_contents(room, &rows, &mut stored);
            self.check_readings(room, &rows, truth);
            self.check_told(room, &rows);
            self.tallying.rows(rows.len());
        }
        self.check_sends(&stored);
        self.check_listeners(&stored);
        self.tallying.sends(&self.sends);
        self.violations.sort_by_key(|v| (v.room, v.seq, v.kind));
        Findings {
            violations: self.violations,
            tally: self.tallying.finish(),
        }
    }

    fn check_numbers(&mut self, room: u32, rows: &[Row]) {
        for (expected, row) in (1..).zip(rows) {
            if row.seq != expected {
                self.violations.push(Violation {
                    kind: Kind::NumberMissing,
                    room,
                    seq: Some(expected),
                    who: None,
                    expected: format!("a row {expected}"),
                    found: format!("{} as row {expected} of the room", row.seq),
                });
                return;
            }
        }
    }

    fn check_contents(&mut self, room: u32, rows: &[Row], stored: &mut HashMap<Uuid, Row>) {
        for row in rows {
            let Row {
                seq,
                id,
                send,
                hash,
            } = row;
            let violation = |kind, expected: String, found: String| Violation {
                kind,
                room,
                seq: Some(*seq),
                who: None,
                expected,
                found,
            };
            let row_text = format!("a row {id} of {send}");
            match self.sends.get(send) {
                Some(sent) if sent.room == room => {
                    if sent.hash != *hash {
                        let expected = format!("the content {:x}", sent.hash);
                        let found = format!("{row_text} with the content {hash:x}");
                        let wrong = violation(Kind::ContentDiffers, expected, found);
                        self.violations.push(wrong);
                    }
                }
                _ => {
                    let expected = "a message of this run".to_owned();
                    let wrong = violation(Kind::Foreign, expected, row_text.clone());
                    self.violations.push(wrong);
                }
            }
            if let Some(first) = stored.insert(*send, row.clone()) {
                let expected = format!("{send} at {} alone", first.seq);
                let wrong = violation(Kind::StoredTwice, expected, row_text);
                self.violations.push(wrong);
            }
        }
    }

    /// Whatever was read in another way must be the same; what was read early, its beginning.
    fn check_readings(&mut self, room: u32, rows: &[Row], truth: Reading) {
        for reading in [Reading::Early, Reading::Http] {
            if reading == truth {
                continue;
            }
            let other = self.rows.remove(&(reading, room));
            if other.is_none() && !rows.is_empty() && reading == Reading::Early {
                continue;
            }
            let other = other.unwrap_or_default();
            let is_whole = reading == Reading::Early || other.len() == rows.len();
            let differs = (0..other.len().max(if is_whole { 0 } else { rows.len() }))
                .find(|&at| other.get(at) != rows.get(at));
            if let Some(at) = differs {
                let text = |row: Option<&Row>| match row {
                    Some(row) => format!("{} at {}", row.id, row.seq),
                    None => "no row".to_owned(),
                };
                self.violations.push(Violation {
                    kind: Kind::ReadingsDiffer,
                    room,
                    seq: rows.get(at).or(other.get(at)).map(|row| row.seq),
                    who: None,
                    expected: format!("{} as {truth:?} says", text(rows.get(at))),
                    found: format!("{} as {reading:?} said", text(other.get(at))),
                });
            }
        }
    }

    fn check_told(&mut self, room: u32, rows: &[Row]) {
        let by_seq: HashMap<i64, &Row> = rows.iter().map(|row| (row.seq, row)).collect();
        for (seq, id, send) in self.told.of_room(room) {
            let row = by_seq.get(&seq);
            if row.is_some_and(|row| (row.id, row.send) == (id, send)) {
                continue;
            }
            self.violations.push(Violation {
                kind: Kind::ListenersDisagree,
                room,
                seq: Some(seq),
                who: None,
                expected: match row {
                    Some(row) => format!("{} as {}, as the row says", row.send, row.id),
                    None => "nothing: there is no such row".to_owned(),
                },
                found: format!("{send} as {id} was told"),
            });
        }
    }

    fn check_sends(&mut self, stored: &HashMap<Uuid, Row>) {
        for (name, send) in self.sends.iter() {
            let row = stored.get(name);
            let violation = |kind, seq, expected: String, found: String| Violation {
                kind,
                room: send.room,
                seq,
                who: None,
                expected,
                found,
            };
            match (send.end(), send.receipt, row) {
                (_, Some((id, seq)), None) => self.violations.push(violation(
                    Kind::ReceiptedLost,
                    Some(seq),
                    format!("{name} as {id} at {seq}, as its receipt says"),
                    "no row".to_owned(),
                )),
                (_, Some((id, seq)), Some(row)) if (row.id, row.seq) != (id, seq) => {
                    self.violations.push(violation(
                        Kind::ReceiptDiffers,
                        Some(seq),
                        format!("{name} as {} at {}, as the row says", row.id, row.seq),
                        format!("{id} at {seq} in its receipt"),
                    ));
                }
                (End::Refused | End::Unsent, _, Some(row)) => self.violations.push(violation(
                    Kind::RefusedStored,
                    Some(row.seq),
                    format!("no row of {name}, which was refused or never sent"),
                    format!("{} at {}", row.id, row.seq),
                )),
                _ => {}
            }
        }
    }

    fn check_listeners(&mut self, stored: &HashMap<Uuid, Row>) {
        // The last row of each room: its number and its intent's place in the journal.
        let mut last: HashMap<u32, (i64, u64)> = HashMap::new();
        for (name, row) in stored {
            if let Some(send) = self.sends.get(name) {
                let last = last.entry(send.room).or_default();
                *last = (*last).max((row.seq, send.order));
            }
        }
        for listener in std::mem::take(&mut self.listeners).into_values() {
            let (seq, order) = last.get(&listener.room()).copied().unwrap_or_default();
            listener.finish(seq, order, &mut self.violations);
        }
    }
}

#[cfg(test)]
mod tests;
