//! What a message costs the hub: put in order, encoded, handed to every listener and taken by it:
//! `cargo bench --bench hub`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use socket_tier::FullRoom;

/// How long each message is, in bytes.
const CONTENT_BYTES: usize = 128;

const LISTENERS: [usize; 4] = [1, 10, 100, 1000];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    fan_out(&mut criterion, "committed", 1, true);
    fan_out(&mut criterion, "shown and committed", 1, false);
    fan_out(&mut criterion, "committed, ten subscription ids", 10, true);
    criterion.final_summary();
}

fn fan_out(criterion: &mut Criterion, name: &str, ids: usize, is_committed_only: bool) {
    let content = "x".repeat(CONTENT_BYTES);
    let mut group = criterion.benchmark_group(format!("a message to a room, {name}"));
    for listeners in LISTENERS {
        let mut room = FullRoom::new(listeners, ids, is_committed_only);
        let deliveries = room.hears(&content);
        assert_eq!(
            deliveries,
            if is_committed_only { 1 } else { 2 } * listeners,
            "nobody is left out"
        );
        group.throughput(Throughput::Elements(deliveries as u64));
        group.bench_function(BenchmarkId::from_parameter(listeners), |bencher| {
            bencher.iter(|| black_box(room.hears(black_box(&content))));
        });
    }
    group.finish();
}
