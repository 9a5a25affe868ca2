//! A session that a row of HTTP requests carries.

use sockjs::{Quoted, Status};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::registry::Place;
use super::shared_session::{SharedSession, change_until};
use crate::transport::{Close, PeerGone, Received, Transport};

/// The application's side of a session over HTTP.
pub(super) struct Polled(Place);

impl Polled {
    /// Takes the session that has this place.
    pub(super) fn new(place: Place) -> Self {
        Self(place)
    }

    fn session(&self) -> &SharedSession {
        self.0.session()
    }
}

impl Transport for Polled {
    async fn receive(&mut self) -> Received {
        loop {
            let changed = self.session().changed();
            let next = self.session().look(|session, now| {
                session.handle_timeout(now);
                if let Some(message) = session.poll_message() {
                    return Ok(Received::Text(message.into()));
                }
                match session.status() {
                    Status::Open => Err(session.poll_timeout()),
                    Status::Closed | Status::Gone => Ok(Received::Gone),
                }
            });
            match next {
                Ok(received) => {
                    // A request may wait for the room that this made.
                    self.session().wake();
                    return received;
                }
                Err(due) => change_until(changed, due).await,
            }
        }
    }

    /// Waits until there is room: what the client does not take holds the application back.
    async fn feed(&mut self, text: Utf8Bytes) -> Result<(), PeerGone> {
        let message = Quoted::new(&text);
        loop {
            let changed = self.session().changed();
            let sent = self.session().look(|session, now| {
                session.handle_timeout(now);
                let must_wait = !session.has_room(&message) && !session.is_drained();
                match session.status() {
                    Status::Open if must_wait => Err(session.poll_timeout()),
                    _ => Ok(session.send(message.clone(), now)),
                }
            });
            match sent {
                Ok(sent) => {
                    self.session().wake();
                    return sent.map_err(|_| PeerGone);
                }
                Err(due) => change_until(changed, due).await,
            }
        }
    }

    /// What was fed is the session's, which hands it to the next receiver.
    async fn flush(&mut self) -> Result<(), PeerGone> {
        Ok(())
    }

