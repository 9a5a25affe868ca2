//! What an adapter counts.

/// Totals since the adapter's start; each only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events given to `publish`.
    pub published: u64,
    /// Published events that other instances were not told of, since they could not be reached.
    pub dropped: u64,
    /// Events that did not reach this instance, since it took them too slowly.
    pub lost: u64,
    /// Own events that came back after they had been looped back, and were ignored.
    pub late: u64,
    /// How often the others could no longer be heard.
    pub interruptions: u64,
    /// Messages that were refused on receipt.
    pub rejected: Rejections,
}

/// Why a message on a channel was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It is not an envelope, or the event in it is not complete.
    Garbage,
    /// It is longer than any envelope.
    Oversized,
    /// Its version or its type of event is not known here.
    Unknown,
    /// Its MAC is missing or wrong.
    Forged,
    /// Its event belongs to another room or another channel.
    Misplaced,
}

impl Rejection {
    /// Every reason, in the order of [`Rejections`].
    pub const ALL: [Self; 5] = [
        Self::Garbage,
        Self::Oversized,
        Self::Unknown,
        Self::Forged,
        Self::Misplaced,
    ];

    /// The reason as the label of a metric.
    pub fn label(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::Oversized => "oversized",
            Self::Unknown => "unknown",
            Self::Forged => "forged",
            Self::Misplaced => "misplaced",
        }
    }
}

/// How many messages were refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejections([u64; Rejection::ALL.len()]);

impl Rejections {
    /// How many were refused for one reason.
    pub fn of(&self, reason: Rejection) -> u64 {
        self.0[reason as usize]
    }

    /// How many were refused in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn count(&mut self, reason: Rejection) {
        self.0[reason as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_apart_under_a_label_of_its_own() {
        let mut rejected = Rejections::default();
        for (times, reason) in Rejection::ALL.into_iter().enumerate() {
            for _ in 0..times {
                rejected.count(reason);
            }
        }

        for (times, reason) in Rejection::ALL.into_iter().enumerate() {
            assert_eq!(rejected.of(reason), times as u64, "{}", reason.label());
        }
        assert_eq!(rejected.total(), 10);
    }
}
