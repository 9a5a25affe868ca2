//! Whatever a client asks: no panic, and no header that an HTTP library would not take.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockjs::{Headers, IframePage, Origin, PayloadLimits, Reply, Request, Service};

fuzz_target!(|lines: &str| {
    let mut lines = lines.split('\n');
    let mut next = || lines.next();
    let request = Request {
        path: next().unwrap_or_default(),
        method: next().unwrap_or_default(),
        query: next(),
        origin: next().map_or(Origin::Absent, Origin::Allowed),
        requested_headers: next(),
        connection: next(),
        content_type: next(),
        cookies: next(),
        if_none_match: next(),
        upgrade: next(),
    };
    let service = Service {
        websocket: true,
        cookie_needed: true,
        iframe: IframePage::new("/sockjs.js").expect("a URL"),
        payload: PayloadLimits::default(),
    };
    match service.reply(&request, || 1) {
        Reply::Answer(answer) => check(&answer.headers),
        Reply::Receive(receiving) => {
            check(&receiving.headers);
            assert!(
                receiving
                    .transport
                    .prelude()
                    .is_none_or(|bytes| !bytes.is_empty())
            );
        }
        Reply::Send(sending) => {
            check(&sending.accepted().headers);
            check(&sending.unknown().headers);
        }
        Reply::WebSocket | Reply::RawWebSocket => {}
    }
});

fn check(headers: &Headers) {
    for (name, value) in headers {
        assert!(
            value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{name}: {value:?}"
        );
    }
}
