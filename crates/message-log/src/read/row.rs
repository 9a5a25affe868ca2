//! What rows say.

use chat::{Message, MessageId, RoomId, Seq, TempId, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;

/// Reads which room a row is of.
pub(crate) fn room(row: &PgRow) -> Result<RoomId, sqlx::Error> {
    let text: &str = row.try_get("room_id")?;
    RoomId::parse(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Reads the message of a row of `chat_message` of this room.
pub(crate) fn message(row: &PgRow, room: &RoomId) -> Result<Message, sqlx::Error> {
    Ok(Message {
        id: MessageId(row.try_get("id")?),
        room: room.clone(),
        seq: Seq(row.try_get("seq")?),
        rev: Seq(row.try_get("rev")?),
        temp_id: TempId(row.try_get("temp_id")?),
        sender: row.try_get("sender")?,
        sender_id: row.try_get::<Option<_>, _>("sender_id")?.map(UserId),
        content: row.try_get("content")?,
        created_at: row.try_get("created_at")?,
        edited_at: row.try_get("edited_at")?,
        deleted: row.try_get("is_deleted")?,
    })
}
