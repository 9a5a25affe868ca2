//! What rows say.

use chat::{Message, MessageId, RoomId, Seq, TempId, UserId};
use sqlx::postgres::PgRow;
use sqlx::{Column, Row};

/// Reads which room a row is of.
pub(crate) fn room(row: &PgRow) -> Result<RoomId, sqlx::Error> {
    let text: &str = row.try_get("room_id")?;
    RoomId::parse(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// How the columns of a message are called, in the order in which every statement has them.
const COLUMNS: [&str; 10] = [
    "id",
    "seq",
    "rev",
    "temp_id",
    "sender",
    "sender_id",
    "content",
    "created_at",
    "edited_at",
    "is_deleted",
];

/// Reads the message of a row of `chat_message` of this room.
pub(crate) fn message(row: &PgRow, room: &RoomId) -> Result<Message, sqlx::Error> {
    // By place: looking for a name costs as much as reading what stands there.
    let first = row.try_column(COLUMNS[0])?.ordinal();
    debug_assert!(
        row.columns()[first..]
            .iter()
            .map(Column::name)
            .take(COLUMNS.len())
            .eq(COLUMNS),
        "the columns of a message are in their order"
    );
    Ok(Message {
        id: MessageId(row.try_get(first)?),
        room: room.clone(),
        seq: Seq(row.try_get(first + 1)?),
        rev: Seq(row.try_get(first + 2)?),
        temp_id: TempId(row.try_get(first + 3)?),
        sender: row.try_get(first + 4)?,
        sender_id: row.try_get::<Option<_>, _>(first + 5)?.map(UserId),
        content: row.try_get(first + 6)?,
        created_at: row.try_get(first + 7)?,
        edited_at: row.try_get(first + 8)?,
        deleted: row.try_get(first + 9)?,
    })
}
