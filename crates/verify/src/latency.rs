//! Latencies, kept one by one: their percentiles are exact.

use serde::Serialize;

/// Microseconds, in the order in which they came.
#[derive(Default)]
pub(crate) struct Latencies(Vec<u64>);

/// How they are spread, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// The half is below.
    pub p50: f64,
    /// Nine of ten are below.
    pub p90: f64,
    /// All but one of a hundred are below.
    pub p99: f64,
    /// All but one of a thousand are below.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Latencies {
    /// Adds one.
    pub(crate) fn add(&mut self, us: u64) {
        self.0.push(us);
    }

    /// How they are spread; zeros where there are none.
    pub(crate) fn spread(mut self) -> Spread {
        self.0.sort_unstable();
        let at = |share: f64| {
            let rank = (share * self.0.len() as f64).ceil() as usize;
            let us = self.0.get(rank.saturating_sub(1)).copied();
            us.unwrap_or_default() as f64 / 1_000.0
        };
        Spread {
            count: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_smallest_that_so_many_do_not_pass() {
        let mut latencies = Latencies::default();
        (1..=1000).rev().for_each(|ms| latencies.add(ms * 1_000));
        let spread = latencies.spread();
        assert_eq!((spread.p50, spread.p90, spread.p99), (500.0, 900.0, 990.0));
        assert_eq!((spread.p999, spread.max), (999.0, 1000.0));
        assert_eq!(Latencies::default().spread(), Spread::default());
    }
}
