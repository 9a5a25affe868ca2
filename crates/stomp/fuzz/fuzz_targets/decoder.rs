//! Any bytes, in any pieces, in any version: the same frames, and never more held than one.
#![no_main]

use std::sync::Arc;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use stomp::{COMMAND_BYTES_MAX, DecodeError, Decoder, Frame, Limits, Version};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (version, piece_bytes, bytes) = input;
    let version = [Version::V1_0, Version::V1_1, Version::V1_2][usize::from(version) % 3];
    let whole = decode(version, bytes, bytes.len().max(1));
    let pieces = decode(version, bytes, usize::from(piece_bytes).max(1));
    assert_eq!(whole, pieces);
    for frame in whole.0 {
        survives(version, &frame);
    }
});

fn decode(version: Version, bytes: &[u8], piece_bytes: usize) -> (Vec<Frame>, Option<DecodeError>) {
    let limits = Limits {
        headers_max: 8,
        header_bytes_max: 48,
        headers_bytes_max: 96,
        body_bytes_max: 32,
        ..Limits::default()
    };
    let held_max = COMMAND_BYTES_MAX + limits.headers_bytes_max + limits.body_bytes_max + 8;
    let mut decoder = Decoder::new(Arc::new(limits));
    decoder.set_version(version);
    let mut frames = Vec::new();
    for piece in bytes.chunks(piece_bytes) {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(decoder.buffered() <= held_max);
    }
    (frames, None)
}

fn survives(version: Version, frame: &Frame) {
    let mut bytes = BytesMut::new();
    frame.encode(version, &mut bytes);
    // Written anew, escapes may take more room than the small limits above leave.
    let mut decoder = Decoder::new(Arc::default());
    decoder.set_version(version);
    decoder.push(&bytes);
    let again = decoder
        .next_frame()
        .expect("what was read can be written")
        .expect("what was written is whole");
    assert_eq!(decoder.buffered(), 0);
    assert_eq!(again.command, frame.command);
    assert_eq!(again.body, frame.body);
    let headers = |frame: &Frame| -> Vec<(String, String)> {
        frame
            .headers
            .iter()
            .filter(|(name, _)| *name != "content-length")
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    };
    // A carriage return can be read and not be written where nothing is escaped.
    if !headers(frame)
        .iter()
        .any(|(name, value)| name.contains('\r') || value.contains('\r'))
    {
        assert_eq!(headers(&again), headers(frame));
    }
}
