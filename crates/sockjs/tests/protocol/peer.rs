//! One client of one session.

use std::time::{Duration, Instant};

use sockjs::{Quoted, Receiver, Session, Settings, Transmit, Transport};

/// A session, its client and their clock.
pub(crate) struct Peer {
    pub(crate) session: Session,
    pub(crate) now: Instant,
}

impl Peer {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = clock();
        Self {
            session: Session::new(settings, now),
            now,
        }
    }

    /// One whose client has heard `o` on a poll.
    pub(crate) fn opened() -> Self {
        let mut peer = Self::new();
        let mut poll = peer.listens(Transport::Xhr);
        assert_eq!(peer.hears(&mut poll), ["o\n"]);
        peer
    }

    pub(crate) fn waits(&mut self, duration: Duration) {
        self.now += duration;
        self.session.handle_timeout(self.now);
    }

    pub(crate) fn listens(&mut self, transport: Transport) -> Receiver {
        self.session.attach(transport, self.now)
    }

    pub(crate) fn application_says(&mut self, text: &str) {
        self.session
            .send(Quoted::new(text), self.now)
            .expect("an open session");
    }

    /// The frames that are to be heard now, without a stream's prelude.
    pub(crate) fn hears(&mut self, receiver: &mut Receiver) -> Vec<String> {
        let mut heard = Vec::new();
        while let Transmit::Chunk(chunk) = self.session.poll_transmit(receiver, self.now) {
            heard.push(String::from_utf8(chunk.to_vec()).expect("UTF-8"));
        }
        heard.retain(|chunk| !chunk.starts_with("hh"));
        heard
    }

    pub(crate) fn is_over(&mut self, receiver: &mut Receiver) -> bool {
        self.session.poll_transmit(receiver, self.now) == Transmit::End
    }
}

/// A time to begin at.
#[expect(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way"
)]
pub(crate) fn clock() -> Instant {
    Instant::now()
}
