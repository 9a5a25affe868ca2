//! What holds for all inputs.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use stomp::{
    Action, Admission, Command, Decoder, Frame, Headers, Heartbeat, Limits, Session, Ticket,
    Version,
};

use crate::peer::epoch;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_frame_survives_encoding_and_decoding_in_any_pieces(
        (version, frames) in version().prop_flat_map(|version| (Just(version), vec(frame(version), 1..4))),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let mut stream = BytesMut::new();
        for frame in &frames {
            frame.encode(version, &mut stream);
            stream.extend_from_slice(b"\n");
        }
        let mut decoder = Decoder::new(Arc::default());
        decoder.set_version(version);
        let mut decoded = Vec::new();
        for piece in pieces(&stream, &cuts) {
            decoder.push(piece);
            while let Some(frame) = decoder.next_frame().expect("what was encoded is a frame") {
                decoded.push(without_content_length(frame));
            }
        }
        prop_assert_eq!(decoder.buffered(), 0);
        prop_assert!(decoded == frames, "{:?} became {:?}", frames, decoded);
    }

    #[test]
    fn hostile_bytes_never_make_a_decoder_hold_more_than_a_frame(
        version in version(),
        bytes in hostile_bytes(),
        cuts in vec(any::<Index>(), 0..16),
    ) {
        let limits = Limits { headers_bytes_max: 64, body_bytes_max: 32, ..Limits::default() };
        let frame_bytes_max = stomp::COMMAND_BYTES_MAX + 64 + 32 + 8;
        let mut decoder = Decoder::new(Arc::new(limits));
        decoder.set_version(version);
        for piece in pieces(&bytes, &cuts) {
            decoder.push(piece);
            while let Ok(Some(frame)) = decoder.next_frame() {
                prop_assert!(frame.body.len() <= 32);
                prop_assert!(frame.body.is_empty() || frame.command.allows_body());
            }
            prop_assert!(decoder.buffered() <= frame_bytes_max);
        }
    }

    #[test]
    fn a_conversation_in_pieces_is_the_same_conversation(
        bytes in conversation(),
        cuts in vec(any::<Index>(), 0..16),
    ) {
        let whole = converse(std::iter::once(&bytes[..]));
        prop_assert_eq!(&converse(bytes.chunks(1)), &whole);
        prop_assert_eq!(&converse(pieces(&bytes, &cuts).into_iter()), &whole);
    }

    #[test]
    fn a_session_ends_at_most_once_and_always_speaks_whole_frames(bytes in conversation()) {
        let actions = converse(std::iter::once(&bytes[..]));
        let closes = actions.iter().filter(|action| action.starts_with("Close")).count();
        prop_assert!(closes <= 1);
        prop_assert!(closes == 0 || actions.last().is_some_and(|last| last.starts_with("Close")));
    }
}

fn version() -> impl Strategy<Value = Version> {
    select(vec![Version::V1_0, Version::V1_1, Version::V1_2])
}

/// A frame that the version can express.
fn frame(version: Version) -> impl Strategy<Value = Frame> {
    let commands = vec![
        Command::Connected,
        Command::Send,
        Command::Subscribe,
        Command::Ack,
        Command::Message,
        Command::Receipt,
        Command::Error,
    ];
    (
        select(commands),
        vec((header_text(), header_text()), 0..6),
        vec(any::<u8>(), 0..64),
    )
        .prop_map(move |(command, headers, body)| {
            let is_escaped = version != Version::V1_0 && command != Command::Connected;
            let headers = headers
                .iter()
                .map(|(name, value)| (format!("n{name}"), value.clone()))
                .filter(|(name, _)| name != "content-length")
                .map(|(name, value)| match is_escaped {
                    true => (name, value),
                    false => (
                        name.replace([':', '\r', '\n'], ""),
                        value.replace(['\r', '\n'], "").trim_matches(' ').into(),
                    ),
                })
                .collect::<Vec<_>>();
            Frame {
                command,
                headers: headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect(),
                body: match command.allows_body() {
                    true => body.into(),
                    false => Bytes::new(),
                },
            }
        })
}

/// Text in which what needs an escape is frequent.
fn header_text() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        select(vec!['\r', '\n', ':', '\\', 'n', 'c', 'r', ' ', '마']),
        any::<char>().prop_filter("no header has a NUL", |c| *c != '\0'),
    ];
    vec(characters, 0..12).prop_map(|characters| characters.into_iter().collect())
}