    /// Keeps the session until its client has had the time to ask why it ended.
    async fn close(self, close: Close) {
        let close = sockjs::Close::new(close.code, close.reason);
        self.session()
            .change(|session, now| session.close(close, now));
        loop {
            let changed = self.session().changed();
            let due = self.session().look(|session, now| {
                session.handle_timeout(now);
                session.poll_timeout()
            });
            match due {
                Some(due) => change_until(changed, Some(due)).await,
                None => break,
            }
        }
        // Whoever still listens is to see that the session is gone.
        self.session().wake();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;

    use bytes::Bytes;
    use futures_util::StreamExt;
    use sockjs::{IframePage, PayloadLimits, Reply, Request, Service, Settings};
    use tokio::time::{self, Instant};

    use super::super::listening::Listening;
    use super::super::registry::{Begun, Registry};
    use super::*;

    fn polled() -> Polled {
        let service = Service {
            websocket: true,
            cookie_needed: false,
            iframe: IframePage::new("/sockjs.js").expect("a URL"),
            payload: PayloadLimits::default(),
        };
        let Reply::Receive(receiving) = service.reply(&Request::new("POST", "/0/a/xhr"), || 0)
        else {
            panic!("not a session");
        };
        let session = SharedSession::new(Settings::default());
        let registry = Arc::new(Registry::new(1));
        match Registry::begin(&registry, receiving.session, session) {
            Ok(Begun::Now(place)) => Polled::new(place),
            _ => panic!("an empty registry has room"),
        }
    }

    /// What a poll of the client brings, to its end.
    async fn poll(polled: &Polled) -> String {
        let session = Arc::clone(polled.0.session());
        let listening = Listening::attach(session, sockjs::Transport::Xhr);
        let chunks: Vec<_> = listening.chunks().collect().await;
        let chunks: Vec<Bytes> = chunks
            .into_iter()
            .map(|chunk| chunk.expect("it cannot fail"))
            .collect();
        String::from_utf8(chunks.concat()).expect("UTF-8")
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_comes_back_is_gone_after_the_disconnect_delay() {
        let mut polled = polled();
        assert_eq!(poll(&polled).await, "o\n");
        let began = Instant::now();
        assert_eq!(polled.receive().await, Received::Gone);
        assert_eq!(began.elapsed(), Settings::default().disconnect_delay);
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_that_waits_hears_what_is_fed_and_otherwise_a_heartbeat() {
        let mut polled = polled();
        assert_eq!(poll(&polled).await, "o\n");
        let session = Arc::clone(polled.0.session());
        let waiting = Listening::attach(session, sockjs::Transport::Xhr);
        let mut chunks = pin!(waiting.chunks());
        let (chunk, fed) = tokio::join!(chunks.next(), polled.feed("a".into()));
        fed.expect("it is taken");
        let chunk = chunk.expect("a chunk").expect("it cannot fail");
        assert_eq!(chunk.as_ref(), b"a[\"a\"]\n");
        assert!(chunks.next().await.is_none());

        let began = Instant::now();
        assert_eq!(poll(&polled).await, "h\n");
        assert_eq!(began.elapsed(), Settings::default().heartbeat_delay);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_client_does_not_take_holds_the_application_back() {
        let mut polled = polled();
        assert_eq!(poll(&polled).await, "o\n");
        let half = "x".repeat(Settings::default().outbox_bytes_max / 2);
        polled
            .feed(half.clone().into())
            .await
            .expect("there is room");
        let mut feeding = pin!(polled.feed(half.clone().into()));
        let second = time::Duration::from_secs(1);
        assert!(time::timeout(second, &mut feeding).await.is_err());
        // The client has not come in time: there is nobody to wait for any more.
        assert!(feeding.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn room_that_a_poll_makes_is_used_at_once() {
        let mut polled = polled();
        assert_eq!(poll(&polled).await, "o\n");
        let half = "x".repeat(Settings::default().outbox_bytes_max / 2);
        polled
            .feed(half.clone().into())
            .await
            .expect("there is room");
        let session = Arc::clone(polled.0.session());
        let polling = async {
            let listening = Listening::attach(session, sockjs::Transport::Xhr);
            listening.chunks().count().await
        };
        let (fed, chunks) = tokio::join!(polled.feed(half.clone().into()), polling);
        fed.expect("there is room again");
        assert_eq!(chunks, 1);
        assert_eq!(poll(&polled).await, format!("a[\"{half}\"]\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_within_the_delay_hears_why_the_session_ended() {
        let mut first = polled();
        assert_eq!(poll(&first).await, "o\n");
        first.feed("last".into()).await.expect("it is taken");
        let session = Arc::clone(first.0.session());
        let began = Instant::now();
        let asking = async {
            let ask = async || {
                let listening = Listening::attach(Arc::clone(&session), sockjs::Transport::Xhr);
                let mut chunks = pin!(listening.chunks());
                let chunk = chunks
                    .next()
                    .await
                    .expect("a chunk")
                    .expect("it cannot fail");
                assert!(chunks.next().await.is_none());
                chunk
            };
            tokio::task::yield_now().await;
            assert_eq!(ask().await.as_ref(), b"a[\"last\"]\n");
            assert_eq!(ask().await.as_ref(), b"c[4009,\"slow\"]\n");
            assert_eq!(ask().await.as_ref(), b"c[4009,\"slow\"]\n");
        };
        tokio::join!(first.close(Close::new(4009, "slow")), asking);
        assert_eq!(began.elapsed(), Settings::default().disconnect_delay);
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_that_hangs_up_ends_the_session_for_the_application() {
        let mut polled = polled();
        let session = Arc::clone(polled.0.session());
        let listening = Listening::attach(session, sockjs::Transport::XhrStreaming);
        let hanging_up = async {
            tokio::task::yield_now().await;
            drop(listening);
        };
        let (received, ()) = tokio::join!(polled.receive(), hanging_up);
        assert_eq!(received, Received::Gone);
        assert_eq!(poll(&polled).await, "c[1002,\"Connection interrupted\"]\n");
    }
}
