//! The language of these tests.

use chat::{
    Content, Draft, Message, Nickname, RoomId, RoomName, Sender, TempId, UserId, Visibility,
};
use message_log::{Appended, MessageLog, NewRoom};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The URL of the database of these tests.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are configured by the environment alone"
)]
pub(crate) fn url() -> String {
    std::env::var("DATABASE_URL").expect(
        "DATABASE_URL is not set; it names the database of these tests, and `cargo xtask test` \
         sets it",
    )
}

/// The log, its tables made, with at most so many connections.
pub(crate) async fn log(connections_max: u32) -> MessageLog {
    static MIGRATED: OnceCell<()> = OnceCell::const_new();
    let log = MessageLog::connect(&url(), connections_max)
        .await
        .expect("DATABASE_URL names a Postgres that answers");
    MIGRATED
        .get_or_init(async || log.migrate().await.expect("the tables can be made"))
        .await;
    log
}

/// Connections beside the log's, to look at the rows and to do harm.
pub(crate) async fn beside() -> PgPool {
    PgPoolOptions::new()
        .max_connections(4)
        .connect(&url())
        .await
        .expect("DATABASE_URL names a Postgres that answers")
}

/// A schema of its own, for tests that do harm to tables or open two transactions at once.
pub(crate) struct Place {
    /// Leads to the schema.
    pub(crate) url: String,
    /// Connections beside the log's, which see the same tables.
    pub(crate) beside: PgPool,
    schema: String,
}

impl Place {
    /// An empty schema; `None` on the embedded Postgres, whose connections share one session and
    /// take turns: what needs two transactions at once cannot happen there.
    pub(crate) async fn empty() -> Option<Self> {
        let pool = beside().await;
        if !has_sessions(&pool).await {
            return None;
        }
        let schema = format!("place_{}", Uuid::new_v4().simple());
        run(&pool, format!("CREATE SCHEMA {schema}")).await;
        let separator = if url().contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}options=-csearch_path%3D{schema}", url());
        let beside = PgPoolOptions::new()
            .max_connections(4)
            .connect(&url)
            .await
            .expect("the same server answers");
        Some(Self {
            url,
            beside,
            schema,
        })
    }

    /// A schema with a log in it.
    pub(crate) async fn with_log(connections_max: u32) -> Option<(Self, MessageLog)> {
        let place = Self::empty().await?;
        let log = MessageLog::connect(&place.url, connections_max)
            .await
            .expect("the same server answers");
        log.migrate().await.expect("the tables can be made");
        Some((place, log))
    }

    /// Removes the schema.
    pub(crate) async fn clear(self) {
        run(&self.beside, format!("DROP SCHEMA {} CASCADE", self.schema)).await;
    }
}

/// Runs statements that no parameter can be bound to.
pub(crate) async fn run(pool: &PgPool, sql: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(pool)
        .await
        .expect("the statements run");
}

async fn has_sessions(pool: &PgPool) -> bool {
    let mut one = pool.acquire().await.expect("a connection");
    let mut two = pool.acquire().await.expect("another connection");
    backend(&mut one).await != backend(&mut two).await
}

/// The process that serves a connection.
pub(crate) async fn backend(connection: &mut PgConnection) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(connection)
        .await
        .expect("a process id")
}

/// A room that no other test knows.
pub(crate) fn room(tag: &str) -> RoomId {
    RoomId::parse(&format!("{tag} {}", Uuid::new_v4())).expect("a room's name")
}

/// Somebody whom no other test knows.
pub(crate) fn user() -> UserId {
    UserId(Uuid::new_v4())
}

/// A room that was made, and its owner.
pub(crate) async fn made(log: &MessageLog, visibility: Visibility) -> (RoomId, UserId) {
    let (id, owner) = (RoomId::minted(visibility, Uuid::new_v4()), user());
    let new = NewRoom {
        id: id.clone(),
        name: RoomName::parse("방").expect("a name"),
        owner,
    };
    log.make_room(&new).await.expect("the room is made");
    (id, owner)
}

/// A tempId never used before.
pub(crate) fn temp_id() -> TempId {
    TempId(Uuid::new_v4())
}

/// A guest's draft.
pub(crate) fn draft(room: &RoomId, sender: &str, content: &str) -> Draft {
    Draft {
        room: room.clone(),
        sender: Sender::guest(Nickname::parse(sender).expect("a name")),
        temp_id: temp_id(),
        content: Content::parse(content).expect("a content"),
    }
}

/// The same draft, by an account.
pub(crate) fn by_account(draft: &Draft, id: Uuid) -> Draft {
    let mut draft = draft.clone();
    draft.sender.id = Some(UserId(id));
    draft
}

/// The same draft with another content.
pub(crate) fn saying(draft: &Draft, content: &str) -> Draft {
    let mut draft = draft.clone();
    draft.content = Content::parse(content).expect("a content");
    draft
}

/// Appends one draft, which must be stored anew.
pub(crate) async fn stores(log: &MessageLog, draft: &Draft) -> Message {
    let appended = log
        .append(std::slice::from_ref(draft))
        .await
        .expect("the batch is stored");
    match appended.as_slice() {
        [
            Appended::Stored {
                message,
                duplicate: false,
                ..
            },
        ] => message.clone(),
        other => panic!("stored anew is what it should be, not {other:?}"),
    }
}

/// Appends that many messages, one batch.
pub(crate) async fn fills(log: &MessageLog, room: &RoomId, count: usize) -> Vec<Message> {
    let drafts: Vec<_> = (1..=count)
        .map(|n| draft(room, "Ada", &format!("message {n}")))
        .collect();
    log.append(&drafts)
        .await
        .expect("the batch is stored")
        .into_iter()
        .map(stored)
        .collect()
}

/// The message of an answer that says that it is stored.
pub(crate) fn stored(answer: Appended) -> Message {
    match answer {
        Appended::Stored { message, .. } => message,
        other => panic!("stored is what it should be, not {other:?}"),
    }
}

/// The seqs of a room's rows, ascending, as another connection sees them.
pub(crate) async fn seqs(pool: &PgPool, room: &RoomId) -> Vec<i64> {
    sqlx::query_scalar("SELECT seq FROM chat_message WHERE room_id = $1 ORDER BY seq")
        .bind(room.as_str())
        .fetch_all(pool)
        .await
        .expect("the rows")
}

/// Marks a message as deleted, or as edited to another content, taking the room's next number.
pub(crate) async fn changes_it(pool: &PgPool, message: &Message, edited_to: Option<&str>) -> i64 {
    sqlx::query_scalar(
        "WITH room AS (
            UPDATE chat_room SET last_seq = last_seq + 1 WHERE room_id = $1 RETURNING last_seq
        )
        UPDATE chat_message
        SET rev = last_seq,
            content = coalesce($3, content),
            edited_at = CASE WHEN $3 IS NULL THEN edited_at ELSE clock_timestamp() END,
            is_deleted = $3 IS NULL
        FROM room
        WHERE id = $2
        RETURNING rev",
    )
    .bind(message.room.as_str())
    .bind(message.id.0)
    .bind(edited_to)
    .fetch_one(pool)
    .await
    .expect("the message is changed")
}
