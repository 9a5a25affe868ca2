//! Many open connections, read and written by one thread.

use std::io::{self, Read, Write};
use std::net::TcpStream as StdStream;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::websocket::{self, Heard};

/// How much one read may bring, in bytes; one buffer serves all connections.
const READ_BYTES: usize = 256 * 1024;

/// How many events are taken at once.
const EVENTS_MAX: usize = 1024;

/// How long more may come before what came is read, as a network card gathers what arrives before it
/// interrupts. On one machine whoever writes to a reader that sleeps pays for waking it: read at
/// once, every server's account would hold one wake-up of the load a frame, as no server's does whose
/// clients are elsewhere.
const GATHERING: Duration = Duration::from_micros(200);

/// Connections that are spoken to by their index.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    members: Vec<Member>,
    buffer: Vec<u8>,
    /// The bytes that came so far.
    pub(crate) bytes_read: u64,
}

/// One connection. It owns a buffer only while a message is there in part.
struct Member {
    stream: TcpStream,
    unread: Vec<u8>,
    unwritten: Vec<u8>,
}

impl Crowd {
    /// Takes connections over.
    pub(crate) fn new(streams: Vec<StdStream>) -> Result<Self> {
        let poll = Poll::new()?;
        let mut members = Vec::with_capacity(streams.len());
        for (index, stream) in streams.into_iter().enumerate() {
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut stream, Token(index), interest)?;
            members.push(Member {
                stream,
                unread: Vec::new(),
                unwritten: Vec::new(),
            });
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            members,
            buffer: vec![0; READ_BYTES],
            bytes_read: 0,
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Writes bytes to a connection; what its socket does not take waits.
    pub(crate) fn write(&mut self, index: usize, bytes: &[u8]) -> Result<()> {
        self.members[index].write(bytes)
    }

    /// Waits at most so long and tells `hear` every message that came, with its connection.
    ///
    /// # Errors
    /// A connection ended.
    pub(crate) fn turn(
        &mut self,
        timeout: Duration,
        mut hear: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        if !self.events.is_empty() {
            #[expect(clippy::disallowed_methods, reason = "the load's thread is its own")]
            thread::sleep(GATHERING);
        }
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &self.events {
            let index = event.token().0;
            let read =
                self.members[index].serve(event, &mut self.buffer, &mut |payload: &[u8]| {
                    hear(index, payload)
                });
            self.bytes_read += read.with_context(|| format!("connection {index}"))?;
        }
        Ok(())
    }
}

impl Member {
    fn serve(
        &mut self,
        event: &Event,
        buffer: &mut [u8],
        hear: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<u64> {
        if event.is_writable() && !self.unwritten.is_empty() {
            let unwritten = std::mem::take(&mut self.unwritten);
            self.write(&unwritten)?;
        }
        let mut total = 0;
        // A read that does not fill the buffer has emptied the socket (epoll(7), "Questions and
        // answers"), so that no further one has to find that out.
        let mut read = if event.is_readable() { buffer.len() } else { 0 };
        while read == buffer.len() {
            read = match self.stream.read(buffer) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error.into()),
            };
            total += read as u64;
            self.take(&buffer[..read], hear)?;
        }
        Ok(total)
    }

    fn take(&mut self, bytes: &[u8], hear: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if self.unread.is_empty() {
            let taken = self.take_whole(bytes, hear)?;
            self.unread.extend_from_slice(&bytes[taken..]);
            return Ok(());
        }
        let mut unread = std::mem::take(&mut self.unread);
        unread.extend_from_slice(bytes);
        let taken = self.take_whole(&unread, hear)?;
        unread.drain(..taken);
        if !unread.is_empty() {
            self.unread = unread;
        }
        Ok(())
    }

    /// Takes the messages that are there as a whole, and returns how many bytes they have.
    fn take_whole(
        &mut self,
        bytes: &[u8],
        hear: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        let mut taken = 0;
        while let Some((heard, length)) = websocket::first(&bytes[taken..])? {
            match heard {
                Heard::Payload(payload) => hear(payload)?,
                Heard::Ping(payload) => self.write(&websocket::pong(payload))?,
                Heard::Pong => {}
            }
            taken += length;
        }
        Ok(taken)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        while self.unwritten.is_empty() && !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("the server takes nothing"),
            }
        }
        self.unwritten.extend_from_slice(rest);
        Ok(())
    }
}
