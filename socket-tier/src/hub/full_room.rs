//! A room full of listeners, for `benches/hub.rs` alone.

use std::iter;
use std::sync::Arc;

use chat::{ChatMessageReceive, Epoch, MessageId, RoomId, Seq, TempId};
use stomp::Version;
use time::OffsetDateTime;
use uuid::Uuid;

use super::presence::Comings;
use super::room::Room;
use super::telling::Telling;
use super::{ConnectionId, Listening, Mode};
use crate::limits::OUTBOX_BYTES_MAX;
use crate::outbox::Outbox;

/// A room whose listeners take everything at once.
#[doc(hidden)]
pub struct FullRoom {
    name: RoomId,
    room: Room,
    outboxes: Vec<Arc<Outbox>>,
    last: Seq,
}

impl FullRoom {
    /// So many listeners, who chose this many subscription ids in turns; all hear messages when
    /// they are committed, or also when they are shown.
    ///
    /// # Panics
    /// Never, unless the room's name were none.
    pub fn new(listeners: usize, subscription_ids: usize, is_committed_only: bool) -> Self {
        let name = RoomId::parse("lobby").expect("a room");
        let mut room = Room::new(&name, Arc::default());
        room.learn(&name, None, &mut Comings::default());
        room.position(Seq::ZERO, Epoch::of_hash(1));
        let outboxes: Vec<_> = iter::repeat_with(Arc::<Outbox>::default)
            .take(listeners)
            .collect();
        for (index, outbox) in outboxes.iter().enumerate() {
            let listening = Listening {
                connection: ConnectionId(index as u64),
                user: None,
                nickname: None,
                subscription: format!("sub-{}", index % subscription_ids).into(),
                version: Version::V1_2,
                mode: if is_committed_only {
                    Mode::Committed
                } else {
                    Mode::Optimistic
                },
                tracked: false,
            };
            room.listen(listening, Arc::clone(outbox), Seq::ZERO);
        }
        Self {
            name,
            room,
            outboxes,
            last: Seq::ZERO,
        }
    }

    /// Shows a message and commits it, and has every listener take what it is told. Returns how
    /// many deliveries that were.
    ///
    /// # Panics
    /// A listener did not take in time, which they all do.
    pub fn hears(&mut self, content: &str) -> usize {
        self.last = self.last.next();
        let temp_id = TempId(Uuid::from_u128(self.last.0 as u128));
        let shown = ChatMessageReceive {
            id: MessageId(temp_id.0),
            temp_id,
            sender: "bench".into(),
            sender_id: None,
            content: content.into(),
            room_id: self.name.clone(),
            created_at: None,
            edited_at: None,
            deleted: false,
            seq: None,
            rev: None,
        };
        self.room.show(&shown, Telling::default());
        let stored = Arc::new(ChatMessageReceive {
            created_at: Some(OffsetDateTime::UNIX_EPOCH),
            seq: Some(self.last),
            rev: Some(self.last),
            ..shown
        });
        self.room.offer(stored, Telling::default());
        let taken = self.outboxes.iter().map(|outbox| {
            let taken = outbox.take(OUTBOX_BYTES_MAX);
            taken.expect("listeners take in time").len()
        });
        taken.sum()
    }
}
