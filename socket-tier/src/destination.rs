//! What the destinations of STOMP frames mean here.

use chat::{Problem, ProblemCode, RoomId};
use message_log::Silence;
use time::OffsetDateTime;

use crate::amending::Verb;

/// Where the faults of single frames are told.
pub(crate) const ERRORS: &str = "/user/queue/errors";

/// Where one's other devices hear up to where one has read.
pub(crate) const READ: &str = "/user/queue/read";

/// Where one hears what becomes of one in rooms: asked in, come in, out.
pub(crate) const ROOMS: &str = "/user/queue/rooms";

/// Where it is sent that one writes.
pub(crate) const TYPING: &str = "/app/typing";

/// Where a message to a room is sent.
pub(crate) const CHAT: &str = "/app/chat";

/// Where a message's new content is sent.
pub(crate) const EDIT: &str = "/app/edit";

/// Where it is sent that a message is to be deleted.
pub(crate) const DELETE: &str = "/app/delete";

/// Where a newer token is sent.
pub(crate) const AUTH: &str = "/app/auth";

/// What a client may SUBSCRIBE to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The events of a room: `/topic/{roomId}`.
    Room(RoomId),
    /// Who is in a room: `/topic/{roomId}/presence`.
    Presence(RoomId),
    /// Who writes in a room: `/topic/{roomId}/typing`.
    Typing(RoomId),
    /// Who has read a room up to where: `/topic/{roomId}/read`.
    Readers(RoomId),
    /// The faults of this connection's frames: `/user/queue/errors`.
    Errors,
    /// Up to where this user has read his rooms, or what becomes of him in rooms.
    Own(OwnQueue),
    /// Another queue of this user, `/user/queue/{name}`, on which nothing is told yet.
    Silent,
}

/// A queue of one user, on which every instance tells him something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnQueue {
    /// `/user/queue/read`.
    Reads,
    /// `/user/queue/rooms`.
    Rooms,
}

impl OwnQueue {
    /// Where it is subscribed to.
    pub(crate) fn destination(self) -> &'static str {
        match self {
            Self::Reads => READ,
            Self::Rooms => ROOMS,
        }
    }
}

impl Source {
    /// Parses the destination of a SUBSCRIBE.
    ///
    /// # Errors
    /// A problem that says what may be subscribed to.
    pub(crate) fn parse(destination: &str) -> Result<Self, Problem> {
        if let Some(topic) = destination.strip_prefix("/topic/") {
            let (room, of): (_, fn(RoomId) -> Self) = match topic.rsplit_once('/') {
                Some((room, "presence")) => (room, Self::Presence),
                Some((room, "typing")) => (room, Self::Typing),
                Some((room, "read")) => (room, Self::Readers),
                _ => (topic, Self::Room),
            };
            return RoomId::parse(room)
                .map(of)
                .map_err(|error| invalid_room(&error.to_string()));
        }
        if destination == ERRORS {
            return Ok(Self::Errors);
        }
        let own = [OwnQueue::Reads, OwnQueue::Rooms];
        if let Some(queue) = own.into_iter().find(|own| own.destination() == destination) {
            return Ok(Self::Own(queue));
        }
        if let Some(name) = destination.strip_prefix("/user/queue/")
            && !name.is_empty()
            && !name.contains('/')
        {
            return Ok(Self::Silent);
        }
        if is_under(destination, "/queue") || is_under(destination, "/user") {
            return Err(Problem::new(
                ProblemCode::Forbidden,
                "Only one's own queues can be subscribed to, as /user/queue/{name}.",
            ));
        }
        Err(Problem::new(
            ProblemCode::UnknownDestination,
            "Nothing is told there; subscribe to /topic/{roomId} or /user/queue/errors.",
        ))
    }
}

/// What a client may SEND to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A message to a room.
    Chat,
    /// A change of a message.
    Amend(Verb),
    /// That one writes.
    Typing,
    /// A newer token of the same user.
    Auth,
}

