//! An event of a room, encoded once for all who can take the same bytes.

use bytes::BytesMut;
use chat::{
    ChatMessageReceive, ChatPresence, ChatRead, ChatReject, ChatResumed, ChatSnapshot,
    ChatTimestampReceive, ChatTyping, Epoch, RoomId, Seq,
};
use serde::Serialize;
use stomp::Version;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use trace_context::{TRACEPARENT, TraceContext};
use uuid::Uuid;

/// The body of a MESSAGE to a room, with what its headers say.
#[derive(Debug)]
pub(crate) struct Broadcast {
    /// The `message-id`: the same for every listener.
    pub(crate) message_id: String,
    /// The `destination`: the room's topic.
    pub(crate) destination: String,
    /// The body, JSON.
    pub(crate) body: Vec<u8>,
    /// The `traceparent`, where the way of the message is traced.
    traceparent: Option<String>,
}

impl Broadcast {
    /// A message shown before it is stored.
    pub(crate) fn shown(message: &ChatMessageReceive) -> Self {
        Self::new(&message.room_id, message.temp_id.to_string(), message)
    }

    /// The time and the number of a message that was shown; `None` for one that is not stored.
    pub(crate) fn timestamp(change: &ChatMessageReceive) -> Option<Self> {
        let (seq, rev) = (change.seq?, change.rev?);
        let timestamp = ChatTimestampReceive {
            id: change.id,
            temp_id: change.temp_id,
            created_at: change.created_at?,
            edited_at: change.edited_at,
            room_id: change.room_id.clone(),
            seq,
            rev,
        };
        let message_id = format!("{}-{rev}", change.id);
        Some(Self::new(&change.room_id, message_id, &timestamp))
    }

    /// A stored message, complete.
    pub(crate) fn committed(change: &ChatMessageReceive) -> Option<Self> {
        let message_id = format!("{}-{}", change.id, change.rev?);
        Some(Self::new(&change.room_id, message_id, change))
    }

    /// The withdrawal of a message that was shown.
    pub(crate) fn rejected(reject: &ChatReject) -> Self {
        let message_id = format!("{}-rejected", reject.temp_id);
        Self::new(&reject.room_id, message_id, reject)
    }

    /// Tells a resumed listener up to which number it has been told.
    pub(crate) fn resumed(room: &RoomId, to: Seq, epoch: Epoch) -> Self {
        let event = ChatResumed {
            room_id: room.clone(),
            resumed_to: to,
            epoch,
        };
        Self::new(room, format!("resumed-{to}"), &event)
    }

    /// Tells a listener whose position cannot be served to read the history anew; what it hears
    /// from now on follows `head`.
    pub(crate) fn snapshot(room: &RoomId, head: Seq, epoch: Epoch) -> Self {
        let event = ChatSnapshot {
            room_id: room.clone(),
            snapshot: true,
            last_seq: head,
            epoch,
        };
        Self::new(room, format!("snapshot-{head}"), &event)
    }

    /// Who is in a room, or how that has changed.
    pub(crate) fn presence(room: &RoomId, event: &ChatPresence) -> Self {
        Self::beside(room, "presence", event)
    }

    /// Somebody writes, or has stopped.
    pub(crate) fn typing(typing: &ChatTyping) -> Self {
        Self::beside(&typing.room_id, "typing", typing)
    }

    /// Up to where somebody has read.
    pub(crate) fn read(read: &ChatRead) -> Self {
        Self::beside(&read.room_id, "read", read)
    }

    /// What is told beside the messages, and not kept.
    fn beside(room: &RoomId, what: &str, event: &impl Serialize) -> Self {
        Self {
            destination: format!("/topic/{room}/{what}"),
            ..Self::new(room, Uuid::now_v7().to_string(), event)
        }
    }

    fn new(room: &RoomId, message_id: String, event: &impl Serialize) -> Self {
        Self {
            message_id,
            destination: format!("/topic/{room}"),
            body: serde_json::to_vec(event).expect("an event holds only texts, numbers and times"),
            traceparent: None,
        }
    }

    /// The same in a trace, which whoever hears it can go on with.
    pub(crate) fn in_trace(mut self, trace: Option<TraceContext>) -> Self {
        self.traceparent = trace.as_ref().map(ToString::to_string);
        self
    }

    /// The header that names its trace, where it is in one.
    pub(crate) fn trace_header(&self) -> Option<(&str, &str)> {
        Some((TRACEPARENT, self.traceparent.as_deref()?))
    }

    /// The message as the STOMP encoder takes it, with further headers.
    pub(crate) fn message<'a>(&'a self, headers: &'a [(&'a str, &'a str)]) -> stomp::Message<'a> {
        stomp::Message {
            message_id: &self.message_id,
            destination: &self.destination,
            content_type: "application/json",
            body: &self.body,
            headers,
        }
    }

    /// The complete frame for one subscription id, to be shared by all listeners that chose it.
    pub(crate) fn frame(&self, version: Version, subscription: &str) -> Utf8Bytes {
        let mut out = BytesMut::with_capacity(self.body.len() + 256);
        let header = self.trace_header();
        let message = self.message(header.as_slice());
        stomp::encode_message(version, subscription, &message, &mut out);
        Utf8Bytes::try_from(out.freeze()).expect("a frame of texts is text")
    }
}
