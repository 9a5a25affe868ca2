//! Instances of two versions side by side: what is on the wire stays as it is.

use chat::{
    Access, ChatMessageReceive, ChatOwnRoom, ChatRead, ChatReject, ChatTyping, MessageId, RoomId,
    Seq, TempId, UserId,
};
use time::macros::datetime;
use uuid::{Uuid, uuid};

use super::envelope::{Letter, Sealer};
use super::mac::MacKey;
use crate::{Event, Rejection};

const ORIGIN: Uuid = uuid!("0198c0de-0000-7000-8000-000000000001");
const ID: Uuid = uuid!("0198c0de-0000-7000-8000-00000000000a");
const USER: UserId = UserId(uuid!("0198c0de-0000-7000-8000-0000000000aa"));
const CHANNEL: &str = "chat-message:{lobby}";

fn lobby() -> RoomId {
    RoomId::parse("lobby").expect("a room")
}

fn message() -> ChatMessageReceive {
    ChatMessageReceive {
        id: MessageId(ID),
        temp_id: TempId(ID),
        sender: "지은".to_owned(),
        sender_id: Some(USER),
        content: "안녕".to_owned(),
        room_id: lobby(),
        created_at: None,
        edited_at: None,
        deleted: false,
        seq: None,
        rev: None,
    }
}

fn read() -> ChatRead {
    ChatRead {
        room_id: lobby(),
        user_id: USER,
        seq: Seq(7),
    }
}

/// Every event, with the type and the JSON as which the first version tells it.
fn first_version() -> Vec<(Event, &'static str, &'static str)> {
    vec![
        (
            Event::Shown {
                message: message(),
                trace: None,
            },
            "shown",
            r#"{"id":"0198c0de-0000-7000-8000-00000000000a","tempId":"0198c0de-0000-7000-8000-00000000000a","sender":"지은","senderId":"0198c0de-0000-7000-8000-0000000000aa","content":"안녕","roomId":"lobby","createdAt":null,"editedAt":null,"deleted":false}"#,
        ),
        (
            Event::Committed {
                message: ChatMessageReceive {
                    created_at: Some(datetime!(2026-11-23 09:00:00.123456 UTC)),
                    seq: Some(Seq(7)),
                    rev: Some(Seq(9)),
                    ..message()
                },
                access: Access(4),
                trace: None,
            },
            "committed",
            r#"{"id":"0198c0de-0000-7000-8000-00000000000a","tempId":"0198c0de-0000-7000-8000-00000000000a","sender":"지은","senderId":"0198c0de-0000-7000-8000-0000000000aa","content":"안녕","roomId":"lobby","createdAt":"2026-11-23T09:00:00.123456Z","editedAt":null,"deleted":false,"seq":7,"rev":9,"access":4}"#,
        ),
        (
            Event::RulesChanged {
                room: lobby(),
                access: Access(5),
            },
            "rules",
            r#"{"roomId":"lobby","access":5}"#,
        ),
        (
            Event::Read(read()),
            "readers",
            r#"{"roomId":"lobby","userId":"0198c0de-0000-7000-8000-0000000000aa","seq":7}"#,
        ),
        (
            Event::OwnRead(read()),
            "own-read",
            r#"{"roomId":"lobby","userId":"0198c0de-0000-7000-8000-0000000000aa","seq":7}"#,
        ),
        (
            Event::OwnRoom {
                user: USER,
                news: ChatOwnRoom::Uninvited { room_id: lobby() },
            },
            "own-room",
            r#"{"userId":"0198c0de-0000-7000-8000-0000000000aa","news":{"type":"uninvited","roomId":"lobby"}}"#,
        ),
        (
            Event::Typing(ChatTyping {
                room_id: lobby(),
                user_id: USER,
                nickname: "지은".to_owned(),
                typing: true,
                expires_in_ms: 5000,
            }),
            "typing",
            r#"{"roomId":"lobby","userId":"0198c0de-0000-7000-8000-0000000000aa","nickname":"지은","typing":true,"expiresInMs":5000}"#,
        ),
        (
            Event::Presence {
                room: lobby(),
                user: USER,
                nickname: "지은".to_owned(),
                is_here: true,
            },
            "presence",
            r#"{"roomId":"lobby","userId":"0198c0de-0000-7000-8000-0000000000aa","nickname":"지은","isHere":true}"#,
        ),
        (
            Event::Rejected(ChatReject {
                temp_id: TempId(ID),
                room_id: lobby(),
                rejected: true,
                reason: "storage is away".to_owned(),
            }),
            "rejected",
            r#"{"tempId":"0198c0de-0000-7000-8000-00000000000a","roomId":"lobby","rejected":true,"reason":"storage is away"}"#,
        ),
    ]
}

fn in_envelope(kind: &str, event: &str) -> String {
    format!(r#"{{"v":1,"origin":"{ORIGIN}","n":3,"type":"{kind}","event":{event}}}"#)
}

fn assert_opens(payload: &str, expected: &Event) {
    let opened = Sealer::new(Uuid::nil(), None).open(CHANNEL, payload.as_bytes());
    let opened = opened.unwrap_or_else(|rejection| panic!("{rejection:?}: {payload}"));
    assert_eq!((opened.origin, &opened.event), (ORIGIN, expected));
}

#[test]
fn what_the_first_version_told_is_understood() {
    for (event, kind, json) in first_version() {
        assert_opens(&in_envelope(kind, json), &event);
    }
}

#[test]
fn the_first_version_finds_all_that_it_knows() {
    for (event, kind, json) in first_version() {
        let sealed = Sealer::new(ORIGIN, None).seal(3, CHANNEL, &Letter::new(&event));
        let told: serde_json::Value = serde_json::from_slice(&sealed).expect("JSON");
        let known = serde_json::from_str(&in_envelope(kind, json)).expect("JSON");
        assert_contains(&told, &known);
    }
}

/// Members may have been added, and none may be gone or mean something else.
fn assert_contains(told: &serde_json::Value, known: &serde_json::Value) {
    match (told, known) {
        (serde_json::Value::Object(told), serde_json::Value::Object(known)) => {
            for (name, value) in known {
                assert_contains(&told[name], value);
            }
        }
        _ => assert_eq!(told, known),
    }
}

#[test]
fn members_that_a_later_version_adds_to_an_event_are_ignored() {
    for (event, kind, json) in first_version() {
        let more = json.replacen('{', r#"{"later":{"of":["a version"]},"#, 1);
        assert_opens(&in_envelope(kind, &more), &event);
    }
}

#[test]
fn a_later_version_is_skipped_and_counted_whether_it_is_signed_or_not() {
    let key = |byte| MacKey::new(&[byte; 32]).expect("long enough");
    for sealer in [
        Sealer::new(ORIGIN, None),
        Sealer::new(ORIGIN, Some(key(1))),
        Sealer::new(ORIGIN, Some(key(2))),
    ] {
        let rejection = sealer
            .open(CHANNEL, br#"{"v":2,"sealed":"in another way"}"#)
            .expect_err("it is not known");
        assert_eq!(rejection, Rejection::Unknown);
    }
}
