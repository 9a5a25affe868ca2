//! What travels through Redis: an event, who sent it, and a proof.

use std::borrow::Cow;

use chat::{Access, ChatMessageReceive, ChatOwnRoom, ChatReject, RoomId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trace_context::{TRACEPARENT, TraceContext};
use uuid::Uuid;

use super::mac::MacKey;
use super::resp::BULK_BYTES_MAX;
use crate::{Event, Rejection};

/// The version of the envelope. A member that is added leaves it as it is, since unknown members
/// are ignored; a change that older instances would misread raises it.
const VERSION: u32 = 1;

/// The longest envelope that is read. The longest that can be written, a message of 4 000
/// characters that JSON escapes, is under half of it.
pub(super) const ENVELOPE_BYTES_MAX: usize = BULK_BYTES_MAX;

/// An event as JSON, ready to be put into an envelope.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) kind: &'static str,
    pub(super) event: Box<RawValue>,
}

impl Letter {
    /// Writes an event.
    pub(super) fn new(event: &Event) -> Self {
        let (kind, event) = match event {
            Event::Shown { message, trace } => {
                let hinted = Hinted {
                    message,
                    access: None,
                    traceparent: trace.as_ref().map(ToString::to_string),
                };
                (SHOWN, serde_json::value::to_raw_value(&hinted))
            }
            Event::Committed {
                message,
                access,
                trace,
            } => {
                let hinted = Hinted {
                    message,
                    access: Some(*access),
                    traceparent: trace.as_ref().map(ToString::to_string),
                };
                (COMMITTED, serde_json::value::to_raw_value(&hinted))
            }
            Event::RulesChanged { room, access } => {
                let rules = RulesChanged {
                    room_id: room.clone(),
                    access: *access,
                };
                (RULES, serde_json::value::to_raw_value(&rules))
            }
            Event::Read(read) => (READERS, serde_json::value::to_raw_value(read)),
            Event::OwnRead(read) => (OWN_READ, serde_json::value::to_raw_value(read)),
            Event::OwnRoom { user, news } => {
                let own = OwnRoom {
                    user_id: *user,
                    news: news.clone(),
                };
                (OWN_ROOM, serde_json::value::to_raw_value(&own))
            }
            Event::Typing(typing) => (TYPING, serde_json::value::to_raw_value(typing)),
            Event::Presence {
                room,
                user,
                nickname,
                is_here,
            } => {
                let presence = Presence {
                    room_id: room.clone(),
                    user_id: *user,
                    nickname: nickname.clone(),
                    is_here: *is_here,
                };
                (PRESENCE, serde_json::value::to_raw_value(&presence))
            }
            Event::Rejected(reject) => (REJECTED, serde_json::value::to_raw_value(reject)),
        };
        Self {
            kind,
            event: event.expect("an event's members are text, numbers and times"),
        }
    }
}

/// Puts letters into envelopes and opens those of others.
#[derive(Debug)]
pub(super) struct Sealer {
    origin: Uuid,
    key: Option<MacKey>,
}

/// What was in an envelope.
#[derive(Debug)]
pub(super) struct Opened {
    /// The instance that sent it.
    pub(super) origin: Uuid,
    /// What it tells.
    pub(super) event: Event,
}

impl Sealer {
    /// Seals in the name of an instance, signing where there is a key and then believing only
    /// what is signed.
    pub(super) fn new(origin: Uuid, key: Option<MacKey>) -> Self {
        Self { origin, key }
    }

    /// The instance that this one seals for.
    pub(super) fn origin(&self) -> Uuid {
        self.origin
    }

    /// Seals this instance's `n`th letter, for one channel.
    pub(super) fn seal(&self, n: u64, channel: &str, letter: &Letter) -> Vec<u8> {
        #[cfg(feature = "failpoints")]
        if let Some((version, letter)) = super::later::letter(VERSION, letter) {
            let sealed = self.seal_as(version, n, channel, &letter);
            return super::later::envelope(&sealed);
        }
        self.seal_as(VERSION, n, channel, letter)
    }

    fn seal_as(&self, version: u32, n: u64, channel: &str, letter: &Letter) -> Vec<u8> {
        let mut envelope = Envelope {
            v: version,
            origin: self.origin,
            n,
            kind: letter.kind.into(),
            event: &letter.event,
            mac: None,
        };
        envelope.mac = self
            .key
            .as_ref()
            .map(|key| key.sign(&envelope.signed_text(channel)).into());
        serde_json::to_vec(&envelope).expect("an envelope's members are text and numbers")
    }

