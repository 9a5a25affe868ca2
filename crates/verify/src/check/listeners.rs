//! What each listener heard, against what it was entitled to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::sends::Sends;
use super::violation::{Kind, Violation};
use crate::journal::{Client, Mode};

/// How many missing numbers of one listener are told apart.
const MISSING_MAX: usize = 10_000;

/// One listener over all its connections.
pub(super) struct Listener {
    index: u32,
    room: u32,
    mode: Mode,
    /// The last number heard, of all connections in committed delivery and of the present one
    /// otherwise.
    at: Option<i64>,
    /// The greatest number that a message sent again had, for a listener that has just come.
    again: i64,
    /// Numbers that later ones overtook.
    missing: BTreeSet<i64>,
    /// Where in the journal the present connection came to be in effect.
    live_since: Option<u64>,
    /// What was shown on the present connection.
    shown: HashSet<Uuid>,
}

/// What was told under each number of each room, by whoever heard it first.
#[derive(Default)]
pub(super) struct Told(HashMap<u32, BTreeMap<i64, (Uuid, Uuid)>>);

impl Told {
    /// Notes what a number stands for. Returns what it stood for before, where that is another.
    fn note(&mut self, room: u32, seq: i64, id: Uuid, send: Uuid) -> Option<(Uuid, Uuid)> {
        let of_room = self.0.entry(room).or_default();
        let first = *of_room.entry(seq).or_insert((id, send));
        (first != (id, send)).then_some(first)
    }

    pub(super) fn of_room(&self, room: u32) -> impl Iterator<Item = (i64, Uuid, Uuid)> {
        let of_room = self.0.get(&room).into_iter().flatten();
        of_room.map(|(seq, (id, send))| (*seq, *id, *send))
    }
}

impl Listener {
    pub(super) fn new(index: u32, room: u32, mode: Mode) -> Self {
        Self {
            index,
            room,
            mode,
            at: (mode == Mode::Committed).then_some(0),
            again: 0,
            missing: BTreeSet::new(),
            live_since: None,
            shown: HashSet::new(),
        }
    }

    pub(super) fn room(&self) -> u32 {
        self.room
    }

    /// A new connection begins. What an optimistic one missed meanwhile it was not promised.
    pub(super) fn subscribing(&mut self, violations: &mut Vec<Violation>) {
        if self.mode == Mode::Optimistic {
            self.tell_missing(violations);
            self.at = None;
            self.again = 0;
        }
        self.live_since = None;
        self.shown.clear();
    }

    pub(super) fn listening(&mut self, order: u64) {
        self.live_since = Some(order);
    }

    pub(super) fn closed(&mut self) {
        self.live_since = None;
    }

    /// Whether it listened already when something was noted in the journal.
    pub(super) fn listened_at(&self, order: u64) -> bool {
        self.live_since.is_some_and(|since| since < order)
    }

    /// Takes a stored message, or the number of one that was shown.
    pub(super) fn heard(
        &mut self,
        seq: i64,
        id: Uuid,
        send: Uuid,
        sends: &Sends,
        told: &mut Told,
        violations: &mut Vec<Violation>,
    ) {
        if let Some((other_id, other)) = told.note(self.room, seq, id, send) {
            violations.push(self.violation(
                Kind::ListenersDisagree,
                seq,
                format!("{other} as {other_id}, as another heard"),
                format!("{send} as {id}"),
            ));
        }
        let was_repeated = sends.get(&send).is_some_and(|send| send.tries > 1);
        match self.at {
            Some(at) if seq <= at && self.missing.remove(&seq) => {
                violations.push(self.violation(
                    Kind::OutOfOrder,
                    seq,
                    format!("{seq} before {at}"),
                    format!("{seq} after {at}"),
                ));
            }
            // A message that was sent again is shown again, and its number ends that: it says
            // nothing about where the room stands.
            None if was_repeated => self.again = self.again.max(seq),
            Some(at) if seq <= at && self.mode == Mode::Optimistic && was_repeated => {}
            Some(at) if seq <= at => violations.push(self.violation(
                Kind::HeardTwice,
                seq,
                format!("{} after {at}", at + 1),
                format!("{seq} once more"),
            )),
            Some(at) => {
                let room = MISSING_MAX.saturating_sub(self.missing.len());
                self.missing.extend((at + 1..seq).take(room));
                self.at = Some(seq);
            }
            None => self.at = Some(seq),
        }
    }

    /// Takes a message that is not stored yet.
    pub(super) fn shown(&mut self, send: Uuid, sends: &Sends, violations: &mut Vec<Violation>) {
        let is_fresh = self.shown.insert(send);
        let was_repeated = sends.get(&send).is_some_and(|send| send.tries > 1);
        if !is_fresh && !was_repeated {
            let mut violation = self.violation(
                Kind::HeardTwice,
                0,
                format!("{send} shown once"),
                "shown once more".to_owned(),
            );
            violation.seq = None;
            violations.push(violation);
        }
    }

    pub(super) fn withdrawn(&mut self, send: Uuid) {
        self.shown.remove(&send);
    }

    /// Takes the number of a message that it was shown.
    pub(super) fn timed(&mut self, seq: i64, send: Uuid, violations: &mut Vec<Violation>) {
        if !self.shown.contains(&send) {
            violations.push(self.violation(
                Kind::NumberWithoutMessage,
                seq,
                format!("{send} shown before its number"),
                "its number alone".to_owned(),
            ));
        }
    }

    pub(super) fn resumed(&mut self, to: i64, violations: &mut Vec<Violation>) {
        let at = self.at.unwrap_or_default();
        if to > at {
            violations.push(self.violation(
                Kind::FalseResume,
                at + 1,
                format!("everything up to {to}"),
                format!("nothing behind {at}"),
            ));
        }
    }

    pub(super) fn sent_back(&mut self, last_seq: i64, violations: &mut Vec<Violation>) {
        violations.push(self.violation(
            Kind::SnapshotWithoutCause,
            last_seq,
            "what follows the number it named".to_owned(),
            format!("a snapshot at {last_seq}"),
        ));
    }

    /// Looks at the end: the room has the numbers up to `last`, whose message was intended at
    /// `last_order` in the journal.
    pub(super) fn finish(mut self, last: i64, last_order: u64, violations: &mut Vec<Violation>) {
        self.tell_missing(violations);
        let is_entitled = match self.mode {
            Mode::Committed => true,
            Mode::Optimistic => self.listened_at(last_order),
        };
        let at = self.at.unwrap_or_default().max(self.again);
        if is_entitled && at < last {
            violations.push(self.violation(
                Kind::Missed,
                at + 1,
                format!("everything up to {last}"),
                format!("nothing behind {at}"),
            ));
        }
    }

    fn tell_missing(&mut self, violations: &mut Vec<Violation>) {
        for seq in std::mem::take(&mut self.missing) {
            let at = self.at.unwrap_or_default();
            violations.push(self.violation(
                Kind::Missed,
                seq,
                format!("{seq} after {}", seq - 1),
                format!("never, though {at} was heard"),
            ));
        }
    }

    fn violation(&self, kind: Kind, seq: i64, expected: String, found: String) -> Violation {
        Violation {
            kind,
            room: self.room,
            seq: Some(seq),
            who: Some(Client::Listener(self.index)),
            expected,
            found,
        }
    }
}
