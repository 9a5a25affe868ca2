use std::collections::BTreeMap;

use super::*;
use crate::journal::Mode;

/// A journal, written by hand: one room, a listener of each mode, what is said about it in order.
struct Story {
    entries: Vec<Entry>,
    rows: Vec<Row>,
}

const COMMITTED: u32 = 0;
const OPTIMISTIC: u32 = 1;

fn send(n: i64) -> Uuid {
    Uuid::from_u128(n as u128)
}

fn id(n: i64) -> Uuid {
    Uuid::from_u128(1_000 + n as u128)
}

fn row(seq: i64) -> Row {
    Row {
        seq,
        id: id(seq),
        send: send(seq),
        hash: seq as u64,
    }
}

fn story() -> Story {
    let mut story = Story {
        entries: Vec::new(),
        rows: Vec::new(),
    };
    for (listener, mode) in [(COMMITTED, Mode::Committed), (OPTIMISTIC, Mode::Optimistic)] {
        story.connects(listener, mode);
    }
    story
}

impl Story {
    fn note(&mut self, event: Event) -> &mut Self {
        let at_us = 1_000 * self.entries.len() as u64;
        self.entries.push(Entry { at_us, event });
        self
    }

    fn connects(&mut self, listener: u32, mode: Mode) -> &mut Self {
        self.note(Event::Subscribing {
            listener,
            room: 0,
            mode,
            since: None,
        });
        self.note(Event::Listening { listener })
    }

    fn breaks(&mut self, listener: u32) -> &mut Self {
        self.note(Event::Closed {
            client: Client::Listener(listener),
            code: None,
            reason: "closed".to_owned(),
        })
    }

    fn intends(&mut self, n: i64) -> &mut Self {
        self.note(Event::Intent {
            send: send(n),
            room: 0,
            due_us: 0,
            hash: n as u64,
        });
        self.note(Event::Sent { send: send(n) })
    }

    fn receipts(&mut self, n: i64, duplicate: bool) -> &mut Self {
        self.note(Event::Receipt {
            send: send(n),
            id: id(n),
            seq: n,
            duplicate,
        })
    }

    fn refuses(&mut self, n: i64, is_certain: bool) -> &mut Self {
        self.note(Event::Refusal {
            send: send(n),
            code: "store-unavailable".to_owned(),
            is_certain,
        })
    }

    fn tells(&mut self, seq: i64) -> &mut Self {
        self.note(Event::Stored {
            listener: COMMITTED,
            send: send(seq),
            id: id(seq),
            seq,
            hash: seq as u64,
        })
    }

    fn shows(&mut self, n: i64) -> &mut Self {
        self.note(Event::Shown {
            listener: OPTIMISTIC,
            send: send(n),
            hash: n as u64,
        })
    }

    fn times(&mut self, seq: i64) -> &mut Self {
        self.note(Event::Timed {
            listener: OPTIMISTIC,
            send: send(seq),
            id: id(seq),
            seq,
        })
    }

    fn stores(&mut self, seq: i64) -> &mut Self {
        self.rows.push(row(seq));
        self
    }

    /// A message on its good way.
    fn goes_well(&mut self, n: i64) -> &mut Self {
        self.intends(n).shows(n).receipts(n, false).stores(n);
        self.tells(n).times(n)
    }

    /// How often each promise was broken.
    fn breaches(&mut self) -> BTreeMap<Kind, usize> {
        let rows = self.rows.clone();
        for reading in [Reading::Http, Reading::Sql] {
            for row in rows.clone() {
                self.note(Event::Row {
                    reading,
                    room: 0,
                    row,
                });
            }
        }
        let mut breaches = BTreeMap::new();
        for violation in check(self.entries.drain(..)).violations {
            *breaches.entry(violation.kind).or_default() += 1;
        }
        breaches
    }
}

#[test]
fn a_good_journal_has_no_violation() {
    let mut story = story();
    for n in 1..=5 {
        story.goes_well(n);
    }
    assert_eq!(story.breaches(), BTreeMap::new());
}

#[test]
fn a_receipted_message_without_a_row_is_lost() {
    let mut story = story();
    story.goes_well(1).intends(2).receipts(2, false);
    assert_eq!(story.breaches(), BTreeMap::from([(Kind::ReceiptedLost, 1)]));
}

#[test]
fn a_receipt_of_another_number_than_the_rows_is_told() {
    let mut story = story();
    story
        .goes_well(1)
        .intends(2)
        .stores(2)
        .tells(2)
        .shows(2)
        .times(2);
    story.note(Event::Receipt {
        send: send(2),
        id: id(2),
        seq: 7,
        duplicate: false,
    });
    assert_eq!(
        story.breaches(),
        BTreeMap::from([(Kind::ReceiptDiffers, 1)])
    );
}

