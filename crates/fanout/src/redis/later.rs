//! The version after this one, as which a test build can be told to speak.

use std::num::NonZeroU64;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;

use super::envelope::Letter;

/// What no version has; a later one has something like it.
const MEMBER: &str = r#""later":{"of":["a version"]},"#;

/// A type of event that no version has.
const KIND: &str = "later";

static EVERY: OnceLock<NonZeroU64> = OnceLock::new();
static LETTERS: AtomicU64 = AtomicU64::new(0);

/// Has this process speak as a later version would. Every envelope and every event has members that
/// this version does not know. Every `n`th cannot be read by this version at all: by turns the
/// envelope's version and the event's type are unknown to it.
pub fn speak(n: NonZeroU64) {
    let _ = EVERY.set(n);
}

/// What a later version makes of a letter, and the version of the envelope it puts it into.
pub(super) fn letter(version: u32, letter: &Letter) -> Option<(u32, Letter)> {
    let n = EVERY.get()?.get();
    let passages = LETTERS.fetch_add(1, Ordering::Relaxed) + 1;
    let (version, kind) = match (passages % n, passages / n % 2) {
        (0, 0) => (version + 1, letter.kind),
        (0, _) => (version, KIND),
        _ => (version, letter.kind),
    };
    let event = with_a_member(letter.event.get());
    let event = RawValue::from_string(event).expect("a member more is an object still");
    Some((version, Letter { kind, event }))
}

/// What a later version makes of a sealed envelope: a member more, which nobody signs.
pub(super) fn envelope(sealed: &[u8]) -> Vec<u8> {
    let sealed = std::str::from_utf8(sealed).expect("an envelope is JSON");
    with_a_member(sealed).into_bytes()
}

fn with_a_member(object: &str) -> String {
    let members = object.strip_prefix('{').expect("events are objects");
    format!("{{{MEMBER}{members}")
}
