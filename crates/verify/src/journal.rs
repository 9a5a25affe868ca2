//! The journal: everything that was intended and seen, one JSON object a line, on disk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use crate::progress::Counts;

/// How many entries wait for the disk before whoever has one more waits too.
const QUEUE_MAX: usize = 16 * 1024;

/// How many entries are made durable at once.
const BATCH_MAX: usize = 4 * 1024;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in microseconds from the start of the run.
    pub at_us: u64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What was intended or seen. A send is named by its `tempId`, a room by its index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
pub enum Event {
    /// A message is to be sent.
    Intent {
        /// Its tempId.
        send: Uuid,
        /// Where.
        room: u32,
        /// When it is due, in microseconds from the start.
        due_us: u64,
        /// A hash of what it says.
        hash: u64,
    },
    /// It is handed to a socket, not for the first time perhaps.
    Sent {
        /// Its tempId.
        send: Uuid,
    },
    /// The server has stored it.
    Receipt {
        /// Its tempId.
        send: Uuid,
        /// The id of the row.
        id: Uuid,
        /// The number of the row.
        seq: i64,
        /// Whether it had been stored before.
        duplicate: bool,
    },
    /// The server has not stored it, or does not know.
    Refusal {
        /// Its tempId.
        send: Uuid,
        /// The problem's code.
        code: String,
        /// Whether the server says by that code that it is not stored.
        is_certain: bool,
    },
    /// The socket broke before there was an answer.
    Unanswered {
        /// Its tempId.
        send: Uuid,
    },
    /// A listener subscribes, on a fresh connection.
    Subscribing {
        /// The listener.
        listener: u32,
        /// Where.
        room: u32,
        /// Which events it asks for.
        mode: Mode,
        /// The number behind which it resumes.
        since: Option<i64>,
    },
    /// The listener's SUBSCRIBE is in effect.
    Listening {
        /// The listener.
        listener: u32,
    },
    /// A message, complete and stored.
    Stored {
        /// The listener.
        listener: u32,
        /// The message's tempId.
        send: Uuid,
        /// Its id.
        id: Uuid,
        /// Its number.
        seq: i64,
        /// A hash of what it says.
        hash: u64,
    },
    /// A message, before it is stored.
    Shown {
        /// The listener.
        listener: u32,
        /// The message's tempId.
        send: Uuid,
        /// A hash of what it says.
        hash: u64,
    },
    /// The number of a message that was shown.
    Timed {
        /// The listener.
        listener: u32,
        /// The message's tempId.
        send: Uuid,
        /// Its id.
        id: Uuid,
        /// Its number.
        seq: i64,
    },
    /// A message that was shown is withdrawn.
    Withdrawn {
        /// The listener.
        listener: u32,
        /// The message's tempId.
        send: Uuid,
    },
    /// A listener is told that it has everything up to a number.
    Resumed {
        /// The listener.
        listener: u32,
        /// The number.
        to: i64,
    },
    /// A listener is told to read the room anew.
    Snapshot {
        /// The listener.
        listener: u32,
        /// The room's last number.
        last_seq: i64,
    },
    /// A client's connection has ended.
    Closed {
        /// Who.
        client: Client,
        /// The close code; absent where the socket just broke, or the client hung up.
        code: Option<u16>,
        /// Why, in words.
        reason: String,
    },
    /// A row, as it was read.
    Row {
        /// From where, and when.
        reading: Reading,
        /// The room.
        room: u32,
        /// The row.
        #[serde(flatten)]
        row: Row,
    },
    /// Something was broken on purpose.
    Fault {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
    },
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Client {
    /// A sender's.
    Sender(u32),
    /// A listener's.
    Listener(u32),
}

/// Which events a listener asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Each message once, complete, after the commit.
    Committed,
    /// Each message at once, and its number after the commit.
    Optimistic,
}

/// From where rows were read, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reading {
    /// Over HTTP, before what is unknown was asked again.
    Early,
    /// Over HTTP, at the end.
    Http,
    /// From Postgres, at the end.
    Sql,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its number.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// The sender's id of it.
    pub send: Uuid,
    /// A hash of what it says.
    pub hash: u64,
}

/// The way into the journal, for everybody.
#[derive(Clone)]
pub(crate) struct Journal {
    queue: mpsc::Sender<Entry>,
    start: Instant,
    counts: Arc<Counts>,
}

/// Writes the journal, on a thread of its own.
pub(crate) struct Scribe(JoinHandle<io::Result<()>>);

impl Journal {
    /// Begins a journal at `path`.
    pub(crate) fn begin(
        path: &Path,
        start: Instant,
        counts: Arc<Counts>,
    ) -> Result<(Self, Scribe)> {
        let file = File::create(path)
            .with_context(|| format!("the journal {} cannot be written", path.display()))?;
        let (queue, entries) = mpsc::channel(QUEUE_MAX);
        let scribe = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(&file, entries))?;
        let journal = Self {
            queue,
            start,
            counts,
        };
        Ok((journal, Scribe(scribe)))
    }

    /// Notes something that happens now.
    pub(crate) async fn note(&self, event: Event) {
        let at_us = self.us_of(Instant::now());
        self.counts.count(&event);
        // Where the scribe has failed, the end of the run says why.
        let _ = self.queue.send(Entry { at_us, event }).await;
    }

    /// A moment as the journal tells it, in microseconds from the start.
    pub(crate) fn us_of(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.start);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

impl Scribe {
    /// Waits until everything is on disk. Every [`Journal`] must be gone.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0.join() {
            Ok(written) => written.context("the journal could not be written"),
            Err(_) => anyhow::bail!("the journal's thread panicked"),
        }
    }
}

/// Makes durable whatever has gathered while the disk was busy with what came before.
fn write(mut file: &File, mut entries: mpsc::Receiver<Entry>) -> io::Result<()> {
    let mut batch = Vec::new();
    let mut text = Vec::new();
    while entries.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        text.clear();
        for entry in batch.drain(..) {
            serde_json::to_writer(&mut text, &entry)?;
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.sync_data()?;
    }
    Ok(())
}

/// Reads a journal back, line by line.
///
/// # Errors
/// It cannot be opened; each line that is none is an error of its own.
pub fn read(path: &Path) -> Result<impl Iterator<Item = Result<Entry>> + use<>> {
    let file = File::open(path)
        .with_context(|| format!("the journal {} cannot be read", path.display()))?;
    Ok(BufReader::new(file).lines().map(|line| {
        let line = line.context("the journal cannot be read")?;
        serde_json::from_str(&line).context("the journal has a line that is none")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_noted_is_read_back_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let (journal, scribe) =
            Journal::begin(&path, Instant::now(), Arc::default()).expect("a journal");
        let events = [
            Event::Intent {
                send: Uuid::from_u128(7),
                room: 1,
                due_us: 5,
                hash: u64::MAX,
            },
            Event::Row {
                reading: Reading::Sql,
                room: 1,
                row: Row {
                    seq: 1,
                    id: Uuid::from_u128(8),
                    send: Uuid::from_u128(7),
                    hash: u64::MAX,
                },
            },
            Event::Closed {
                client: Client::Listener(3),
                code: Some(1012),
                reason: "restart".to_owned(),
            },
        ];
        for event in &events {
            journal.note(event.clone()).await;
        }
        drop(journal);
        scribe.finish().expect("on disk");
        let entries: Result<Vec<_>> = read(&path).expect("a file").collect();
        let read: Vec<_> = entries
            .expect("whole")
            .into_iter()
            .map(|e| e.event)
            .collect();
        assert_eq!(read, events);
    }
}
