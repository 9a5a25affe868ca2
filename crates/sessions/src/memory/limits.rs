//! How much one process keeps.

/// Bounds the memory of [`MemorySessions`](super::MemorySessions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// How many sessions of all users together, of about 600 bytes each; who wants to begin one
    /// more is told that the store is unavailable.
    pub sessions_max: usize,
    /// How many entries of the feed of revocations; the oldest go first. Whether a token is
    /// revoked does not hang on them.
    pub revocations_max: usize,
    /// How many throttled keys; where there are more, the half that would be forgotten first is
    /// forgotten at once. At least 1.
    pub throttles_max: usize,
}

impl Default for MemoryLimits {
    /// About 100 MiB when everything is full.
    fn default() -> Self {
        Self {
            sessions_max: 100_000,
            revocations_max: 50_000,
            throttles_max: 100_000,
        }
    }
}