impl Target {
    /// Parses the destination of a SEND.
    ///
    /// # Errors
    /// A problem that says what may be sent to.
    pub(crate) fn parse(destination: &str) -> Result<Self, Problem> {
        match destination {
            CHAT => return Ok(Self::Chat),
            EDIT => return Ok(Self::Amend(Verb::Edit)),
            DELETE => return Ok(Self::Amend(Verb::Delete)),
            TYPING => return Ok(Self::Typing),
            AUTH => return Ok(Self::Auth),
            _ => {}
        }
        if ["/topic", "/queue", "/user"]
            .iter()
            .any(|prefix| is_under(destination, prefix))
        {
            return Err(Problem::new(
                ProblemCode::Forbidden,
                "Only the server sends there; send a message to /app/chat.",
            ));
        }
        Err(Problem::new(
            ProblemCode::UnknownDestination,
            "Nobody listens there; send a message to /app/chat.",
        ))
    }
}

/// The one answer to whoever is no member of a private room, whether there is such a room or not.
pub(crate) fn no_such_room() -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        "There is no such room, or you are no member of it.",
    )
}

/// What whoever may not hear a room is told: of a private one the same as where there is none, of
/// another that he is banned, and until when.
pub(crate) fn not_let_in(room: &RoomId, until: Option<OffsetDateTime>) -> Problem {
    if room.is_private() {
        no_such_room()
    } else {
        Silence::Banned { until }.problem()
    }
}

/// The problem of a room's name that breaks a rule.
fn invalid_room(detail: &str) -> Problem {
    Problem::new(
        ProblemCode::InvalidRequest,
        "The destination names no room.",
    )
    .pointing_at("{roomId}", detail.to_owned())
}

fn is_under(destination: &str, prefix: &str) -> bool {
    destination
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: std::fmt::Debug>(parsed: Result<T, Problem>) -> ProblemCode {
        parsed.expect_err("refused").code()
    }

    #[test]
    fn a_topic_is_a_room_and_its_name_is_checked() {
        assert_eq!(
            Source::parse("/topic/마루"),
            Ok(Source::Room(RoomId::parse("마루").expect("a room")))
        );
        let presence = Source::parse("/topic/마루/presence");
        assert_eq!(
            presence,
            Ok(Source::Presence(RoomId::parse("마루").expect("a room")))
        );
        for wrong in [
            "/topic/",
            "/topic/a/b",
            "/topic/auth",
            "/topic//typing",
            "/topic/a/b/read",
        ] {
            assert_eq!(
                refusal(Source::parse(wrong)),
                ProblemCode::InvalidRequest,
                "{wrong}"
            );
        }
    }

    #[test]
    fn queues_of_others_are_forbidden() {
        for foreign in ["/queue/errors", "/user/ada/queue/errors", "/user/queue/"] {
            assert_eq!(
                refusal(Source::parse(foreign)),
                ProblemCode::Forbidden,
                "{foreign}"
            );
        }
        assert_eq!(Source::parse("/user/queue/errors"), Ok(Source::Errors));
        assert_eq!(Source::parse("/user/queue/news"), Ok(Source::Silent));
        let reads = Ok(Source::Own(OwnQueue::Reads));
        assert_eq!(Source::parse("/user/queue/read"), reads);
        let rooms = Ok(Source::Own(OwnQueue::Rooms));
        assert_eq!(Source::parse("/user/queue/rooms"), rooms);
    }

    #[test]
    fn only_the_server_sends_to_what_is_subscribed_to() {
        assert_eq!(Target::parse("/app/chat"), Ok(Target::Chat));
        assert_eq!(Target::parse("/app/edit"), Ok(Target::Amend(Verb::Edit)));
        for broker in ["/topic/lobby", "/topic", "/queue/x", "/user/queue/errors"] {
            assert_eq!(
                refusal(Target::parse(broker)),
                ProblemCode::Forbidden,
                "{broker}"
            );
        }
        for unknown in ["/app/chats", "/app", "/topics/x", "", "*"] {
            assert_eq!(
                refusal(Target::parse(unknown)),
                ProblemCode::UnknownDestination,
                "{unknown}"
            );
        }
    }
}