    /// Opens what arrived on a channel.
    pub(super) fn open(&self, channel: &str, payload: &[u8]) -> Result<Opened, Rejection> {
        if payload.len() > ENVELOPE_BYTES_MAX {
            return Err(Rejection::Oversized);
        }
        let Versioned { v } = serde_json::from_slice(payload).map_err(|_| Rejection::Garbage)?;
        if v != VERSION {
            return Err(Rejection::Unknown);
        }
        let envelope: Envelope<'_> =
            serde_json::from_slice(payload).map_err(|_| Rejection::Garbage)?;
        if let Some(key) = &self.key {
            let signed = envelope.signed_text(channel);
            let mac = envelope.mac.as_deref().ok_or(Rejection::Forged)?;
            if !key.verify(&signed, mac) {
                return Err(Rejection::Forged);
            }
        }
        let event = match envelope.kind.as_ref() {
            SHOWN => Event::Shown {
                message: parse(envelope.event)?,
                trace: trace_of(envelope.event),
            },
            COMMITTED => {
                let message = parse::<ChatMessageReceive>(envelope.event)?;
                let complete =
                    message.seq.is_some() && message.rev.is_some() && message.created_at.is_some();
                if !complete {
                    return Err(Rejection::Garbage);
                }
                // Absent where an older instance sent it, which knows open rooms alone.
                let AccessOf { access } = parse(envelope.event)?;
                Event::Committed {
                    message,
                    access,
                    trace: trace_of(envelope.event),
                }
            }
            RULES => {
                let RulesChanged { room_id, access } = parse(envelope.event)?;
                Event::RulesChanged {
                    room: room_id,
                    access,
                }
            }
            READERS => Event::Read(parse(envelope.event)?),
            OWN_READ => Event::OwnRead(parse(envelope.event)?),
            OWN_ROOM => {
                let OwnRoom { user_id, news } = parse(envelope.event)?;
                Event::OwnRoom {
                    user: user_id,
                    news,
                }
            }
            TYPING => Event::Typing(parse(envelope.event)?),
            PRESENCE => {
                let presence: Presence = parse(envelope.event)?;
                Event::Presence {
                    room: presence.room_id,
                    user: presence.user_id,
                    nickname: presence.nickname,
                    is_here: presence.is_here,
                }
            }
            REJECTED => Event::Rejected(parse::<ChatReject>(envelope.event)?),
            _ => return Err(Rejection::Unknown),
        };
        Ok(Opened {
            origin: envelope.origin,
            event,
        })
    }
}

const SHOWN: &str = "shown";
const COMMITTED: &str = "committed";
const READERS: &str = "readers";
const OWN_READ: &str = "own-read";
const OWN_ROOM: &str = "own-room";
const TYPING: &str = "typing";
const PRESENCE: &str = "presence";
const REJECTED: &str = "rejected";
const RULES: &str = "rules";

/// A message as it travels: some members more, which older instances ignore. They are part of the
/// event and not of the envelope, so that the MAC is over them too.
#[derive(Serialize)]
struct Hinted<'a> {
    #[serde(flatten)]
    message: &'a ChatMessageReceive,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Access>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

#[derive(Deserialize)]
struct AccessOf {
    #[serde(default)]
    access: Access,
}