#[test]
fn a_receipt_says_truly_whether_the_message_was_stored_before() {
    for (first, second, wrong) in [(false, true, 0), (true, true, 1), (false, false, 1)] {
        let mut story = story();
        story.intends(1).shows(1).receipts(1, first).stores(1);
        story.tells(1).times(1).note(Event::Sent { send: send(1) });
        let breaches = story.receipts(1, second).breaches();
        let told = breaches.get(&Kind::DuplicateFlag).copied();
        assert_eq!(told.unwrap_or_default(), wrong, "{first} {second}");
    }
}

#[test]
fn a_retry_of_what_was_unanswered_may_be_a_duplicate_or_not() {
    for duplicate in [false, true] {
        let mut story = story();
        story.intends(1).note(Event::Unanswered { send: send(1) });
        story.shows(1).note(Event::Sent { send: send(1) });
        story.receipts(1, duplicate).stores(1).tells(1).times(1);
        assert_eq!(story.breaches(), BTreeMap::new());
    }
}

#[test]
fn a_refused_message_must_have_no_row_and_an_unknown_one_may() {
    for (is_certain, wrong) in [(true, 1), (false, 0)] {
        let mut story = story();
        story.intends(1).shows(1).refuses(1, is_certain);
        let breaches = story.stores(1).tells(1).times(1).breaches();
        let told = breaches.get(&Kind::RefusedStored).copied();
        assert_eq!(told.unwrap_or_default(), wrong, "{is_certain}");
    }
    let mut story = story();
    story.intends(1).refuses(1, true);
    assert_eq!(story.breaches(), BTreeMap::new());
}

#[test]
fn a_refusal_is_a_lie_where_the_retry_is_a_duplicate_of_nothing_else() {
    for (is_certain, wrong) in [(true, 1), (false, 0)] {
        let mut story = story();
        story.intends(1).shows(1).refuses(1, is_certain);
        story.note(Event::Sent { send: send(1) }).receipts(1, true);
        let breaches = story.stores(1).tells(1).times(1).breaches();
        let told = breaches.get(&Kind::RefusedStored).copied();
        assert_eq!(told.unwrap_or_default(), wrong, "{is_certain}");
    }
}

#[test]
fn a_send_with_two_rows_is_stored_twice() {
    let mut story = story();
    story.goes_well(1).tells(2).times(2);
    story.rows.push(Row {
        send: send(1),
        hash: 1,
        ..row(2)
    });
    let breaches = story.breaches();
    assert_eq!(breaches.get(&Kind::StoredTwice), Some(&1));
}

#[test]
fn a_row_that_nobody_sent_is_foreign() {
    let mut story = story();
    story.goes_well(1).stores(2);
    let breaches = story.breaches();
    assert_eq!(breaches.get(&Kind::Foreign), Some(&1));
}

#[test]
fn another_content_is_told_in_the_row_and_at_the_listener() {
    let mut story = story();
    story.goes_well(1).intends(2).receipts(2, false);
    story.rows.push(Row { hash: 99, ..row(2) });
    story.shows(2).times(2).note(Event::Stored {
        listener: COMMITTED,
        send: send(2),
        id: id(2),
        seq: 2,
        hash: 99,
    });
    assert_eq!(
        story.breaches(),
        BTreeMap::from([(Kind::ContentDiffers, 2)])
    );
}

#[test]
fn a_hole_in_the_rows_is_told_at_its_number() {
    let mut story = story();
    story.goes_well(1).goes_well(2).goes_well(3);
    story.rows.remove(1);
    let breaches = story.breaches();
    assert_eq!(breaches.get(&Kind::NumberMissing), Some(&1));
}

#[test]
fn readings_that_differ_are_told() {
    let mut story = story();
    story.goes_well(1).goes_well(2);
    for (reading, count) in [(Reading::Early, 1), (Reading::Http, 1), (Reading::Sql, 2)] {
        for row in story.rows.clone().into_iter().take(count) {
            let room = 0;
            story.note(Event::Row { reading, room, row });
        }
    }
    story.rows.clear();
    assert_eq!(
        story.breaches(),
        BTreeMap::from([(Kind::ReadingsDiffer, 1)])
    );
}

#[test]
fn a_number_that_a_listener_did_not_hear_is_missed() {
    let mut story = story();
    story
        .goes_well(1)
        .intends(2)
        .shows(2)
        .receipts(2, false)
        .stores(2);
    story.times(2).goes_well(3);
    assert_eq!(story.breaches(), BTreeMap::from([(Kind::Missed, 1)]));
}

#[test]
fn the_last_numbers_are_missed_too_by_whoever_listened() {
    let mut story = story();
    story.goes_well(1).intends(2).receipts(2, false).stores(2);
    assert_eq!(story.breaches(), BTreeMap::from([(Kind::Missed, 2)]));
}

