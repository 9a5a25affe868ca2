//! Fills a room with messages, as fast as the server takes them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{self, timeout};

use crate::client::Client;
use crate::history::History;
use crate::target::Target;
use crate::tokens::{self, CONNECTIONS_PER_GUEST};
use crate::websocket;

/// How many connections fill a room, and how many messages of each are under way.
const SPEAKERS: u64 = 16;
const IN_FLIGHT: usize = 64;

/// How long the server may take for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// How long a connection rests after a refusal.
const REFUSED_PAUSE: Duration = Duration::from_millis(500);

/// A token for each of those who speak: nobody says too much for one.
pub(crate) async fn tokens(guests: SocketAddr) -> Result<Vec<String>> {
    tokens::guests(guests, CONNECTIONS_PER_GUEST * SPEAKERS as usize).await
}

/// Says what a room lacks of so many messages, each of which has a content of its own.
pub(crate) async fn fill(
    target: &Target,
    room: &str,
    tokens: &[String],
    messages: u64,
    content: fn(u64) -> String,
) -> Result<()> {
    let mut history = History::connect(target.at[0], &tokens[0]).await?;
    let there = history.last_seq(room).await?;
    if there < messages {
        announce(&format!("saying {} messages in {room}", messages - there));
    }
    let mut speakers = JoinSet::new();
    for nth in 0..SPEAKERS {
        let (target, room) = (target.clone(), room.to_owned());
        let token = tokens[nth as usize % tokens.len()].clone();
        let numbers = (there + nth..messages).step_by(SPEAKERS as usize);
        speakers.spawn(async move { speak(&target, &room, &token, numbers, content).await });
    }
    while let Some(spoken) = speakers.join_next().await {
        spoken??;
    }
    Ok(())
}

async fn speak(
    target: &Target,
    room: &str,
    token: &str,
    mut numbers: impl Iterator<Item = u64>,
    content: fn(u64) -> String,
) -> Result<()> {
    let client = Client::connect(target, 0, Some(token)).await?;
    let mut stream = TcpStream::from_std(client.into_stream()?)?;
    let errors = "SUBSCRIBE\nid:errors\ndestination:/user/queue/errors\n\n\0";
    stream
        .write_all(&websocket::text(errors.as_bytes()))
        .await?;
    let mut heard = Vec::new();
    let mut refused: Vec<u64> = Vec::new();
    loop {
        let again = refused.len();
        let next = refused
            .drain(..)
            .chain(numbers.by_ref().take(IN_FLIGHT - again));
        let mut frames = Vec::new();
        let mut waiting = 0;
        for number in next {
            let frame = target
                .dialect
                .send(room, &content(number), &number.to_string());
            frames.extend(websocket::text(frame.as_bytes()));
            waiting += 1;
        }
        if waiting == 0 {
            return Ok(());
        }
        stream.write_all(&frames).await?;
        while waiting > 0 {
            let read = timeout(ANSWER_MAX, stream.read_buf(&mut heard)).await;
            ensure!(
                read.context("a message is not stored")?? > 0,
                "the server hung up"
            );
            let mut done = 0;
            while let Some((message, length)) = websocket::first(&heard[done..])? {
                if let websocket::Heard::Payload(payload) = message {
                    waiting -= usize::from(payload.starts_with(b"RECEIPT"));
                    // What the database was too slow for is said again.
                    if payload.starts_with(b"MESSAGE") {
                        waiting -= 1;
                        refused.push(refused_number(payload)?);
                    }
                }
                done += length;
            }
            heard.drain(..done);
        }
        if !refused.is_empty() {
            time::sleep(REFUSED_PAUSE).await;
        }
    }
}

/// Which message a problem is about.
fn refused_number(problem: &[u8]) -> Result<u64> {
    let text = std::str::from_utf8(problem)?;
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("receipt-id:"));
    ensure!(
        text.contains("\"retryable\":true"),
        "a message is refused: {text}"
    );
    Ok(number.context("a problem of nothing")?.parse()?)
}

/// Says what takes minutes.
#[expect(clippy::print_stderr, reason = "it takes minutes")]
pub(crate) fn announce(what: &str) {
    eprintln!("{what}");
}
