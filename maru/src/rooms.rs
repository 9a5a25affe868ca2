//! Looks into a room from the side of Postgres: who did what and when, never what was said.

use std::time::Duration;

use anyhow::{Context, Result};
use chat::{Message, RoomId, Seq};
use clap::Args;
use message_log::MessageLog;
use tokio::time;

use crate::config::Config;

/// How long it rests where nothing is new.
const PAUSE: Duration = Duration::from_millis(500);
/// How many changes are read at once.
const PAGE: u32 = 500;

/// What `maru rooms tail` can be told.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The room
    pub room: String,
    /// After which number it begins; where the room stands now unless told otherwise
    #[arg(long, value_name = "SEQ")]
    pub since: Option<i64>,
    /// Ends where nothing is new, instead of waiting for more
    #[arg(long)]
    pub once: bool,
}

/// Says each change of a room in a line, until `stop`.
///
/// # Errors
/// There is no such name of a room, or Postgres cannot be read.
pub async fn tail(
    config: &Config,
    options: &Options,
    say: impl Fn(&str),
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let url = config.database_url.as_deref();
    let url = url.context("DATABASE_URL: is not set; it names the Postgres that is read")?;
    let room = RoomId::parse(&options.room).context("the room")?;
    let log = MessageLog::connect(url, 1).await.context("DATABASE_URL")?;
    let followed = tokio::select! {
        followed = follow(&log, &room, options, say) => followed,
        () = stop => Ok(()),
    };
    log.close().await;
    followed
}

async fn follow(
    log: &MessageLog,
    room: &RoomId,
    options: &Options,
    say: impl Fn(&str),
) -> Result<()> {
    let mut after = match options.since {
        Some(since) => Seq(since),
        None => {
            let heads = log.heads(std::slice::from_ref(room)).await?;
            heads.first().map_or(Seq(0), |(_, head)| head.seq)
        }
    };
    loop {
        let changes = log.changes(room, after, PAGE).await?;
        for message in &changes {
            say(&line(message));
            after = message.rev;
        }
        if changes.is_empty() {
            if options.once {
                return Ok(());
            }
            time::sleep(PAUSE).await;
        }
    }
}

fn line(message: &Message) -> String {
    let what = if message.deleted {
        "deleted"
    } else if message.edited_at.is_some() {
        "edited"
    } else {
        "said"
    };
    format!(
        "rev {} {what} seq {} at {} by {:?}{} id {} ({} bytes)",
        message.rev.0,
        message.seq.0,
        message.edited_at.unwrap_or(message.created_at),
        message.sender,
        message
            .sender_id
            .map_or_else(String::new, |user| format!(" ({user})")),
        message.id,
        message.content.len(),
    )
}
