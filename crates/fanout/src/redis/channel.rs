//! How channels are named.

use std::fmt;

use chat::{RoomId, UserId};
use uuid::Uuid;

use crate::{Event, Topic};

/// What kind of events a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What is shown and withdrawn, before the commit, and what is kept as no message.
    Message,
    /// What is committed: messages, and the rules of the room.
    Timestamp,
    /// What one user alone is told.
    User,
}

impl Kind {
    /// The channels of a topic.
    pub(super) fn of_topic(topic: &Topic) -> &'static [Self] {
        match topic {
            Topic::Room(_) => &[Self::Message, Self::Timestamp],
            Topic::User(_) => &[Self::User],
        }
    }

    /// The kind of channel that carries an event.
    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::Shown { .. }
            | Event::Rejected(_)
            | Event::Read(_)
            | Event::Typing(_)
            | Event::Presence { .. } => Self::Message,
            Event::Committed { .. } | Event::RulesChanged { .. } => Self::Timestamp,
            Event::OwnRead(_) | Event::OwnRoom { .. } => Self::User,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "chat-message",
            Self::Timestamp => "chat-timestamp",
            Self::User => "chat-user",
        })
    }
}

/// The names of channels: `chat-message:{room}`, `chat-timestamp:{room}` and `chat-user:{user}`, behind a namespace
/// where several systems share one Redis.
///
/// The braces stand in the name: they make the room the hash tag, so that a cluster keeps both
/// channels of a room on one node
/// (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>).
#[derive(Clone, Debug)]
pub(super) struct Channels {
    namespace: String,
}

/// Says that a namespace contains a brace, which would become the hash tag of every channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Braces;

impl Channels {
    /// Names channels with a namespace in front, which may be empty.
    pub(super) fn new(namespace: String) -> Result<Self, Braces> {
        if namespace.contains(['{', '}']) {
            return Err(Braces);
        }
        Ok(Self { namespace })
    }

    /// A channel of a topic.
    pub(super) fn name(&self, kind: Kind, topic: &Topic) -> String {
        let tag: &dyn fmt::Display = match topic {
            Topic::Room(room) => room,
            Topic::User(user) => user,
        };
        format!("{}{kind}:{{{tag}}}", self.namespace)
    }

    /// The channel on which an instance hears its own pulse, and nobody else anything.
    pub(super) fn pulse(&self, origin: Uuid) -> String {
        format!("{}chat-pulse:{{{origin}}}", self.namespace)
    }

    /// The topic whose channel this is.
    pub(super) fn topic(&self, channel: &[u8]) -> Option<(Kind, Topic)> {
        let name = std::str::from_utf8(channel).ok()?;
        let (kind, tag) = name.strip_prefix(&self.namespace)?.split_once(':')?;
        let kind = [Kind::Message, Kind::Timestamp, Kind::User]
            .into_iter()
            .find(|known| known.to_string() == kind)?;
        let tag = tag.strip_prefix('{')?.strip_suffix('}')?;
        let topic = match kind {
            Kind::Message | Kind::Timestamp => Topic::Room(RoomId::parse(tag).ok()?),
            Kind::User => Topic::User(UserId(Uuid::try_parse(tag).ok()?)),
        };
        Some((kind, topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_named_by_its_kind_and_the_room_in_braces() {
        let room = Topic::Room(RoomId::parse("로비").expect("a room"));
        let user = Topic::User(UserId(Uuid::nil()));
        let plain = Channels::new(String::new()).expect("no braces");
        let spaced = Channels::new("staging:".to_owned()).expect("no braces");

        assert_eq!(plain.name(Kind::Message, &room), "chat-message:{로비}");
        assert_eq!(
            spaced.name(Kind::Timestamp, &room),
            "staging:chat-timestamp:{로비}"
        );
        let of_user = spaced.name(Kind::User, &user);
        assert_eq!(of_user, format!("staging:chat-user:{{{}}}", Uuid::nil()));
        let back = spaced.topic(of_user.as_bytes());
        assert_eq!(back, Some((Kind::User, user)));
    }

    #[test]
    fn a_channel_leads_back_to_its_room_however_odd_the_name() {
        let channels = Channels::new("a:b:".to_owned()).expect("no braces");
        for name in ["lobby", "a:b", "}{", "{}", "{x}:{y}"] {
            let room = Topic::Room(RoomId::parse(name).expect("a room"));
            for kind in Kind::of_topic(&room) {
                let channel = channels.name(*kind, &room);
                let back = channels.topic(channel.as_bytes());
                assert_eq!(back, Some((*kind, room.clone())));
            }
        }
    }

    #[test]
    fn a_foreign_channel_leads_to_no_room() {
        let channels = Channels::new("ours:".to_owned()).expect("no braces");
        for foreign in [
            "chat-message:{lobby}",
            "ours:chat-message:lobby",
            "ours:chat-other:{lobby}",
            "ours:chat-message:{}",
            "ours:chat-message:{a/b}",
            "ours:chat-user:{lobby}",
        ] {
            assert_eq!(channels.topic(foreign.as_bytes()), None, "{foreign}");
        }
        assert_eq!(channels.topic(b"ours:chat-message:{\xff}"), None);
    }

    #[test]
    fn a_namespace_may_not_take_the_hash_tag() {
        assert_eq!(
            Channels::new("{all}:".to_owned()).expect_err("braces"),
            Braces
        );
    }
}
