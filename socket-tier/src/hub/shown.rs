//! Which messages of a room were shown before they were stored.

use std::collections::VecDeque;

use chat::TempId;

use crate::limits::{AWAITING_COMMIT_MAX, SETTLED_REMEMBERED_MAX};

/// Remembers what listeners were shown, so that each message is shown once, and is shown at all
/// where only its commit was heard.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    awaiting: VecDeque<TempId>,
    settled: VecDeque<TempId>,
}

impl Shown {
    /// Notes that a message is to be shown. False where it was before.
    pub(crate) fn show(&mut self, temp_id: TempId) -> bool {
        if self.awaiting.contains(&temp_id) || self.settled.contains(&temp_id) {
            return false;
        }
        push_bounded(&mut self.awaiting, temp_id, AWAITING_COMMIT_MAX);
        true
    }

    /// Notes that a message is stored. True where it was shown and this is its first settling.
    pub(crate) fn settle(&mut self, temp_id: TempId) -> bool {
        let was_shown = self.forget_awaiting(temp_id);
        if was_shown || !self.settled.contains(&temp_id) {
            push_bounded(&mut self.settled, temp_id, SETTLED_REMEMBERED_MAX);
        }
        was_shown
    }

    /// Notes that a message was withdrawn, so that it may be shown again. True where it was shown.
    pub(crate) fn withdraw(&mut self, temp_id: TempId) -> bool {
        self.forget_awaiting(temp_id)
    }

    fn forget_awaiting(&mut self, temp_id: TempId) -> bool {
        // Commits come in about the order of showing: the search ends near the front.
        let Some(index) = self.awaiting.iter().position(|known| *known == temp_id) else {
            return false;
        };
        self.awaiting.remove(index);
        if self.awaiting.is_empty() {
            self.awaiting = VecDeque::new();
        }
        true
    }
}

fn push_bounded(queue: &mut VecDeque<TempId>, temp_id: TempId, max: usize) {
    if queue.len() == max {
        queue.pop_front();
    }
    queue.push_back(temp_id);
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
        assert!(shown.settle(id(1)));
        assert!(!shown.show(id(1)));
    }

    #[test]
    fn a_commit_of_what_was_never_shown_is_told_apart() {
        let mut shown = Shown::default();
        assert!(!shown.settle(id(1)));
        assert!(!shown.show(id(1)), "the show was late");
    }

    #[test]
    fn a_withdrawn_message_may_be_shown_again() {
        let mut shown = Shown::default();
        shown.show(id(1));
        assert!(shown.withdraw(id(1)));
        assert!(!shown.withdraw(id(1)));
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
