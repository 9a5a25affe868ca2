//! How many messages are stored together.

use crate::limits::{WRITER_BATCH_MAX, WRITER_BATCH_MIN};

/// As many as could be stored in time lately: half of what could not, and twice what could. A store
/// that has become slow so takes a little again and again, and does not fail at much for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchSize(usize);

impl BatchSize {
    /// How many the next batch takes at the most.
    pub(super) fn get(self) -> usize {
        self.0
    }

    /// A batch was stored.
    pub(super) fn stored(&mut self) {
        self.0 = (self.0 * 2).min(WRITER_BATCH_MAX);
    }

    /// A batch was not stored.
    pub(super) fn failed(&mut self) {
        self.0 = (self.0 / 2).max(WRITER_BATCH_MIN);
    }
}

impl Default for BatchSize {
    fn default() -> Self {
        Self(WRITER_BATCH_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores batches for a while where so many messages can be stored in time; returns the
    /// messages that were.
    fn stores(can: usize, batches: usize) -> usize {
        let mut size = BatchSize::default();
        let mut stored = 0;
        for _ in 0..batches {
            if size.get() <= can {
                stored += size.get();
                size.stored();
            } else {
                size.failed();
            }
        }
        stored
    }

    #[test]
    fn a_slow_store_stores_on() {
        assert_eq!(stores(WRITER_BATCH_MAX, 100), 100 * WRITER_BATCH_MAX);
        for can in [WRITER_BATCH_MIN, 100, 300, 511] {
            // Every other batch at the least, of a quarter of what it can at the least.
            assert!(stores(can, 100) >= 40 * (can / 4), "{can}");
        }
    }
}
