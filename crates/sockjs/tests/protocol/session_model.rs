//! A session under any sequence of events.

use std::time::Duration;

use proptest::prelude::*;
use sockjs::{Close, Quoted, Receiver, Settings, Status, Transport};

use crate::peer::Peer;

#[derive(Clone, Debug)]
enum Step {
    Listen(Transport),
    Poll,
    Detach,
    Send(String),
    Close,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        prop_oneof![Just(Transport::Xhr), Just(Transport::XhrStreaming)].prop_map(Step::Listen),
        Just(Step::Poll),
        Just(Step::Poll),
        Just(Step::Poll),
        Just(Step::Detach),
        any::<String>().prop_map(Step::Send),
        any::<String>().prop_map(Step::Send),
        Just(Step::Close),
        (0_u64..6_000).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    /// Whatever happens: `o` comes first, messages come once and in order, nothing comes
    /// after a reason but the same reason, and what waits is bounded.
    #[test]
    fn a_client_hears_a_true_beginning_of_what_was_said(steps in steps()) {
        let settings = Settings { response_bytes_max: 64, ..Settings::default() };
        let mut peer = Peer::with(settings);
        let mut receiver: Option<Receiver> = None;
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        let (mut opened, mut reason) = (false, None);
        for step in steps {
            match step {
                Step::Listen(transport) if receiver.is_none() => {
                    receiver = Some(peer.listens(transport));
                }
                Step::Listen(transport) => {
                    let mut intruder = peer.listens(transport);
                    prop_assert!(peer.hears(&mut intruder).pop().is_some_and(|f| f.starts_with('c')));
                    peer.session.detach(intruder, peer.now);
                }
                Step::Poll => {
                    let Some(mut listening) = receiver.take() else { continue };
                    for chunk in peer.hears(&mut listening) {
                        let frame = chunk.trim_end_matches('\n');
                        match frame.as_bytes().first() {
                            Some(b'o') => prop_assert!(!std::mem::replace(&mut opened, true)),
                            Some(b'a') => {
                                prop_assert!(opened && reason.is_none());
                                heard.extend(
                                    serde_json::from_str::<Vec<String>>(&frame[1..]).expect("JSON"),
                                );
                            }
                            Some(b'c') => {
                                let first = reason.get_or_insert(frame.to_owned());
                                prop_assert_eq!(&*first, frame);
                            }
                            _ => prop_assert!(frame.starts_with('h')),
                        }
                    }
                    if !peer.is_over(&mut listening) {
                        receiver = Some(listening);
                    }
                }
                Step::Detach => {
                    if let Some(listening) = receiver.take() {
                        peer.session.detach(listening, peer.now);
                    }
                }
                Step::Send(text) => {
                    if peer.session.send(Quoted::new(&text), peer.now).is_ok() {
                        said.push(text);
                    }
                }
                Step::Close => peer.session.close(Close::GO_AWAY, peer.now),
                Step::Wait(ms) => peer.waits(Duration::from_millis(ms)),
            }
            prop_assert!(peer.session.outbox_bytes() <= settings.outbox_bytes_max);
            if peer.session.status() == Status::Gone {
                break;
            }
        }
        prop_assert!(said.starts_with(&heard));
    }
}
