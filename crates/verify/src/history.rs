//! The rooms as HTTP tells them.

use anyhow::{Result, ensure};
use serde::Deserialize;
use uuid::Uuid;

use crate::endpoint::Endpoint;
use crate::event::hash;
use crate::http;
use crate::journal::Row;

/// How many messages are asked for at once.
const PAGE_MESSAGES: u32 = 200;

/// `GET /{roomId}/messages`, followed to the end.
pub(crate) struct History<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) token: Option<&'a str>,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    page: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: Uuid,
    temp_id: Uuid,
    seq: i64,
    content: String,
}

#[derive(Deserialize)]
struct PageInfo {
    after: Option<i64>,
}

impl History<'_> {
    /// Every message of a room.
    pub(crate) async fn room(&self, room: &str) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut after = 0;
        loop {
            let path = format!("/{room}/messages?limit={PAGE_MESSAGES}&after={after}");
            let page: Page = http::get(self.endpoint, &path, self.token).await?;
            rows.extend(page.messages.into_iter().map(|message| Row {
                seq: message.seq,
                id: message.id,
                send: message.temp_id,
                hash: hash(&message.content),
            }));
            let Some(next) = page.page.after else {
                return Ok(rows);
            };
            ensure!(next > after, "the pages of {room} lead nowhere");
            after = next;
        }
    }
}
