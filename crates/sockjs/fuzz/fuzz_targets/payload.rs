//! Whatever a client sends: no panic, limits hold, and what was read can be said again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockjs::{PayloadError, PayloadLimits, Quoted, jsonp_send, websocket_message, xhr_send};

const LIMITS: PayloadLimits = PayloadLimits {
    bytes_max: 2048,
    messages_max: 16,
};

fuzz_target!(|body: &[u8]| {
    let form = Some("application/x-www-form-urlencoded");
    check(body, xhr_send(body, LIMITS));
    check(body, jsonp_send(body, form, LIMITS));
    check(body, jsonp_send(body, None, LIMITS));
    if let Ok(text) = str::from_utf8(body) {
        check(body, websocket_message(text, LIMITS));
        check_quoting(text);
        // Where a strict reader finds messages, so does this one, and the same.
        if let (Ok(strict), Ok(read)) = (serde_json::from_str(text), xhr_send(body, LIMITS)) {
            let strict: Vec<String> = strict;
            assert_eq!(strict, read);
        }
    }
});

fn check(body: &[u8], read: Result<Vec<String>, PayloadError>) {
    let Ok(messages) = read else { return };
    assert!(body.len() <= LIMITS.bytes_max && messages.len() <= LIMITS.messages_max);
    for message in messages {
        check_quoting(&message);
    }
}

fn check_quoting(text: &str) {
    let quoted = Quoted::new(text);
    let read: String = serde_json::from_slice(quoted.as_bytes()).expect("quoted text is JSON");
    assert_eq!(read, text);
}
