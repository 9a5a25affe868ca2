//! A response on which a client listens.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use sockjs::{Receiver, Transmit, Transport};

use super::shared_session::{SharedSession, change_until};

/// A response that is being written. Dropped before its end, as when the client hangs up, it
/// interrupts the session.
pub(super) struct Listening {
    session: Arc<SharedSession>,
    /// Taken when this is dropped.
    receiver: Option<Receiver>,
}

impl Listening {
    /// Begins to listen.
    pub(super) fn attach(session: Arc<SharedSession>, transport: Transport) -> Self {
        let receiver = session.change(|session, now| session.attach(transport, now));
        Self {
            session,
            receiver: Some(receiver),
        }
    }

    /// The body of the response: each item is written as a chunk of its own.
    pub(super) fn chunks(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, async |mut listening| {
            let chunk = listening.next_chunk().await?;
            Some((Ok(chunk), listening))
        })
    }

    async fn next_chunk(&mut self) -> Option<Bytes> {
        let receiver = self.receiver.as_mut()?;
        loop {
            let changed = self.session.changed();
            match self
                .session
                .look(|session, now| session.poll_transmit(receiver, now))
            {
                Transmit::Chunk(chunk) => {
                    // The application may wait for the room that this made.
                    self.session.wake();
                    return Some(chunk);
                }
                Transmit::End => {
                    // From now on the session waits for its next receiver.
                    self.session.wake();
                    return None;
                }
                Transmit::Wait(due) => change_until(changed, Some(due)).await,
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(receiver) = self.receiver.take() {
            self.session
                .change(|session, now| session.detach(receiver, now));
        }
    }
}
