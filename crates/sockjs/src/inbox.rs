//! What waits for the application.

use std::collections::VecDeque;

/// Messages that the application has not taken yet, bounded in bytes.
#[derive(Default)]
pub(crate) struct Inbox {
    messages: VecDeque<String>,
    bytes: usize,
}

impl Inbox {
    /// Takes all of the messages or, where that would put what waits over `bytes_max`, gives all
    /// of them back. An empty inbox takes whatever one payload held, or it would never get in.
    pub(crate) fn push(
        &mut self,
        messages: Vec<String>,
        bytes_max: usize,
    ) -> Result<(), Vec<String>> {
        let bytes = self.bytes + messages.iter().map(|m| cost(m)).sum::<usize>();
        if bytes > bytes_max && !self.messages.is_empty() {
            return Err(messages);
        }
        self.bytes = bytes;
        self.messages.extend(messages);
        Ok(())
    }

    /// The oldest message.
    pub(crate) fn pop(&mut self) -> Option<String> {
        let message = self.messages.pop_front()?;
        self.bytes -= cost(&message);
        if self.messages.is_empty() {
            // An idle session holds no buffer.
            self.messages = VecDeque::new();
        }
        Some(message)
    }

    /// Drops all that waits.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What a waiting message holds: its text and its place in the queue.
fn cost(message: &str) -> usize {
    message.len() + size_of::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn a_batch_that_does_not_fit_comes_back_whole_and_fits_later() {
        let mut inbox = Inbox::default();
        let bytes_max = cost("a") + cost("b");
        assert_eq!(inbox.push(batch(&["a", "b"]), bytes_max), Ok(()));
        assert_eq!(inbox.push(batch(&["c"]), bytes_max), Err(batch(&["c"])));
        assert_eq!(inbox.pop().as_deref(), Some("a"));
        assert_eq!(inbox.push(batch(&["c"]), bytes_max), Ok(()));
        assert_eq!(inbox.pop().as_deref(), Some("b"));
        assert_eq!(inbox.pop().as_deref(), Some("c"));
        assert_eq!(inbox.pop(), None);
        assert_eq!(inbox.bytes, 0);
    }

    #[test]
    fn an_empty_inbox_takes_any_one_batch() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.push(batch(&["far too long"]), 1), Ok(()));
        assert_eq!(inbox.push(batch(&[""]), 1), Err(batch(&[""])));
    }
}
