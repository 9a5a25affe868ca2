//! Which messages of a room were shown before they were stored.

use std::collections::VecDeque;

use chat::TempId;

use crate::limits::{AWAITING_COMMIT_MAX, SETTLED_REMEMBERED_MAX};

/// Remembers what listeners were shown, so that each message is shown once to each of them, and is
/// shown at all where only its commit was heard.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    awaiting: VecDeque<(TempId, Showing)>,
    settled: VecDeque<TempId>,
    next: Showing,
}

/// The place of a message among all that a room has shown: who came later was not shown it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Showing(u64);

impl Shown {
    /// The place of the message that is shown next.
    pub(crate) fn next(&self) -> Showing {
        self.next
    }

    /// Notes that a message is to be shown. False where it was before.
    pub(crate) fn show(&mut self, temp_id: TempId) -> bool {
        let is_awaited = self.awaiting.iter().any(|(known, _)| *known == temp_id);
        if is_awaited || self.settled.contains(&temp_id) {
            return false;
        }
        push_bounded(
            &mut self.awaiting,
            (temp_id, self.next),
            AWAITING_COMMIT_MAX,
        );
        self.next.0 += 1;
        true
    }

    /// Notes that a message is stored. Its place where it was shown and this is its first settling.
    pub(crate) fn settle(&mut self, temp_id: TempId) -> Option<Showing> {
        let showing = self.forget_awaiting(temp_id);
        if showing.is_some() || !self.settled.contains(&temp_id) {
            push_bounded(&mut self.settled, temp_id, SETTLED_REMEMBERED_MAX);
        }
        showing
    }

    /// Notes that a message was withdrawn, so that it may be shown again. Its place where it was
    /// shown.
    pub(crate) fn withdraw(&mut self, temp_id: TempId) -> Option<Showing> {
        self.forget_awaiting(temp_id)
    }

    fn forget_awaiting(&mut self, temp_id: TempId) -> Option<Showing> {
        // Commits come in about the order of showing: the search ends near the front.
        let mut awaiting = self.awaiting.iter();
        let index = awaiting.position(|(known, _)| *known == temp_id)?;
        let (_, showing) = self.awaiting.remove(index)?;
        if self.awaiting.is_empty() {
            self.awaiting = VecDeque::new();
        }
        Some(showing)
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T, max: usize) {
    if queue.len() == max {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> TempId {
        TempId(Uuid::from_u128(n))
    }

    #[test]
    fn a_message_is_shown_once_before_and_never_after_its_commit() {
        let mut shown = Shown::default();
        assert!(shown.show(id(1)));
        assert!(!shown.show(id(1)));
        assert!(shown.settle(id(1)).is_some());
        assert!(!shown.show(id(1)));
    }

    #[test]
    fn whoever_came_after_a_showing_is_told_apart_from_whoever_saw_it() {
        let mut shown = Shown::default();
        let early = shown.next();
        shown.show(id(1));
        let late = shown.next();
        shown.show(id(2));
        let settled = [1, 2].map(|n| shown.settle(id(n)).expect("it was shown"));
        let saw = |came_at| settled.map(|showing| showing >= came_at);
        assert_eq!((saw(early), saw(late)), ([true, true], [false, true]));
    }

    #[test]
    fn a_commit_of_what_was_never_shown_is_told_apart() {
        let mut shown = Shown::default();
        assert!(shown.settle(id(1)).is_none());
        assert!(!shown.show(id(1)), "the show was late");
    }

    #[test]
    fn a_withdrawn_message_may_be_shown_again() {
        let mut shown = Shown::default();
        shown.show(id(1));
        assert!(shown.withdraw(id(1)).is_some());
        assert!(shown.withdraw(id(1)).is_none());
        assert!(shown.show(id(1)));
    }

    #[test]
    fn memory_of_both_kinds_is_bounded() {
        let mut shown = Shown::default();
        for n in 0..10_000 {
            shown.show(id(n));
        }
        assert_eq!(shown.awaiting.len(), AWAITING_COMMIT_MAX);
        for n in 0..10_000 {
            shown.settle(id(n));
        }
        assert_eq!(shown.settled.len(), SETTLED_REMEMBERED_MAX);
    }
}
