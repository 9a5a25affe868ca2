//! The order of one room's changes, whatever order they arrive in.

use std::collections::BTreeMap;
use std::sync::Arc;

use chat::{ChatMessageReceive, Seq};

use crate::limits::HELD_BACK_MAX;

/// A stored message, complete, shared among all who are told of it.
pub(crate) type Change = Arc<ChatMessageReceive>;

/// Lets every number of a room through once and in order: holds back what comes early, drops what
/// was let through before, and takes what Postgres says where a number does not come at all.
///
/// Until [`position`](Self::position) it lets nothing through, since nobody told it where the
/// room stands.
#[derive(Debug, Default)]
pub(crate) struct Order {
    delivered: Option<Seq>,
    held_back: BTreeMap<Seq, Change>,
}

/// What became of an offered change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is held; [`Order::next`] lets it through in its turn.
    Held,
    /// Its number was let through before.
    Old,
}

impl Order {
    /// The last number let through, or `None` before the first look at the room.
    pub(crate) fn delivered(&self) -> Option<Seq> {
        self.delivered
    }

    /// The greatest number that is known to have been stored.
    pub(crate) fn latest(&self) -> Option<Seq> {
        let held_back = self.held_back.keys().next_back().copied();
        self.delivered.max(held_back)
    }

    /// Starts behind `head`, the room's last number when somebody began to listen; but not past
    /// what has come since, which that somebody may have seen being shown.
    pub(crate) fn position(&mut self, head: Seq) {
        if self.delivered.is_none() {
            let earliest = self.held_back.keys().next();
            self.delivered = Some(earliest.map_or(head, |rev| head.min(Seq(rev.0 - 1))));
        }
    }

    /// Takes a change that arrived.
    pub(crate) fn offer(&mut self, change: Change) -> Offer {
        // A change without a number is not a change of a stored message.
        let Some(rev) = change.rev else {
            return Offer::Old;
        };
        if self.delivered.is_some_and(|delivered| rev <= delivered) {
            return Offer::Old;
        }
        self.held_back.insert(rev, change);
        if self.held_back.len() > HELD_BACK_MAX {
            // The hole in front of it is repaired from Postgres, which has this one too.
            self.held_back.pop_last();
        }
        Offer::Held
    }

    /// Lets the next change through, where it is there.
    pub(crate) fn next(&mut self) -> Option<Change> {
        let next = self.delivered?.next();
        let change = self.held_back.remove(&next)?;
        self.delivered = Some(next);
        Some(change)
    }

    /// Whether something is held back behind a number that has not come.
    pub(crate) fn has_hole(&self) -> bool {
        self.delivered.is_some() && !self.held_back.is_empty()
    }

    /// Takes what Postgres says follows `after`: rows in order of their last change. A number
    /// that is missing among them was overtaken by a later change of the same message.
    ///
    /// Returns what is to be let through now; [`next`](Self::next) then goes on behind it. Rows
    /// that would leave a hole, since the room has gone back meanwhile, are none of it.
    pub(crate) fn repaired(&mut self, after: Seq, rows: Vec<Change>) -> Vec<Change> {
        let Some(delivered) = self.delivered.filter(|delivered| after <= *delivered) else {
            return Vec::new();
        };
        let fresh: Vec<_> = rows
            .into_iter()
            .filter(|row| row.rev.is_some_and(|rev| rev > delivered))
            .collect();
        if let Some(rev) = fresh.last().and_then(|row| row.rev) {
            self.delivered = Some(rev);
            self.held_back = self.held_back.split_off(&rev.next());
        }
        fresh
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use chat::{MessageId, RoomId, TempId};
    use proptest::prelude::*;
    use uuid::Uuid;

    /// A change with this number.
    pub(in crate::hub) fn change(rev: i64) -> Change {
        Arc::new(ChatMessageReceive {
            id: MessageId(Uuid::nil()),
            temp_id: TempId(Uuid::nil()),
            sender: "Ada".into(),
            sender_id: None,
            content: "hi".into(),
            room_id: RoomId::parse("lobby").expect("a room"),
            created_at: None,
            edited_at: None,
            deleted: false,
            seq: Some(Seq(rev)),
            rev: Some(Seq(rev)),
        })
    }

    fn let_through(order: &mut Order) -> Vec<i64> {
        std::iter::from_fn(|| order.next())
            .map(|change| change.rev.expect("numbered").0)
            .collect()
    }

    #[test]
    fn what_comes_early_waits_for_what_is_missing() {
        let mut order = Order::default();
        order.position(Seq(4));
        order.offer(change(6));
        assert_eq!(let_through(&mut order), [0_i64; 0]);
        assert!(order.has_hole());
        order.offer(change(5));
        assert_eq!(let_through(&mut order), [5, 6]);
        assert!(!order.has_hole());
    }

    #[test]
    fn what_was_let_through_does_not_come_again() {
        let mut order = Order::default();
        order.position(Seq(4));
        assert_eq!(order.offer(change(4)), Offer::Old);
        order.offer(change(5));
        assert_eq!(let_through(&mut order), [5]);
        assert_eq!(order.offer(change(5)), Offer::Old);
    }

    #[test]
    fn what_came_before_the_first_look_is_let_through_though_the_look_has_it() {
        let mut order = Order::default();
        order.offer(change(3));
        assert_eq!(let_through(&mut order), [0_i64; 0]);
        order.position(Seq(3));
        assert_eq!(let_through(&mut order), [3]);
    }

    #[test]
    fn a_number_overtaken_by_a_later_change_is_not_waited_for() {
        let mut order = Order::default();
        order.position(Seq(0));
        order.offer(change(4));
        // Message 2 was edited: its last change is 3.
        let fresh = order.repaired(Seq(0), vec![change(1), change(3)]);
        assert_eq!(fresh.len(), 2);
        assert_eq!(let_through(&mut order), [4]);
    }

    #[test]
    fn rows_behind_a_number_that_was_not_let_through_would_leave_a_hole() {
        let mut order = Order::default();
        order.position(Seq(3));
        assert_eq!(order.repaired(Seq(5), vec![change(6)]), []);
        assert_eq!(order.delivered(), Some(Seq(3)));
    }

    #[test]
    fn too_much_held_back_drops_the_latest_and_keeps_the_next() {
        let mut order = Order::default();
        order.position(Seq(0));
        for rev in 2..=HELD_BACK_MAX as i64 + 2 {
            order.offer(change(rev));
        }
        order.offer(change(1));
        let through = let_through(&mut order);
        assert_eq!(through.first(), Some(&1));
        assert_eq!(through.len(), HELD_BACK_MAX);
    }

    proptest! {
        #[test]
        fn any_order_with_repeats_and_losses_comes_out_once_and_in_order(
            arrivals in prop::collection::vec(1_i64..40, 0..200),
            repairs in prop::collection::vec(0_usize..200, 0..5),
        ) {
            let mut order = Order::default();
            order.position(Seq(0));
            let mut through = Vec::new();
            for (turn, rev) in arrivals.iter().enumerate() {
                order.offer(change(*rev));
                through.extend(let_through(&mut order));
                if repairs.contains(&turn) {
                    let delivered = order.delivered().expect("positioned").0;
                    let rows = (delivered + 1..=*rev).map(change).collect();
                    through.extend(order.repaired(Seq(delivered), rows).iter().map(|row| row.rev.expect("numbered").0));
                    through.extend(let_through(&mut order));
                }
            }
            let expected: Vec<i64> = (1..=through.len() as i64).collect();
            prop_assert_eq!(through, expected);
        }
    }
}
