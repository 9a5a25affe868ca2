//! How long things took, in a fixed number of counters.

use std::time::Duration;

/// Each power of two of nanoseconds is divided into so many parts: 3 % of error at the most.
const PARTS: usize = 1 << PART_BITS;
const PART_BITS: u32 = 5;

/// Counts durations by their size.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; (u64::BITS as usize + 1) * PARTS],
            total: 0,
        }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[index(nanos)] += 1;
        self.total += 1;
    }

    /// The time within which this share of what was recorded lies, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return least(index + 1) as f64 / 1e6;
            }
        }
        0.0
    }
}

/// The counter of a time. Times below [`PARTS`] have one each.
fn index(nanos: u64) -> usize {
    if nanos < PARTS as u64 {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - PART_BITS;
    let part = (nanos >> shift) as usize - PARTS;
    (shift as usize + 1) * PARTS + part
}

/// The least time that a counter counts.
fn least(index: usize) -> u64 {
    if index < PARTS {
        return index as u64;
    }
    let (shift, part) = (index / PARTS - 1, index % PARTS);
    ((PARTS + part) as u64) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_counted_between_the_bounds_of_its_counter() {
        for nanos in [0, 1, 31, 32, 33, 63, 64, 1_000, 999_999, u64::MAX / 2] {
            let index = index(nanos);
            assert!(least(index) <= nanos && nanos < least(index + 1), "{nanos}");
        }
    }

    #[test]
    fn a_quantile_is_off_by_a_few_percent_at_the_most() {
        let mut histogram = Histogram::default();
        for ms in 1..=1000 {
            histogram.record(Duration::from_millis(ms));
        }
        for (share, exact) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let read = histogram.quantile_ms(share);
            assert!((read / exact - 1.0).abs() < 0.04, "{read} for {exact}");
        }
    }
}
