//! A batch in the shape that the statements take and give.

use std::collections::HashMap;

use chat::{Access, Draft, Message, MessageId, RoomId, Seq, TempId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Appended;
use super::admission::Stopped;

/// The drafts of a batch as columns, each key once.
pub(super) struct Batch<'a> {
    drafts: &'a [Draft],
    /// For each draft that is let in its place in the columns, which is the one of the first
    /// draft with its key, and the rules that let it in; else why it is not.
    places: Vec<Result<(usize, Access), Stopped>>,
    pub(super) ids: Vec<Uuid>,
    pub(super) room_ids: Vec<&'a str>,
    pub(super) temp_ids: Vec<Uuid>,
    pub(super) senders: Vec<&'a str>,
    pub(super) sender_ids: Vec<Option<Uuid>>,
    pub(super) contents: Vec<&'a str>,
}

impl<'a> Batch<'a> {
    /// The drafts that are let in, as `admitted` says of each.
    pub(super) fn of(drafts: &'a [Draft], admitted: &[Result<Access, Stopped>]) -> Self {
        debug_assert_eq!(drafts.len(), admitted.len());
        let count = drafts.len();
        let mut batch = Self {
            drafts,
            places: Vec::with_capacity(count),
            ids: Vec::with_capacity(count),
            room_ids: Vec::with_capacity(count),
            temp_ids: Vec::with_capacity(count),
            senders: Vec::with_capacity(count),
            sender_ids: Vec::with_capacity(count),
            contents: Vec::with_capacity(count),
        };
        let mut known = HashMap::with_capacity(count);
        for (draft, admitted) in drafts.iter().zip(admitted) {
            let access = match *admitted {
                Ok(access) => access,
                Err(stopped) => {
                    batch.places.push(Err(stopped));
                    continue;
                }
            };
            let next = batch.ids.len();
            let place = *known.entry(Key::of(draft)).or_insert(next);
            batch.places.push(Ok((place, access)));
            if place == next {
                batch.push(draft);
            }
        }
        batch
    }

    fn push(&mut self, draft: &'a Draft) {
        self.ids.push(Uuid::now_v7());
        self.room_ids.push(draft.room.as_str());
        self.temp_ids.push(draft.temp_id.0);
        self.senders.push(draft.sender.nickname.as_str());
        self.sender_ids.push(draft.sender.id.map(|id| id.0));
        self.contents.push(draft.content.as_str());
    }

    /// The ids that the batch's messages have if they are stored.
    pub(super) fn message_ids(&self) -> Vec<MessageId> {
        self.ids.iter().copied().map(MessageId).collect()
    }

    /// Answers for each draft, given what stands at each place of the columns, in their order.
    pub(super) fn answers(&self, places: Vec<Place>) -> Vec<Appended> {
        debug_assert_eq!(places.len(), self.ids.len());
        let mut taken = vec![false; places.len()];
        self.drafts
            .iter()
            .zip(&self.places)
            .map(|(draft, &admitted)| {
                let (at, access) = match admitted {
                    Ok(admitted) => admitted,
                    Err(Stopped::NotThere) => return Appended::NotThere,
                    Err(Stopped::Refused(silence)) => return Appended::Silenced(silence),
                };
                let place = &places[at];
                let duplicate = place.earlier.is_some() || taken[at];
                taken[at] = true;
                if duplicate && !self.repeats(draft, at, place) {
                    return Appended::Conflict;
                }
                Appended::Stored {
                    message: self.message(draft, at, place),
                    duplicate,
                    access,
                }
            })
            .collect()
    }

    /// Whether the draft says again what is stored at its place.
    fn repeats(&self, draft: &Draft, at: usize, place: &Place) -> bool {
        match &place.earlier {
            // What it said at first is not kept, and the key alone decides.
            Some(earlier) if earlier.is_deleted || earlier.edited_at.is_some() => true,
            Some(earlier) => earlier.content == draft.content.as_str(),
            None => self.contents[at] == draft.content.as_str(),
        }
    }

    fn message(&self, draft: &Draft, at: usize, place: &Place) -> Message {
        let (room, temp_id, sender_id) = (draft.room.clone(), draft.temp_id, draft.sender.id);
        match &place.earlier {
            Some(earlier) => Message {
                id: MessageId(earlier.id),
                room,
                seq: place.seq,
                rev: earlier.rev,
                temp_id,
                sender: earlier.sender.clone(),
                sender_id,
                content: earlier.content.clone(),
                created_at: place.created_at,
                edited_at: earlier.edited_at,
                deleted: earlier.is_deleted,
            },
            None => Message {
                id: MessageId(self.ids[at]),
                room,
                seq: place.seq,
                rev: place.seq,
                temp_id,
                sender: self.senders[at].to_owned(),
                sender_id,
                content: self.contents[at].to_owned(),
                created_at: place.created_at,
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

/// What stands in the log for one place of the columns.
pub(super) struct Place {
    seq: Seq,
    created_at: OffsetDateTime,
    /// The message, where it was stored before this batch.
    earlier: Option<Earlier>,
}

struct Earlier {
    id: Uuid,
    rev: Seq,
    sender: String,
    content: String,
    edited_at: Option<OffsetDateTime>,
    is_deleted: bool,
}

impl sqlx::FromRow<'_, sqlx::postgres::PgRow> for Place {
    fn from_row(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        use sqlx::Row;

        let earlier = match row.try_get("earlier_id")? {
            None => None,
            Some(id) => Some(Earlier {
                id,
                rev: Seq(row.try_get("earlier_rev")?),
                sender: row.try_get("earlier_sender")?,
                content: row.try_get("earlier_content")?,
                edited_at: row.try_get("earlier_edited_at")?,
                is_deleted: row.try_get("earlier_is_deleted")?,
            }),
        };
        Ok(Self {
            seq: Seq(row.try_get("seq")?),
            created_at: row.try_get("created_at")?,
            earlier,
        })
    }
}
