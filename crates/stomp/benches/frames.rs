//! What a frame costs: `cargo bench --bench frames`.

use std::hint::black_box;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{Criterion, Throughput};
use stomp::{Decoder, Limits, Message, Version, encode_message};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    decode(&mut criterion);
    encode(&mut criterion);
    criterion.final_summary();
}

/// As a chat message comes: 128 bytes of content in JSON.
fn send_frame() -> Vec<u8> {
    let content = "x".repeat(128);
    format!(
        "SEND\ndestination:/app/chat\ncontent-type:application/json\nreceipt:00000001\n\n\
         {{\"roomId\":\"lobby\",\"content\":\"{content}\"}}\0"
    )
    .into_bytes()
}

fn decode(criterion: &mut Criterion) {
    let frame = send_frame();
    let mut group = criterion.benchmark_group("decode a SEND");
    group.throughput(Throughput::Bytes(frame.len() as u64));
    for (name, piece_bytes) in [("whole", frame.len()), ("in pieces of 16 bytes", 16)] {
        let mut decoder = Decoder::new(Arc::new(Limits::default()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for piece in frame.chunks(piece_bytes) {
                    decoder.push(piece);
                    if let Some(frame) = decoder.next_frame().expect("the frame is good") {
                        black_box(frame);
                    }
                }
            });
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let body = "x".repeat(256);
    let mut group = criterion.benchmark_group("encode a MESSAGE");
    group.throughput(Throughput::Bytes(body.len() as u64));
    for (name, destination) in [("plain", "/topic/lobby"), ("with escapes", "/topic/a:b\\c")] {
        let message = Message {
            message_id: "018f6b1e-0000-7000-8000-000000000000",
            destination,
            content_type: "application/json",
            body: body.as_bytes(),
            headers: &[],
        };
        let mut out = BytesMut::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                encode_message(Version::V1_2, "sub-0", black_box(&message), &mut out);
            });
        });
    }
    group.finish();
}
