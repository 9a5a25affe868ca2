//! What a room's topic tells, as it stands on the wire.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use crate::journal;

/// Every member that any event of a room has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomEvent {
    id: Option<Uuid>,
    pub(crate) temp_id: Option<Uuid>,
    content: Option<String>,
    created_at: Option<IgnoredAny>,
    pub(crate) seq: Option<i64>,
    pub(crate) rev: Option<i64>,
    pub(crate) resumed_to: Option<i64>,
    snapshot: Option<bool>,
    last_seq: Option<i64>,
    rejected: Option<bool>,
}

impl RoomEvent {
    /// Parses the body of a MESSAGE.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// What the journal says of it; `None` where it has not the members of any event.
    pub(crate) fn heard_by(&self, listener: u32) -> Option<journal::Event> {
        if let Some(to) = self.resumed_to {
            return Some(journal::Event::Resumed { listener, to });
        }
        if self.snapshot == Some(true) {
            let last_seq = self.last_seq?;
            return Some(journal::Event::Snapshot { listener, last_seq });
        }
        let send = self.temp_id?;
        if self.rejected == Some(true) {
            return Some(journal::Event::Withdrawn { listener, send });
        }
        let id = self.id?;
        match (&self.content, self.seq, &self.created_at) {
            (Some(content), None, None) => Some(journal::Event::Shown {
                listener,
                send,
                hash: hash(content),
            }),
            (Some(content), Some(seq), Some(_)) => Some(journal::Event::Stored {
                listener,
                send,
                id,
                seq,
                hash: hash(content),
            }),
            (None, Some(seq), Some(_)) => Some(journal::Event::Timed {
                listener,
                send,
                id,
                seq,
            }),
            _ => None,
        }
    }
}

/// Stands for a content in the journal.
pub(crate) fn hash(content: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMP_ID: &str = "0198c0de-0000-7000-8000-00000000000a";

    fn heard(json: &str) -> Option<journal::Event> {
        let json = json.replace("ID", TEMP_ID);
        RoomEvent::parse(json.as_bytes()).expect("JSON").heard_by(1)
    }

    #[test]
    fn every_event_of_a_room_is_told_from_the_others() {
        let send: Uuid = TEMP_ID.parse().expect("a UUID");
        let (listener, id, hash) = (1, send, hash("hi"));
        for (json, event) in [
            (
                r#"{"id":"ID","tempId":"ID","content":"hi","createdAt":null,"deleted":false}"#,
                journal::Event::Shown {
                    listener,
                    send,
                    hash,
                },
            ),
            (
                r#"{"id":"ID","tempId":"ID","createdAt":"2026-11-23T12:00:00Z","seq":7,"rev":7}"#,
                journal::Event::Timed {
                    listener,
                    send,
                    id,
                    seq: 7,
                },
            ),
            (
                r#"{"id":"ID","tempId":"ID","content":"hi","createdAt":"2026","seq":7,"rev":7}"#,
                journal::Event::Stored {
                    listener,
                    send,
                    id,
                    seq: 7,
                    hash,
                },
            ),
            (
                r#"{"tempId":"ID","roomId":"r","rejected":true,"reason":"away"}"#,
                journal::Event::Withdrawn { listener, send },
            ),
            (
                r#"{"roomId":"r","resumedTo":9}"#,
                journal::Event::Resumed { listener, to: 9 },
            ),
            (
                r#"{"roomId":"r","snapshot":true,"lastSeq":3}"#,
                journal::Event::Snapshot {
                    listener,
                    last_seq: 3,
                },
            ),
        ] {
            assert_eq!(heard(json), Some(event), "{json}");
        }
    }

    #[test]
    fn what_is_no_event_is_told() {
        assert_eq!(heard(r#"{"hello":1}"#), None);
        assert_eq!(heard(r#"{"id":"ID","tempId":"ID","seq":1}"#), None);
        assert!(RoomEvent::parse(b"no JSON").is_none());
    }
}
