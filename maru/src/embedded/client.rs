//! One connected client.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer;
use super::exchange::{Exchange, Step};
use super::refusal::Refusal;
use super::session::{Lease, LeaseError, Session};
use super::startup::Startup;
use super::translation::Translation;
use super::wire::Frame;

/// How long a statement waits for its turn on the session before it fails with SQLSTATE 55P03.
pub const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a client may leave a transaction open without saying anything, before it is cut off
/// with SQLSTATE 25P03 and rolled back. Nobody else has a turn meanwhile.
pub const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(60);

/// How long a client may take to open its connection.
const STARTUP_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a client may take to read an answer.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(30);

/// How much room a read has, in bytes: enough for the usual exchange.
const READ_BYTES: usize = 8 << 10;

/// A connection, and what it knows between two frames.
pub(super) struct Client {
    number: u32,
    stream: UnixStream,
    inbox: BytesMut,
    exchange: Exchange,
    translation: Translation,
    session: Session,
    /// Held from the first statement of a transaction to its end.
    lease: Option<Lease>,
    stop: CancellationToken,
}

/// Why a conversation ended.
#[derive(Debug)]
enum End {
    /// The client left, or does not read.
    Left,
    /// It is cut off.
    Refused(Refusal),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Client {
    /// Client `number`, fresh from the listener.
    pub(super) fn new(
        number: u32,
        stream: UnixStream,
        session: Session,
        stop: CancellationToken,
    ) -> Self {
        Self {
            number,
            stream,
            inbox: BytesMut::new(),
            exchange: Exchange::default(),
            translation: Translation::new(number),
            session,
            lease: None,
            stop,
        }
    }

    /// Talks with the client until it leaves or is cut off; rolls back what it left open.
    pub(super) async fn serve(mut self) {
        let end = self.converse().await;
        let was_in_transaction = self.lease.take().is_some();
        if let End::Refused(refusal) = end {
            tracing::debug!(client = self.number, %refusal, "cutting off a client");
            let farewell = answer::farewell(refusal);
            // It may well be gone.
            let _ = timeout(WRITE_WAIT_MAX, self.stream.write_all(&farewell)).await;
        }
        self.session
            .leave_behind(self.translation.into_shared_names());
        if was_in_transaction && !self.stop.is_cancelled() {
            // The next turn rolls back first: let it be now.
            drop(self.session.lease(LOCK_WAIT_MAX).await);
        }
    }

    async fn converse(&mut self) -> End {
        match timeout(STARTUP_WAIT_MAX, self.greet()).await {
            Ok(Ok(())) => {}
            Ok(Err(end)) => return end,
            Err(_) => return Refusal::StartupTooSlow.into(),
        }
        loop {
            if let Err(end) = self.take_frame().await {
                return end;
            }
        }
    }

    async fn greet(&mut self) -> Result<(), End> {
        loop {
            match Startup::take(&mut self.inbox)? {
                None => self.read().await?,
                Some(Startup::Encryption) => self.say(answer::NO_ENCRYPTION).await?,
                Some(Startup::Cancel) => return Err(End::Left),
                Some(Startup::Session { negotiate }) => {
                    let parameters = self.session.parameters();
                    let welcome = answer::welcome(self.number, parameters, negotiate.as_deref());
                    return self.say(welcome).await;
                }
            }
        }
    }

    async fn take_frame(&mut self) -> Result<(), End> {
        let frame = self.hear().await?;
        match self.exchange.push(frame)? {
            Step::Gather => Ok(()),
            Step::AskForRows => self.say(answer::send_rows()).await,
            Step::Run => self.run().await,
            Step::Ready => self.say(answer::ready()).await,
            Step::Leave => Err(End::Left),
        }
    }

    /// Lets the engine answer to what was gathered.
    async fn run(&mut self) -> Result<(), End> {
        let frames = self.exchange.take();
        if self.inbox.is_empty() {
            // A buffer that grew for a large message is not kept while the client is idle.
            self.inbox = BytesMut::new();
        }
        let mut lease = match self.lease.take() {
            Some(lease) => lease,
            None => match self.session.lease(LOCK_WAIT_MAX).await {
                Ok(lease) => lease,
                Err(LeaseError::Busy) => return self.give_up_turn(&frames).await,
                Err(LeaseError::Gone(error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "no Postgres");
                    return Err(Refusal::EngineGone.into());
                }
            },
        };
        let generation = lease.generation();
        let request = self.translation.request(&frames, generation)?;
        let answer = lease.exec(request).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "Postgres failed");
            Refusal::EngineFailed
        })?;
        // The turn ends with the transaction, not with the client's reading of the answer.
        if lease.is_idle() {
            drop(lease);
        } else {
            self.lease = Some(lease);
        }
        let answer = self.translation.answer(answer, generation);
        self.say(answer).await
    }

    /// Answers an exchange that did not get its turn in time with the error, and with what ends it.
    async fn give_up_turn(&mut self, frames: &[Frame]) -> Result<(), End> {
        self.say(answer::busy()).await?;
        if frames.last().is_some_and(|frame| frame.tag == b'H') {
            self.exchange.skip_to_sync();
            return Ok(());
        }
        self.say(answer::ready()).await
    }

    async fn hear(&mut self) -> Result<Frame, End> {
        loop {
            if let Some(frame) = Frame::take(&mut self.inbox)? {
                return Ok(frame);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), End> {
        let is_in_transaction = self.lease.is_some();
        self.inbox.reserve(READ_BYTES);
        tokio::select! {
            read = self.stream.read_buf(&mut self.inbox) => match read {
                Ok(1..) => Ok(()),
                Ok(0) | Err(_) => Err(End::Left),
            },
            () = tokio::time::sleep(IDLE_IN_TRANSACTION_MAX), if is_in_transaction => {
                Err(Refusal::IdleInTransaction.into())
            }
            () = self.stop.cancelled() => Err(Refusal::Stopping.into()),
        }
    }

    async fn say(&mut self, words: Bytes) -> Result<(), End> {
        match timeout(WRITE_WAIT_MAX, self.stream.write_all(&words)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Left),
        }
    }
}
