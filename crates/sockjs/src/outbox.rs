//! What waits for the client.

use std::collections::VecDeque;

use crate::{Frame, Quoted};

/// Messages that no receiver has taken yet, bounded in bytes.
#[derive(Default)]
pub(crate) struct Outbox {
    messages: VecDeque<Quoted>,
    bytes: usize,
}

/// The message would have put the outbox over its bound; it was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Outbox {
    /// Takes a message if all that waits is then within `bytes_max`.
    pub(crate) fn push(&mut self, message: Quoted, bytes_max: usize) -> Result<(), Overflow> {
        if !self.has_room(&message, bytes_max) {
            return Err(Overflow);
        }
        self.bytes += cost(&message);
        self.messages.push_back(message);
        Ok(())
    }

    /// Whether a message fits within `bytes_max`.
    pub(crate) fn has_room(&self, message: &Quoted, bytes_max: usize) -> bool {
        self.bytes + cost(message) <= bytes_max
    }

    /// The next frame: the oldest message, and further ones until the frame has
    /// `frame_bytes_max` bytes.
    pub(crate) fn next_frame(&mut self, frame_bytes_max: usize) -> Option<Frame> {
        let mut taken = 0;
        let mut frame_bytes = 0;
        for message in &self.messages {
            if taken > 0 && frame_bytes >= frame_bytes_max {
                break;
            }
            frame_bytes += message.as_bytes().len();
            taken += 1;
        }
        if taken == 0 {
            return None;
        }
        let frame = Frame::messages(self.messages.range(..taken));
        self.bytes -= self
            .messages
            .drain(..taken)
            .map(|m| cost(&m))
            .sum::<usize>();
        if self.messages.is_empty() {
            // An idle session holds no buffer.
            self.messages = VecDeque::new();
        }
        Some(frame)
    }

    /// Drops all that waits.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What a waiting message holds: its text and its place in the queue.
fn cost(message: &Quoted) -> usize {
    message.as_bytes().len() + size_of::<Quoted>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_leave_in_order_and_a_frame_ends_when_it_is_large_enough() {
        let mut outbox = Outbox::default();
        for text in ["a", "bb", "c"] {
            assert_eq!(outbox.push(Quoted::new(text), usize::MAX), Ok(()));
        }
        let mut frame = || outbox.next_frame(5).map(|f| f.into_vec());
        assert_eq!(frame().as_deref(), Some(&br#"a["a","bb"]"#[..]));
        assert_eq!(frame().as_deref(), Some(&br#"a["c"]"#[..]));
        assert_eq!(frame(), None);
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn a_message_over_the_bound_is_not_taken() {
        let mut outbox = Outbox::default();
        let message = Quoted::new("a");
        let both = 2 * cost(&message);
        assert_eq!(outbox.push(message.clone(), both), Ok(()));
        assert_eq!(outbox.push(message.clone(), both), Ok(()));
        assert_eq!(outbox.push(message, both), Err(Overflow));
        assert_eq!(outbox.bytes(), both);
    }
}
