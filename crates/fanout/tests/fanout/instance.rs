//! The tests' language: an instance says something, and hears something.

use std::sync::Arc;
use std::time::Duration;

use chat::{
    Access, ChatMessageReceive, ChatOwnRoom, ChatRead, ChatReject, ChatTyping, MessageId, RoomId,
    Seq, TempId, UserId,
};
use fanout::{Event, Fanout, Incoming, Topic};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::sync::mpsc;
use uuid::Uuid;

/// When a test gives up on something that has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// One instance: its adapter, and what arrives.
pub(crate) struct Instance {
    pub(crate) fanout: Arc<dyn Fanout>,
    pub(crate) incoming: mpsc::Receiver<Incoming>,
}

impl Instance {
    pub(crate) fn new(fanout: impl Fanout, incoming: mpsc::Receiver<Incoming>) -> Self {
        Self {
            fanout: Arc::new(fanout),
            incoming,
        }
    }

    /// Watches a room, effectively.
    pub(crate) async fn watches(&self, room: &RoomId) {
        self.watches_topic(&Topic::room(room)).await;
    }

    /// Watches a room or a user, effectively.
    pub(crate) async fn watches_topic(&self, topic: &Topic) {
        self.fanout
            .watch(topic)
            .await
            .expect("the watch is effective");
    }

    /// Publishes an event and gives it back, to be compared with what is heard.
    pub(crate) fn says(&self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        self.fanout.publish(event.clone());
        event
    }

    /// The next that arrives.
    pub(crate) async fn next(&mut self) -> Incoming {
        tokio::time::timeout(PATIENCE, self.incoming.recv())
            .await
            .expect("something arrives in time")
            .expect("the adapter is alive")
    }

    /// The next that arrives is this event.
    pub(crate) async fn hears(&mut self, event: &Arc<Event>) {
        assert_eq!(self.next().await, Incoming::Event(event.clone()));
    }

    /// The next event, past notices.
    pub(crate) async fn next_event(&mut self) -> Arc<Event> {
        loop {
            if let Incoming::Event(event) = self.next().await {
                return event;
            }
        }
    }

    /// Waits for a notice, and gives the events that came before it.
    pub(crate) async fn hears_of(&mut self, notice: Incoming) -> Vec<Arc<Event>> {
        let mut before = Vec::new();
        loop {
            match self.next().await {
                Incoming::Event(event) => before.push(event),
                told if told == notice => return before,
                _ => {}
            }
        }
    }
}

/// Somebody has read a room.
pub(crate) fn read(room: &RoomId) -> Event {
    Event::Read(ChatRead {
        room_id: room.clone(),
        user_id: UserId(Uuid::from_u128(7)),
        seq: Seq(5),
    })
}

/// A user has read on, and is asked into a room.
pub(crate) fn to_user(user: UserId) -> [Event; 2] {
    let room_id = RoomId::parse("hall").expect("a room");
    let read = ChatRead {
        room_id: room_id.clone(),
        user_id: user,
        seq: Seq(5),
    };
    let news = ChatOwnRoom::Invited {
        room_id,
        name: "홀".to_owned(),
        by: UserId(Uuid::from_u128(8)),
        expires_at: OffsetDateTime::UNIX_EPOCH,
    };
    [Event::OwnRead(read), Event::OwnRoom { user, news }]
}

/// Somebody writes.
pub(crate) fn typing(room: &RoomId) -> Event {
    Event::Typing(ChatTyping {
        room_id: room.clone(),
        user_id: UserId(Uuid::from_u128(7)),
        nickname: "지은".to_owned(),
        typing: true,
        expires_in_ms: 5_000,
    })
}

/// Somebody came in.
pub(crate) fn presence(room: &RoomId) -> Event {
    Event::Presence {
        room: room.clone(),
        user: UserId(Uuid::from_u128(7)),
        nickname: "지은".to_owned(),
        is_here: true,
    }
}

/// A room that no other test knows.
pub(crate) fn room(name: &str) -> RoomId {
    RoomId::parse(&format!("{name}-{}", Uuid::new_v4())).expect("a room")
}

pub(crate) fn shown(room: &RoomId, text: &str) -> Event {
    Event::Shown {
        message: message(room, text),
        trace: None,
    }
}

pub(crate) fn committed(room: &RoomId, seq: i64) -> Event {
    Event::Committed {
        message: ChatMessageReceive {
            created_at: Some(datetime!(2026-11-23 09:00:00.123456 UTC)),
            seq: Some(Seq(seq)),
            rev: Some(Seq(seq)),
            ..message(room, "stored")
        },
        access: Access(3),
        trace: None,
    }
}

pub(crate) fn rules_changed(room: &RoomId) -> Event {
    Event::RulesChanged {
        room: room.clone(),
        access: Access(4),
    }
}

pub(crate) fn rejected(room: &RoomId) -> Event {
    Event::Rejected(ChatReject {
        temp_id: TempId(Uuid::new_v4()),
        room_id: room.clone(),
        rejected: true,
        reason: "storage is away".to_owned(),
    })
}

fn message(room: &RoomId, text: &str) -> ChatMessageReceive {
    let id = Uuid::new_v4();
    ChatMessageReceive {
        id: MessageId(id),
        temp_id: TempId(id),
        sender: "지은".to_owned(),
        sender_id: None,
        content: text.to_owned(),
        room_id: room.clone(),
        created_at: None,
        edited_at: None,
        deleted: false,
        seq: None,
        rev: None,
    }
}