#[test]
fn a_message_that_is_told_twice_is_heard_twice() {
    let mut story = story();
    story.goes_well(1).goes_well(2).tells(2).times(2).shows(2);
    assert_eq!(story.breaches(), BTreeMap::from([(Kind::HeardTwice, 3)]));
}

#[test]
fn two_messages_that_change_places_are_out_of_order() {
    let mut story = story();
    story.goes_well(1);
    for n in [2, 3] {
        story.intends(n).shows(n).receipts(n, false).stores(n);
    }
    story.tells(3).tells(2).times(3).times(2);
    assert_eq!(story.breaches(), BTreeMap::from([(Kind::OutOfOrder, 2)]));
}

#[test]
fn listeners_that_hear_different_messages_under_one_number_disagree() {
    let mut story = story();
    story.intends(1).intends(2).shows(1).shows(2);
    story
        .receipts(1, false)
        .receipts(2, false)
        .stores(1)
        .stores(2);
    story.tells(1).tells(2).times(1).note(Event::Timed {
        listener: OPTIMISTIC,
        send: send(1),
        id: id(1),
        seq: 2,
    });
    let breaches = story.breaches();
    assert_eq!(breaches.get(&Kind::ListenersDisagree), Some(&1));
}

#[test]
fn a_committed_listener_is_complete_over_all_its_connections() {
    let mut story = story();
    story.goes_well(1).breaks(COMMITTED);
    story
        .intends(2)
        .shows(2)
        .receipts(2, false)
        .stores(2)
        .times(2);
    story.connects(COMMITTED, Mode::Committed).tells(2);
    let resumed = |to| Event::Resumed {
        listener: COMMITTED,
        to,
    };
    story.note(resumed(2)).goes_well(3);
    assert_eq!(story.breaches(), BTreeMap::new());

    let mut story = self::story();
    story.goes_well(1).goes_well(2).note(resumed(3));
    assert_eq!(story.breaches(), BTreeMap::from([(Kind::FalseResume, 1)]));
}

#[test]
fn an_optimistic_listener_is_promised_nothing_for_the_time_it_was_away() {
    let mut story = story();
    story.goes_well(1).breaks(OPTIMISTIC);
    story.intends(2).receipts(2, false).stores(2).tells(2);
    story.connects(OPTIMISTIC, Mode::Optimistic).goes_well(3);
    assert_eq!(story.breaches(), BTreeMap::new());
}

#[test]
fn a_number_of_a_message_sent_again_is_no_place_to_count_from() {
    let mut story = story();
    story.intends(1).shows(1).breaks(OPTIMISTIC);
    story.note(Event::Unanswered { send: send(1) });
    story.intends(2).receipts(2, false).stores(1).stores(2);
    story.tells(1).tells(2);
    story.connects(OPTIMISTIC, Mode::Optimistic);
    story.note(Event::Sent { send: send(1) });
    story.receipts(1, true).shows(1).times(1).goes_well(3);
    assert_eq!(story.breaches(), BTreeMap::new());
}

#[test]
fn a_snapshot_of_a_room_that_was_never_restored_is_without_cause() {
    let mut story = story();
    story.goes_well(1).note(Event::Snapshot {
        listener: COMMITTED,
        last_seq: 1,
    });
    assert_eq!(
        story.breaches(),
        BTreeMap::from([(Kind::SnapshotWithoutCause, 1)])
    );
}

#[test]
fn a_number_comes_after_its_message() {
    let mut story = story();
    story
        .intends(1)
        .receipts(1, false)
        .stores(1)
        .tells(1)
        .times(1);
    assert_eq!(
        story.breaches(),
        BTreeMap::from([(Kind::NumberWithoutMessage, 1)])
    );
}

#[test]
fn whoever_comes_between_a_message_and_its_number_is_shown_it_too() {
    for is_shown_again in [true, false] {
        let mut story = story();
        story.intends(1).shows(1).breaks(OPTIMISTIC);
        story.connects(OPTIMISTIC, Mode::Optimistic);
        if is_shown_again {
            story.shows(1);
        }
        story.receipts(1, false).stores(1).tells(1).times(1);
        let found = story.breaches().contains_key(&Kind::NumberWithoutMessage);
        assert_eq!(found, !is_shown_again);
    }
}

#[test]
fn sends_are_counted_by_their_ends() {
    let mut story = story();
    story.goes_well(1).intends(2).refuses(2, true).intends(3);
    story.note(Event::Unanswered { send: send(3) });
    story.note(Event::Intent {
        send: send(4),
        room: 0,
        due_us: 0,
        hash: 4,
    });
    let tally = check(story.entries.drain(..)).tally;
    let ends = [tally.receipted, tally.refused, tally.unknown, tally.unsent];
    assert_eq!(ends, [1, 1, 1, 1]);
    assert_eq!((tally.intended, tally.unknown_for_a_while), (4, 1));
}