/// Bytes that are nearly frames.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop_oneof![
        4 => select(scraps()).prop_map(|scrap| scrap.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

fn scraps() -> Vec<&'static str> {
    vec![
        "\n",
        "\r",
        "\r\n",
        "\0",
        ":",
        "\\",
        "\\n",
        "SEND",
        "SEND\n",
        "ERROR\n\n",
        "CONNECT\n",
        "ACK\n",
        "content-length:",
        "content-length:3\n\n",
        "a:b\n",
        "receipt:7\n",
        "99999999999",
        "x",
        "마",
    ]
}

/// A conversation of good and bad frames, behind a CONNECT.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let frames = vec![
        "SEND\ndestination:/a\nreceipt:1\n\nhi\0",
        "SEND\ndestination:/a\ntransaction:t\nreceipt:2\n\nhi\0",
        "SEND\ndestination:/a\ncontent-length:3\n\na\0b\0",
        "SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\nreceipt:3\n\n\0",
        "SUBSCRIBE\nid:2\ndestination:/topic/a\n\n\0",
        "UNSUBSCRIBE\nid:1\nreceipt:4\n\n\0",
        "UNSUBSCRIBE\nid:2\n\n\0",
        "ACK\nid:1\nmessage-id:m\nsubscription:1\n\n\0",
        "BEGIN\ntransaction:t\nreceipt:5\n\n\0",
        "COMMIT\ntransaction:t\nreceipt:6\n\n\0",
        "ABORT\ntransaction:t\nreceipt:7\n\n\0",
        "DISCONNECT\nreceipt:8\n\n\0",
        "CONNECT\n\n\0",
        "\n",
        "\r\n",
        "NONSENSE\nreceipt:9\n\n\0",
        "SEND\r\ndestination:/a\r\n\r\nhi\0",
    ];
    (
        select(vec![
            "CONNECT\n\n\0",
            "CONNECT\naccept-version:1.1\n\n\0",
            "CONNECT\r\naccept-version:1.2\r\n\r\n\0\r\n",
        ]),
        vec(
            prop_oneof![
                8 => select(frames).prop_map(|frame| frame.as_bytes().to_vec()),
                1 => vec(any::<u8>(), 0..6),
            ],
            0..16,
        ),
    )
        .prop_map(|(connect, frames)| [connect.as_bytes(), &frames.concat()].concat())
}

/// Everything a session has done once it was told these pieces, in words. The application lets
/// everybody in and settles everything at the end.
fn converse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let now = epoch();
    let mut session = Session::new(Arc::default(), Heartbeat::default(), now);
    let mut told = Vec::new();
    let mut tickets = Vec::new();
    for piece in pieces {
        session.handle_bytes(piece, now);
        perform(&mut session, now, &mut told, &mut tickets);
    }
    for ticket in std::mem::take(&mut tickets) {
        session.settle(ticket, &[], now);
        perform(&mut session, now, &mut told, &mut tickets);
    }
    assert!(
        told.last().is_some_and(|last| last.starts_with("Close")) || session.outstanding() == 0
    );
    told
}

fn perform(session: &mut Session, now: Instant, told: &mut Vec<String>, tickets: &mut Vec<Ticket>) {
    while let Some(action) = session.poll_action() {
        told.push(match &action {
            Action::Transmit(bytes) => {
                assert_whole(bytes, session.version());
                format!("Transmit {:?}", String::from_utf8_lossy(bytes))
            }
            Action::Send { body, .. } => format!("{action:?} {body:?}"),
            _ => format!("{action:?}"),
        });
        match action {
            Action::Authenticate(_) => {
                let admission = Admission {
                    session: "s",
                    server: "maru/0.1",
                    user_name: None,
                };
                session.admit(admission, now);
            }
            Action::Subscribe { ticket, .. }
            | Action::Unsubscribe { ticket, .. }
            | Action::Send { ticket, .. } => tickets.push(ticket),
            Action::Transmit(_) | Action::WindowOpened { .. } | Action::Close(_) => {}
        }
    }
}

/// What is transmitted is one frame of the session's version and nothing else.
fn assert_whole(bytes: &[u8], version: Version) {
    let mut decoder = Decoder::new(Arc::default());
    decoder.set_version(version);
    decoder.push(bytes);
    let frame = decoder.next_frame().expect("a session writes good frames");
    assert!(frame.is_some());
    assert_eq!(decoder.buffered(), 0);
    assert!(str::from_utf8(bytes).is_ok());
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

fn without_content_length(frame: Frame) -> Frame {
    let headers: Headers = frame
        .headers
        .iter()
        .filter(|(name, _)| *name != "content-length")
        .collect();
    Frame { headers, ..frame }
}
