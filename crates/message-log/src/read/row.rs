//! What rows say.

use chat::{Message, MessageId, RoomId, Seq, TempId, UserId};
use sqlx::postgres::PgRow;
use sqlx::{Column, Decode, Postgres, Row, Type};

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
        id: MessageId(get(row, first)?),
        room: room.clone(),
        seq: Seq(get(row, first + 1)?),
        rev: Seq(get(row, first + 2)?),
        temp_id: TempId(get(row, first + 3)?),
        sender: get(row, first + 4)?,
        sender_id: get::<Option<_>>(row, first + 5)?.map(UserId),
        content: get(row, first + 6)?,
        created_at: get(row, first + 7)?,
        edited_at: get(row, first + 8)?,
        deleted: get(row, first + 9)?,
    })
}

/// Reads a column of a message. Its type is what the migrations made it, which tests ask and no
/// release does: the question costs more than reading the value.
fn get<'r, T>(row: &'r PgRow, place: usize) -> Result<T, sqlx::Error>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    if cfg!(debug_assertions) {
        row.try_get(place)
    } else {
        row.try_get_unchecked(place)
    }
}