#[derive(Deserialize)]
struct TraceOf<'a> {
    #[serde(borrow, default)]
    traceparent: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RulesChanged {
    room_id: RoomId,
    access: Access,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnRoom {
    user_id: UserId,
    news: ChatOwnRoom,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Presence {
    room_id: RoomId,
    user_id: UserId,
    nickname: String,
    is_here: bool,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    v: u32,
    origin: Uuid,
    n: u64,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    event: &'a RawValue,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    mac: Option<Cow<'a, str>>,
}

impl Envelope<'_> {
    /// What the MAC is taken over. Only the last line may contain a line feed: a channel's name
    /// has none, since a room's has no control character.
    fn signed_text(&self, channel: &str) -> Vec<u8> {
        let Self {
            v,
            origin,
            n,
            kind,
            event,
            ..
        } = self;
        format!("{v}\n{channel}\n{origin}\n{n}\n{kind}\n{event}").into_bytes()
    }
}

/// The trace that an event is in; most are in none, and are not parsed once more for it. What is no
/// trace is none, since it says nothing about the event.
fn trace_of(event: &RawValue) -> Option<TraceContext> {
    if !event.get().contains(TRACEPARENT) {
        return None;
    }
    let TraceOf { traceparent } = serde_json::from_str(event.get()).ok()?;
    TraceContext::parse(&traceparent?)
}

fn parse<'a, T: Deserialize<'a>>(event: &'a RawValue) -> Result<T, Rejection> {
    serde_json::from_str(event.get()).map_err(|_| Rejection::Garbage)
}

#[cfg(test)]
mod tests {
    use chat::{RoomId, Seq, TempId};
    use time::macros::datetime;
    use uuid::uuid;

    use super::*;
    use crate::Event;

    const ORIGIN: Uuid = uuid!("0198c0de-0000-7000-8000-000000000001");
    const CHANNEL: &str = "chat-message:{lobby}";
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn shown() -> Event {
        let id = uuid!("0198c0de-0000-7000-8000-00000000000a");
        let message = ChatMessageReceive {
            id: chat::MessageId(id),
            temp_id: TempId(id),
            sender: "지은".to_owned(),
            sender_id: None,
            content: "안녕 \u{1} \"하나\"".to_owned(),
            room_id: RoomId::parse("lobby").expect("a room"),
            created_at: None,
            edited_at: None,
            deleted: false,
            seq: None,
            rev: None,
        };
        Event::Shown {
            message,
            trace: None,
        }
    }

    fn traced(event: Event) -> Event {
        let trace = TraceContext::parse(TRACE);
        match event {
            Event::Shown { message, .. } => Event::Shown { message, trace },
            Event::Committed {
                message, access, ..
            } => Event::Committed {
                message,
                access,
                trace,
            },
            other => other,
        }
    }

    fn committed() -> Event {
        let Event::Shown { message, .. } = shown() else {
            unreachable!("shown() shows a message");
        };
        Event::Committed {
            message: ChatMessageReceive {
                created_at: Some(datetime!(2026-11-23 09:00:00.123456 UTC)),
                seq: Some(Seq(7)),
                rev: Some(Seq(9)),
                ..message
            },
            access: Access(4),
            trace: None,
        }
    }

    fn rules_changed() -> Event {
        Event::RulesChanged {
            room: RoomId::parse("lobby").expect("a room"),
            access: Access(5),
        }
    }

    fn rejected() -> Event {
        Event::Rejected(ChatReject {
            temp_id: TempId(ORIGIN),
            room_id: RoomId::parse("lobby").expect("a room"),
            rejected: true,
            reason: "storage is away".to_owned(),
        })
    }

    fn key(byte: u8) -> Option<MacKey> {
        Some(MacKey::new(&[byte; 32]).expect("long enough"))
    }

    fn altered(payload: &[u8], from: &str, to: &str) -> Vec<u8> {
        let text = std::str::from_utf8(payload).expect("JSON");
        assert!(text.contains(from), "{from} is in {text}");
        text.replacen(from, to, 1).into_bytes()
    }

    #[test]
    fn each_event_survives_the_way_with_and_without_a_key() {
        for key in [None, key(1)] {
            let sealer = Sealer::new(ORIGIN, key);
            for event in [
                shown(),
                traced(shown()),
                committed(),
                traced(committed()),
                rejected(),
                rules_changed(),
            ] {
                let payload = sealer.seal(3, CHANNEL, &Letter::new(&event));
                let opened = sealer.open(CHANNEL, &payload).expect("an envelope");
                assert_eq!((opened.origin, opened.event), (ORIGIN, event));
            }
        }
    }

    #[test]
    fn the_wire_form_is_versioned_json_that_names_origin_number_and_type() {
        let payload = Sealer::new(ORIGIN, None).seal(3, CHANNEL, &Letter::new(&rejected()));
        assert_eq!(
            std::str::from_utf8(&payload).expect("JSON"),
            r#"{"v":1,"origin":"0198c0de-0000-7000-8000-000000000001","n":3,"type":"rejected","event":{"tempId":"0198c0de-0000-7000-8000-000000000001","roomId":"lobby","rejected":true,"reason":"storage is away"}}"#
        );
    }

    #[test]
    fn what_an_older_instance_committed_is_of_an_open_room() {
        let sealer = Sealer::new(ORIGIN, None);
        let payload = sealer.seal(3, CHANNEL, &Letter::new(&committed()));
        let older = altered(&payload, ",\"access\":4", "");
        let Event::Committed { access, .. } = sealer.open(CHANNEL, &older).expect("known").event
        else {
            panic!("it is committed");
        };
        assert_eq!(access, Access(0));
    }

    #[test]
    fn a_trace_is_one_more_member_of_the_event_and_signed_with_it() {
        let sealer = Sealer::new(ORIGIN, key(1));
        for event in [shown(), committed()] {
            let payload = sealer.seal(3, CHANNEL, &Letter::new(&traced(event.clone())));
            let member = format!(",\"traceparent\":\"{TRACE}\"");
            let without = altered(&payload, &member, "");
            let rejection = sealer.open(CHANNEL, &without).expect_err("altered");
            assert_eq!(rejection, Rejection::Forged);
            // So an older instance writes, and to an older one it is a member that it ignores.
            let older = sealer.seal(3, CHANNEL, &Letter::new(&event));
            assert_eq!(sealer.open(CHANNEL, &older).expect("known").event, event);
        }
    }

    #[test]
    fn what_is_no_trace_is_none_and_the_event_is_taken() {
        let sealer = Sealer::new(ORIGIN, None);
        let payload = sealer.seal(3, CHANNEL, &Letter::new(&traced(shown())));
        for wrong in ["\"\"", "\"00-0-0-00\"", "7", "{}", "null"] {
            let odd = altered(&payload, &format!("\"{TRACE}\""), wrong);
            assert_eq!(sealer.open(CHANNEL, &odd).expect("known").event, shown());
        }
    }

    #[test]
    fn members_that_a_newer_instance_adds_are_ignored() {
        let sealer = Sealer::new(ORIGIN, key(1));
        let payload = sealer.seal(3, CHANNEL, &Letter::new(&shown()));
        let newer = altered(&payload, "{\"v\":1,", "{\"trace\":{\"id\":[1]},\"v\":1,");
        assert_eq!(sealer.open(CHANNEL, &newer).expect("known").event, shown());
    }

    #[test]
    fn another_version_and_another_type_are_unknown_rather_than_guessed() {
        let sealer = Sealer::new(ORIGIN, None);
        let payload = sealer.seal(3, CHANNEL, &Letter::new(&shown()));
        for newer in [
            altered(&payload, "\"v\":1", "\"v\":2"),
            altered(&payload, "\"shown\"", "\"sung\""),
            br#"{"v":2,"entirely":"different"}"#.to_vec(),
        ] {
            let rejection = sealer.open(CHANNEL, &newer).expect_err("newer");
            assert_eq!(rejection, Rejection::Unknown);
        }
    }

    #[test]
    fn with_a_key_only_what_was_signed_for_this_channel_is_believed() {
        let sealer = Sealer::new(ORIGIN, key(1));
        let payload = sealer.seal(3, CHANNEL, &Letter::new(&shown()));
        let foreign = Sealer::new(ORIGIN, key(2)).seal(3, CHANNEL, &Letter::new(&shown()));
        let unsigned = Sealer::new(ORIGIN, None).seal(3, CHANNEL, &Letter::new(&shown()));
        for (forged, channel) in [
            (foreign, CHANNEL),
            (unsigned, CHANNEL),
            (altered(&payload, "하나", "둘"), CHANNEL),
            (altered(&payload, "\"n\":3", "\"n\":4"), CHANNEL),
            (altered(&payload, "\"shown\"", "\"rejected\""), CHANNEL),
            (payload, "chat-timestamp:{lobby}"),
        ] {
            let rejection = sealer.open(channel, &forged).expect_err("forged");
            assert_eq!(rejection, Rejection::Forged);
        }
    }

    #[test]
    fn what_is_committed_must_be_complete() {
        let sealer = Sealer::new(ORIGIN, None);
        let payload = sealer.seal(3, CHANNEL, &Letter::new(&committed()));
        for member in ["\"seq\":7", "\"rev\":9"] {
            let incomplete = altered(&payload, member, "\"other\":7");
            let rejection = sealer.open(CHANNEL, &incomplete).expect_err("incomplete");
            assert_eq!(rejection, Rejection::Garbage);
        }
    }

    #[test]
    fn garbage_is_garbage_and_too_much_of_it_is_oversized() {
        let sealer = Sealer::new(ORIGIN, None);
        for garbage in [&b""[..], b"{}", b"[1]", b"\xff\xfe", b"{\"v\":1}", b"null"] {
            let rejection = sealer.open(CHANNEL, garbage).expect_err("garbage");
            assert_eq!(rejection, Rejection::Garbage);
        }
        let rejection = sealer
            .open(CHANNEL, &vec![b' '; ENVELOPE_BYTES_MAX + 1])
            .expect_err("long");
        assert_eq!(rejection, Rejection::Oversized);
    }

    #[test]
    fn the_longest_message_fits_into_an_envelope() {
        let Event::Shown { message, .. } = shown() else {
            unreachable!("shown() shows a message");
        };
        let message = ChatMessageReceive {
            content: "\u{1}".repeat(chat::Content::CHARS_MAX),
            sender: "😀".repeat(chat::Nickname::CHARS_MAX),
            room_id: RoomId::parse(&"😀".repeat(RoomId::CHARS_MAX)).expect("a room"),
            ..message
        };
        let longest = traced(Event::Shown {
            message,
            trace: None,
        });
        let payload = Sealer::new(ORIGIN, key(1)).seal(u64::MAX, CHANNEL, &Letter::new(&longest));
        assert!(payload.len() < ENVELOPE_BYTES_MAX / 2, "{}", payload.len());
    }
}
