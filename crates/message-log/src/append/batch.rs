//! A batch: what stands in the log for each draft, and the new of it as columns.

use std::collections::HashMap;

use chat::{Access, Draft, Message, MessageId, RoomId, Seq, TempId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Appended;
use super::admission::{Earlier, Looked, RoomHead, Stopped};

/// The drafts of a batch, each key once, numbered.
pub(super) struct Batch<'a> {
    drafts: &'a [Draft],
    /// For each draft that is let in which of `standing` is its own, and the rules that let it in;
    /// else why it is not.
    places: Vec<Result<(usize, Access), Stopped>>,
    standing: Vec<Standing<'a>>,
    /// Where the rooms stand behind the batch.
    rooms: HashMap<&'a RoomId, RoomHead>,
}

/// What stands in the log for a key.
enum Standing<'a> {
    /// The message was stored before this batch.
    Earlier(Earlier),
    /// It is new.
    New {
        id: Uuid,
        seq: Seq,
        created_at: OffsetDateTime,
        draft: &'a Draft,
    },
}

/// What is new of a batch, as columns, and the numbers of its rooms.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) ids: Vec<Uuid>,
    pub(super) room_ids: Vec<&'a str>,
    pub(super) seqs: Vec<i64>,
    pub(super) temp_ids: Vec<Uuid>,
    pub(super) senders: Vec<&'a str>,
    pub(super) sender_ids: Vec<Option<Uuid>>,
    pub(super) contents: Vec<&'a str>,
    pub(super) created_ats: Vec<OffsetDateTime>,
    /// Rooms in which something is new, each once.
    pub(super) rooms: Vec<&'a str>,
    pub(super) last_seqs: Vec<i64>,
    pub(super) nows: Vec<OffsetDateTime>,
}

impl<'a> Batch<'a> {
    /// The drafts that are let in, as `looked` says of each, with the numbers that they get.
    pub(super) fn of(drafts: &'a [Draft], looked: Vec<Option<Looked>>) -> Self {
        debug_assert_eq!(drafts.len(), looked.len());
        let mut batch = Self {
            drafts,
            places: Vec::with_capacity(drafts.len()),
            standing: Vec::with_capacity(drafts.len()),
            rooms: HashMap::new(),
        };
        let mut known = HashMap::with_capacity(drafts.len());
        for (draft, looked) in drafts.iter().zip(looked) {
            let Some(looked) = looked else {
                batch.places.push(Err(Stopped::NotThere));
                continue;
            };
            let place = looked.admitted.map(|access| {
                let place = known.entry(Key::of(draft)).or_insert_with(|| {
                    batch.stand(draft, looked.earlier, looked.room);
                    batch.standing.len() - 1
                });
                (*place, access)
            });
            batch.places.push(place);
        }
        batch
    }

    fn stand(&mut self, draft: &'a Draft, earlier: Option<Earlier>, room: RoomHead) {
        let standing = match earlier {
            Some(earlier) => Standing::Earlier(earlier),
            None => {
                // The first draft of a room says where it stands for all of the batch.
                let room = self.rooms.entry(&draft.room).or_insert(room);
                room.last_seq = Seq(room.last_seq.0 + 1);
                Standing::New {
                    id: Uuid::now_v7(),
                    seq: room.last_seq,
                    created_at: room.now,
                    draft,
                }
            }
        };
        self.standing.push(standing);
    }

    /// What is to be stored.
    pub(super) fn columns(&self) -> Columns<'a> {
        let mut columns = Columns::default();
        for standing in &self.standing {
            if let Standing::New {
                id,
                seq,
                created_at,
                draft,
            } = *standing
            {
                columns.ids.push(id);
                columns.room_ids.push(draft.room.as_str());
                columns.seqs.push(seq.0);
                columns.temp_ids.push(draft.temp_id.0);
                columns.senders.push(draft.sender.nickname.as_str());
                columns.sender_ids.push(draft.sender.id.map(|id| id.0));
                columns.contents.push(draft.content.as_str());
                columns.created_ats.push(created_at);
            }
        }
        for (room, head) in &self.rooms {
            columns.rooms.push(room.as_str());
            columns.last_seqs.push(head.last_seq.0);
            columns.nows.push(head.now);
        }
        columns
    }

    /// The ids that the batch's messages have if they are stored.
    pub(super) fn message_ids(&self) -> Vec<MessageId> {
        let ids = self.standing.iter().filter_map(|standing| match standing {
            Standing::New { id, .. } => Some(MessageId(*id)),
            Standing::Earlier(_) => None,
        });
        ids.collect()
    }

    /// Answers for each draft, once the batch is stored.
    pub(super) fn into_answers(self) -> Vec<Appended> {
        let mut taken: Vec<bool> = self
            .standing
            .iter()
            .map(|standing| matches!(standing, Standing::Earlier(_)))
            .collect();
        self.drafts
            .iter()
            .zip(&self.places)
            .map(|(draft, &place)| {
                let (at, access) = match place {
                    Ok(place) => place,
                    Err(Stopped::NotThere) => return Appended::NotThere,
                    Err(Stopped::Refused(silence)) => return Appended::Silenced(silence),
                };
                let standing = &self.standing[at];
                let duplicate = taken[at];
                taken[at] = true;
                if duplicate && !standing.is_repeated_by(draft) {
                    return Appended::Conflict;
                }
                Appended::Stored {
                    message: standing.message(draft),
                    duplicate,
                    access,
                }
            })
            .collect()
    }
}

impl Standing<'_> {
    /// Whether the draft, of the same key, says it again.
    fn is_repeated_by(&self, draft: &Draft) -> bool {
        match self {
            // What it said at first is not kept, and the key alone decides.
            Self::Earlier(earlier) if earlier.is_deleted || earlier.edited_at.is_some() => true,
            Self::Earlier(earlier) => earlier.content == draft.content.as_str(),
            Self::New { draft: first, .. } => first.content == draft.content,
        }
    }

    /// The message, for a draft of its key.
    fn message(&self, draft: &Draft) -> Message {
        let (room, temp_id, sender_id) = (draft.room.clone(), draft.temp_id, draft.sender.id);
        match self {
            Self::Earlier(earlier) => Message {
                id: MessageId(earlier.id),
                room,
                seq: earlier.seq,
                rev: earlier.rev,
                temp_id,
                sender: earlier.sender.clone(),
                sender_id,
                content: earlier.content.clone(),
                created_at: earlier.created_at,
                edited_at: earlier.edited_at,
                deleted: earlier.is_deleted,
            },
            Self::New {
                id,
                seq,
                created_at,
                draft: first,
            } => Message {
                id: MessageId(*id),
                room,
                seq: *seq,
                rev: *seq,
                temp_id,
                sender: first.sender.nickname.as_str().to_owned(),
                sender_id,
                content: first.content.as_str().to_owned(),
                created_at: *created_at,
                edited_at: None,
                deleted: false,
            },
        }
    }
}

/// What makes a send the same send: an account is known by its id, a guest by the name alone.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Account(&'a RoomId, UserId, TempId),
    Guest(&'a RoomId, &'a str, TempId),
}

impl<'a> Key<'a> {
    fn of(draft: &'a Draft) -> Self {
        match draft.sender.id {
            Some(id) => Self::Account(&draft.room, id, draft.temp_id),
            None => Self::Guest(&draft.room, draft.sender.nickname.as_str(), draft.temp_id),
        }
    }
}
