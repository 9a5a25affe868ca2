//! The driver of one STOMP session: the only place where session, socket, clock and rooms meet.

use std::future;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use chat::{ChatTyping, Epoch, Message, Problem, ProblemCode, RoomId, Seq};
use fanout::Event;
use futures_util::FutureExt;
use serde::Deserialize;
use stomp::{AckMode, Action, Admission, CloseReason, Credentials, Delivered, Session, Ticket};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::error::Elapsed;
use tokio::time::{self as clock, Instant as Deadline};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use traces::Tracer;
use uuid::Uuid;

use crate::amending::{Amending, Verb};
use crate::destination::{self, OwnQueue, Source, Target, not_let_in};
use crate::drain::{Departure, Draining};
use crate::failpoints;
use crate::hub::{ConnectionId, Following, HubHandle, Joining, Leaving, Listening, Mode, Position};
use crate::identity::{self, Doorkeeper, Now, Refusal, Speaker};
use crate::limits::{
    HELD_FOR_ACK_MAX, SENDS_IN_FLIGHT_MAX, TIMER_BEAT, TYPING_INTERVAL, TYPING_LIFETIME,
    WRITE_CHUNK_BYTES, WRITE_TIMEOUT,
};
use crate::metrics::Metrics;
use crate::outbox::{Delivery, End, Outbox, OwnNews};
use crate::posting::Posting;
use crate::residents::{Residents, TooMany};
use crate::span;
use crate::transport::{Close, PeerGone, Received, Transport};
use crate::writer::Stored;

/// The `server` header of CONNECTED (STOMP 1.2, "CONNECTED Frame").
const SERVER: &str = concat!("maru/", env!("CARGO_PKG_VERSION"));

/// What every connection of an instance shares.
pub(crate) struct Surroundings {
    /// The rooms.
    pub(crate) hub: HubHandle,
    /// Who is let in.
    pub(crate) doorkeeper: Doorkeeper,
    /// Who is in.
    pub(crate) residents: Arc<Residents>,
    /// The way of a SEND.
    pub(crate) posting: Posting,
    /// The way of a SEND that changes a message.
    pub(crate) amending: Amending,
    /// The limits of the STOMP sessions.
    pub(crate) limits: Arc<stomp::Limits>,
    /// The heart-beats offered to clients.
    pub(crate) heartbeat: stomp::Heartbeat,
    /// Whether the instance is being left.
    pub(crate) draining: Draining,
    /// Since when the instance runs.
    pub(crate) started: Deadline,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// What makes spans.
    pub(crate) tracer: Tracer,
}

/// One client.
pub(crate) struct Connection<T> {
    id: ConnectionId,
    around: Arc<Surroundings>,
    transport: T,
    session: Session,
    outbox: Arc<Outbox>,
    rooms: Vec<(RoomId, Listening)>,
    /// The subscription to `/user/queue/errors`.
    errors: Option<Box<str>>,
    /// The subscriptions to the user's own queues that every instance feeds.
    own_queues: Vec<(OwnQueue, Box<str>)>,
    /// When it was last told that the user writes.
    typed_at: Option<Instant>,
    /// A SEND that waits for a SUBSCRIBE before it, or for its turn.
    held: Option<Action>,
    /// Messages that a subscription's acknowledgements hold back.
    unacknowledged: Vec<Delivery>,
    joins_in_flight: usize,
    sends_in_flight: usize,
    /// When to leave, once the instance is being left.
    departure: Option<Departure>,
    speaker: Speaker,
    /// When the speaker's token runs out.
    expires: Option<Deadline>,
    /// How to close once the session has said its ERROR.
    parting: Option<Close>,
    /// Whether CONNECT was answered with CONNECTED.
    is_admitted: bool,
    /// What was written and is not yet counted.
    uncounted: Uncounted,
}

/// Counted where all is flushed: all connections share the counters.
#[derive(Default)]
struct Uncounted {
    deliveries: u32,
    bytes: u32,
}

/// What a connection was waiting for.
enum Woken {
    Received(Received),
    Outbox,
    Timer,
    Draining,
}

impl<T: Transport> Connection<T> {
    /// Begins a session on a fresh transport. It lives in a box, since a future keeps a place of
    /// its own for each step that takes it by value.
    pub(crate) fn new(id: ConnectionId, transport: T, around: Arc<Surroundings>) -> Box<Self> {
        let session = Session::new(Arc::clone(&around.limits), around.heartbeat, now());
        Box::new(Self {
            id,
            around,
            transport,
            session,
            outbox: Arc::default(),
            rooms: Vec::new(),
            errors: None,
            own_queues: Vec::new(),
            typed_at: None,
            held: None,
            unacknowledged: Vec::new(),
            joins_in_flight: 0,
            sends_in_flight: 0,
            departure: None,
            speaker: Speaker::Anonymous,
            expires: None,
            parting: None,
            is_admitted: false,
            uncounted: Uncounted::default(),
        })
    }

    /// Serves the client to the end of the session.
    pub(crate) async fn run(mut self: Box<Self>) {
        self.around.metrics.sockets.inc();
        // Whatever went wrong, the rooms are left. What it was, the hook of panics has said.
        let served = AssertUnwindSafe(self.serve()).catch_unwind().await;
        let close = served.unwrap_or_else(|_| Close::new(1011, "server error"));
        // Boxed: the place for it would be kept as long as the connection lives.
        Box::pin(self.leave(close)).await;
    }

    async fn leave(mut self: Box<Self>, close: Close) {
        self.count();
        let metrics = &self.around.metrics;
        self.outbox.end(End::Gone);
        if self.is_admitted {
            metrics.sessions.dec();
        }
        if let Speaker::Known(claims) = &self.speaker {
            self.around.residents.leave(self.id, claims.subject.user);
            for _ in &self.own_queues {
                self.around.hub.unfollow(claims.subject.user).await;
            }
        }
        for (room, listening) in self.rooms {
            let answer = None;
            self.around
                .hub
                .leave(room, Leaving { listening, answer })
                .await;
        }
        tracing::debug!(code = close.code, reason = %close.reason, "a connection ends");
        if close.code == slow_consumer().code {
            metrics.overflows.inc();
        }
        metrics.closes.inc(close.code);
        self.transport.close(close).await;
        self.around.metrics.sockets.dec();
    }

    async fn serve(&mut self) -> Close {
        let draining = self.around.draining.clone();
        let begun = draining.begun();
        // All connections share its list of waiters: each joins it once, and then looks at nothing
        // but whether it has begun.
        let mut is_waiting = false;
        let timer = clock::sleep_until(self.wakes_at().unwrap_or_else(Deadline::now));
        tokio::pin!(begun, timer);
        let mut has_told = false;
        loop {
            let wake = self.wakes_at();
            // Each frame puts the next heart-beat off. The timer is not set anew for that, which
            // would cost every delivery something: it wakes in vain once and is set then.
            if let Some(wake) = wake.filter(|wake| *wake < timer.deadline() || timer.is_elapsed()) {
                timer.as_mut().reset(wake);
            }
            let leaving = future::poll_fn(|context| {
                if draining.has_begun() {
                    Poll::Ready(())
                } else if mem::replace(&mut is_waiting, true) {
                    Poll::Pending
                } else {
                    begun.as_mut().poll(context)
                }
            });
            // What wakes it by far the most is looked at first; after that everything else is, so
            // that whoever is told much is heard all the same.
            let gives_way = has_told && !self.outbox.is_empty();
            let woken = tokio::select! {
                biased;
                () = self.outbox.ready(), if !gives_way => Woken::Outbox,
                received = self.transport.receive(), if self.takes_input() => {
                    Woken::Received(received)
                }
                () = &mut timer, if wake.is_some() => Woken::Timer,
                () = leaving, if self.departure.is_none() => Woken::Draining,
                () = self.outbox.ready(), if gives_way => Woken::Outbox,
            };
            has_told = matches!(woken, Woken::Outbox);
            // Boxed: an idle connection keeps no place for what one that works does.
            if let Err(close) = Box::pin(self.turn(woken)).await {
                return close;
            }
        }
    }

    /// Does all that follows from one thing that happened.
    async fn turn(&mut self, woken: Woken) -> Result<(), Close> {
        let (is_timer, was_admitted) = (matches!(woken, Woken::Timer), self.is_admitted);
        match woken {
            Woken::Received(received) => self.hear(received).await?,
            Woken::Outbox => self.empty_outbox().await?,
            Woken::Timer => {
                self.session.handle_timeout(now());
                self.has_run_out();
            }
            Woken::Draining => self.departure = Some(Departure::of(self.id, now())),
        }
        self.perform().await?;
        // CONNECT, with its token, is the largest frame of most clients.
        if is_timer || self.is_admitted != was_admitted {
            self.transport.rest().await;
        }
        self.departs().map_or(Ok(()), Err)
    }

    /// Whether another frame may be read: not while earlier ones still wait their turn, nor when
    /// only answers are waited for.
    fn takes_input(&self) -> bool {
        let leaves = self
            .departure
            .as_ref()
            .is_some_and(|departure| departure.is_due(now()));
        self.held.is_none() && !leaves
    }

    fn wakes_at(&self) -> Option<Deadline> {
        let departure = self.departure.as_ref();
        [
            self.session.poll_timeout(),
            departure.and_then(|departure| departure.due_after(now())),
            self.expires.map(Deadline::into_std),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|wake| on_the_beat(self.around.started, Deadline::from(wake)))
    }

    /// The end, where the instance is being left, this socket's time has come and nothing that it
    /// sent is unanswered.
    fn departs(&self) -> Option<Close> {
        let departure = self.departure.as_ref()?;
        let is_idle = self.sends_in_flight == 0 && self.held.is_none();
        (departure.is_due(now()) && is_idle).then(|| departure.close())
    }

    /// Whether the speaker's token has run out. Nothing goes out or in from then on, and the next
    /// [`perform`](Self::perform) ends the session.
    fn has_run_out(&mut self) -> bool {
        let has_run_out = self
            .expires
            .is_some_and(|expires| Deadline::now() >= expires);
        if has_run_out {
            self.turn_away(&identity::RAN_OUT);
        }
        has_run_out
    }

    /// Says why the client may not stay; the next [`perform`](Self::perform) ends the session.
    fn turn_away(&mut self, refusal: &Refusal) {
        tracing::debug!(code = refusal.code, "a client is turned away");
        self.expires = None;
        self.parting = Some(refusal.close());
        self.session.refuse(refusal.message, refusal.detail, now());
    }

    async fn hear(&mut self, received: Received) -> Result<(), Close> {
        if self.has_run_out() {
            return Ok(());
        }
        let received_bytes = &self.around.metrics.received_bytes;
        match received {
            Received::Text(text) => {
                received_bytes.inc_by(text.len() as u64);
                self.session.handle_bytes(text.as_bytes(), now());
                Ok(())
            }
            Received::Binary(bytes) => {
                received_bytes.inc_by(bytes.len() as u64);
                self.session.handle_bytes(&bytes, now());
                Ok(())
            }
            Received::Gone => Err(gone()),
            Received::Broken(close) => {
                let message = "the WebSocket protocol was broken";
                self.session.refuse(message, &close.reason, now());
                // The session says its last; what ends the connection is what broke it.
                let _ = Box::pin(self.perform()).await;
                Err(close)
            }
        }
    }

    async fn empty_outbox(&mut self) -> Result<(), Close> {
        if self.has_run_out() {
            return Ok(());
        }
        match self.outbox.take(WRITE_CHUNK_BYTES) {
            Ok(deliveries) => {
                let now = now();
                for delivery in deliveries {
                    self.deliver(delivery, now).await?;
                }
                Ok(())
            }
            Err(End::Revoked) => {
                self.turn_away(&identity::REVOKED);
                Ok(())
            }
            Err(End::Overflow | End::Gone) => Err(slow_consumer()),
        }
    }

    /// Carries out what the session wants done and writes what is to be written.
    async fn perform(&mut self) -> Result<(), Close> {
        while let Some(action) = self.next_action() {
            match action {
                Action::Transmit(bytes) => {
                    let frame = Utf8Bytes::try_from(bytes).expect("the session writes only text");
                    self.feed(frame).await?;
                }
                Action::Authenticate(credentials) => self.authenticate(&credentials),
                Action::Subscribe {
                    id,
                    destination,
                    ack,
                    headers,
                    ticket,
                } => {
                    let wish = Wish::parse(&headers);
                    // Boxed: a connection subscribes seldom and would keep the place for ever.
                    Box::pin(self.subscribe(id, &destination, ack, wish, ticket)).await;
                }
                Action::Unsubscribe { id, ticket, .. } => {
                    Box::pin(self.unsubscribe(&id, ticket)).await;
                }
                Action::Send {
                    destination,
                    body,
                    headers,
                    ticket,
                } => self.send(&destination, &body, &headers, ticket),
                Action::WindowOpened { .. } => {
                    for delivery in mem::take(&mut self.unacknowledged) {
                        Box::pin(self.deliver(delivery, now())).await?;
                    }
                }
                Action::Close(reason) => {
                    self.flush().await?;
                    return Err(self.parting.take().unwrap_or_else(|| close_of(reason)));
                }
            }
        }
        self.flush().await
    }

    /// The session's next action. A SEND waits while a SUBSCRIBE before it is on its way, so that
    /// whoever subscribes and speaks hears himself, and while too many are in flight.
    fn next_action(&mut self) -> Option<Action> {
        let action = self.held.take().or_else(|| self.session.poll_action())?;
        let must_wait = self.joins_in_flight > 0 || self.sends_in_flight >= SENDS_IN_FLIGHT_MAX;
        if must_wait && matches!(action, Action::Send { .. }) {
            self.held = Some(action);
            return None;
        }
        Some(action)
    }

    fn authenticate(&mut self, credentials: &Credentials) {
        let now_both = both_clocks();
        let admitted = self
            .around
            .doorkeeper
            .admit(
                credentials.authorization.as_deref(),
                credentials.passcode.as_deref(),
                now_both,
            )
            .and_then(|speaker| self.enter(speaker, now_both));
        let metrics = &self.around.metrics;
        if let Err(refusal) = admitted {
            metrics.connects.inc("refused");
            self.turn_away(&refusal);
            return;
        }
        metrics.connects.inc("admitted");
        metrics.sessions.inc();
        self.is_admitted = true;
        let session = Uuid::new_v4().to_string();
        let sender = self.speaker.sender();
        let admission = Admission {
            session: &session,
            server: SERVER,
            user_name: sender.as_ref().map(|sender| sender.nickname.as_str()),
        };
        self.session.admit(admission, now());
    }

    fn enter(&mut self, speaker: Speaker, now: Now) -> Result<(), Refusal> {
        if let Speaker::Known(claims) = &speaker {
            self.around
                .residents
                .enter(self.id, claims, &self.outbox)
                .map_err(|TooMany| identity::TOO_MANY)?;
            self.expires = Some(now.deadline(claims));
        }
        self.speaker = speaker;
        Ok(())
    }

    /// Goes on under a newer token of the same user.
    fn renew(&mut self, body: &[u8]) -> Result<(), Problem> {
        let Speaker::Known(known) = &self.speaker else {
            return Err(Problem::new(
                ProblemCode::Forbidden,
                "This connection has no identity to renew; connect again with the token.",
            ));
        };
        let renewal = Renewal::parse(body)?;
        let now = both_clocks();
        let claims = self
            .around
            .doorkeeper
            .identify(&renewal.access_token, now)
            .map_err(|refusal| Problem::new(ProblemCode::Unauthenticated, refusal.detail))?;
        if claims.subject.user != known.subject.user {
            return Err(Problem::new(
                ProblemCode::Forbidden,
                "The token is another user's; connect anew to speak as somebody else.",
            ));
        }
        self.around.residents.renew(self.id, &claims);
        self.expires = Some(now.deadline(&claims));
        self.speaker = Speaker::Known(claims);
        Ok(())
    }

    async fn subscribe(
        &mut self,
        id: Box<str>,
        destination: &str,
        ack: AckMode,
        wish: Result<Wish, Problem>,
        ticket: Ticket,
    ) {
        let source = Source::parse(destination).and_then(|source| Ok((source, wish?)));
        let place = match source {
            Ok((Source::Room(room), Wish { mode, since })) => Some((room, mode, since)),
            Ok((Source::Presence(room), _)) => Some((room, Mode::Presence, None)),
            Ok((Source::Typing(room), _)) => Some((room, Mode::Typing, None)),
            Ok((Source::Readers(room), _)) => Some((room, Mode::Readers, None)),
            Ok((Source::Errors, _)) => {
                self.errors = Some(id.clone());
                None
            }
            Ok((Source::Own(queue), _)) => return self.follow(queue, id, ticket).await,
            Ok((Source::Silent, _)) => None,
            Err(problem) => return self.report(ticket, &problem),
        };
        match place {
            Some((room, mode, since)) => {
                let sender = self.speaker.sender();
                let listening = Listening {
                    connection: self.id,
                    user: self.speaker.user(),
                    nickname: sender.map(|sender| sender.nickname),
                    subscription: id.into(),
                    version: self.session.version(),
                    mode,
                    tracked: ack != AckMode::Auto,
                };
                // Most connections are in one room, and a vector that grows makes place for four.
                self.rooms.reserve_exact(1);
                self.rooms.push((room.clone(), listening.clone()));
                self.joins_in_flight += 1;
                let joining = Joining {
                    listening,
                    since,
                    outbox: Arc::clone(&self.outbox),
                    ticket,
                };
                self.around.hub.join(room, joining).await;
            }
            None => self.session.settle(ticket, &[], now()),
        }
    }

    /// Listens to a queue of the user's own; without a user nothing is told there.
    async fn follow(&mut self, queue: OwnQueue, id: Box<str>, ticket: Ticket) {
        let Some(user) = self.speaker.user() else {
            return self.session.settle(ticket, &[], now());
        };
        self.own_queues.push((queue, id));
        self.joins_in_flight += 1;
        let following = Following {
            user,
            outbox: Arc::clone(&self.outbox),
            ticket,
        };
        self.around.hub.follow(following).await;
    }

    async fn unsubscribe(&mut self, id: &str, ticket: Ticket) {
        if let Some(index) = self
            .rooms
            .iter()
            .position(|(_, listening)| *listening.subscription == *id)
        {
            let (room, listening) = self.rooms.swap_remove(index);
            let answer = Some((Arc::clone(&self.outbox), ticket));
            self.around
                .hub
                .leave(room, Leaving { listening, answer })
                .await;
            return;
        }
        if self.errors.as_deref() == Some(id) {
            self.errors = None;
        }
        let own = self.own_queues.iter().position(|(_, own)| **own == *id);
        if let (Some(index), Some(user)) = (own, self.speaker.user()) {
            self.own_queues.swap_remove(index);
            self.around.hub.unfollow(user).await;
        }
        self.session.settle(ticket, &[], now());
    }

    fn send(&mut self, destination: &str, body: &[u8], headers: &stomp::Headers, ticket: Ticket) {
        let target = match Target::parse(destination) {
            Ok(target) => target,
            Err(problem) => return self.report(ticket, &problem),
        };
        match target {
            Target::Chat => {
                failpoints::before_posting();
                let sender = self.speaker.sender();
                self.around.metrics.sends.inc();
                let span =
                    span::of_send(&self.around.tracer, "SEND /app/chat", "/app/chat", headers);
                let posting = &self.around.posting;
                let hears = |room: &RoomId| self.is_in(room.as_str());
                match posting.send(body, sender, ticket, &self.outbox, hears, span) {
                    Ok(()) => self.sends_in_flight += 1,
                    Err((ticket, problem)) => {
                        self.around.metrics.refused.inc(problem.code().as_str());
                        self.report(ticket, &problem);
                    }
                }
            }
            Target::Amend(verb) => {
                let by = self.speaker.claims();
                let (name, destination) = match verb {
                    Verb::Edit => ("SEND /app/edit", "/app/edit"),
                    Verb::Delete => ("SEND /app/delete", "/app/delete"),
                };
                let span = span::of_send(&self.around.tracer, name, destination, headers);
                let amending = &self.around.amending;
                match amending.send(verb, body, by, ticket, &self.outbox, span) {
                    Ok(()) => self.sends_in_flight += 1,
                    Err((ticket, problem)) => self.report(ticket, &problem),
                }
            }
            Target::Typing => match self.typing(body) {
                Ok(()) => self.session.settle(ticket, &[], now()),
                Err(problem) => self.report(ticket, &problem),
            },
            Target::Auth => match self.renew(body) {
                Ok(()) => self.session.settle(ticket, &[], now()),
                Err(problem) => self.report(ticket, &problem),
            },
        }
    }

    /// Whether the client hears what is said in a room.
    fn is_in(&self, room: &str) -> bool {
        let mut rooms = self.rooms.iter();
        rooms.any(|(known, listening)| known.as_str() == room && listening.mode.is_in_room())
    }

    /// Tells a room that the user writes, as often as that is worth telling.
    fn typing(&mut self, body: &[u8]) -> Result<(), Problem> {
        let typing = TypingWish::parse(body)?;
        let Some(sender) = self.speaker.sender() else {
            return Err(Problem::new(
                ProblemCode::Forbidden,
                "Nobody knows who writes; connect with a token.",
            ));
        };
        let (Some(user_id), true, Ok(room_id)) = (
            sender.id,
            self.is_in(&typing.room_id),
            RoomId::parse(&typing.room_id),
        ) else {
            return Err(Problem::new(
                ProblemCode::Forbidden,
                "Subscribe to the room before you write in it.",
            ));
        };
        let is_early = self
            .typed_at
            .is_some_and(|typed_at| now() - typed_at < TYPING_INTERVAL);
        if is_early && typing.typing {
            return Ok(());
        }
        self.typed_at = typing.typing.then(now);
        self.around.posting.tell(Event::Typing(ChatTyping {
            room_id,
            user_id,
            nickname: sender.nickname.as_str().to_owned(),
            typing: typing.typing,
            expires_in_ms: TYPING_LIFETIME.as_millis() as u64,
        }));
        Ok(())
    }

    /// Hands one delivery to the session or, where it is a shared frame, straight to the socket.
    async fn deliver(&mut self, delivery: Delivery, now: Instant) -> Result<(), Close> {
        match delivery {
            Delivery::Frame(frame) => {
                self.session.transmitted(now);
                self.uncounted.deliveries += 1;
                self.feed(frame).await?;
            }
            Delivery::Traced(traced) => {
                let (frame, span) = *traced;
                self.session.transmitted(now);
                self.uncounted.deliveries += 1;
                self.feed(frame).await?;
                drop(span);
            }
            Delivery::Tracked {
                subscription,
                broadcast,
            } => {
                let header = broadcast.trace_header();
                let message = broadcast.message(header.as_slice());
                let delivered = self.session.deliver(&subscription, &message, now);
                match delivered {
                    Delivered::Sent => self.uncounted.deliveries += 1,
                    Delivered::Gone => {}
                    Delivered::Held if self.unacknowledged.len() == HELD_FOR_ACK_MAX => {
                        return Err(slow_consumer());
                    }
                    Delivered::Held => self.unacknowledged.push(Delivery::Tracked {
                        subscription,
                        broadcast,
                    }),
                }
            }
            Delivery::Joined { ticket, result } => {
                self.joins_in_flight -= 1;
                match result {
                    Ok(()) => self.session.settle(ticket, &[], now),
                    Err(refused) => {
                        self.forget(&refused.room, &refused.subscription);
                        self.report(ticket, &refused.problem);
                    }
                }
            }
            Delivery::Ended {
                room,
                subscription,
                until,
            } => self.end(&room, &subscription, until),
            Delivery::Left { ticket } => self.session.settle(ticket, &[], now),
            Delivery::Own(news) => self.tell_own(&news),
            Delivery::Amended { ticket, result } => {
                self.sends_in_flight -= 1;
                match *result {
                    Ok(message) => self.receipt_of_change(ticket, &message),
                    Err(problem) => self.report(ticket, &problem),
                }
            }
            Delivery::Posted { ticket, result } => {
                self.sends_in_flight -= 1;
                match *result {
                    Ok(stored) => self.receipt(ticket, &stored),
                    Err(problem) => self.report(ticket, &problem),
                }
            }
        }
        Ok(())
    }

    fn receipt(&mut self, ticket: Ticket, stored: &Stored) {
        if ticket.receipt().is_none() {
            self.session.settle(ticket, &[], now());
            return;
        }
        let created_at = stored
            .created_at
            .format(&Rfc3339)
            .expect("Postgres' times are within RFC 3339");
        let headers = [
            ("message-id", &*stored.id.to_string()),
            ("temp-id", &*stored.temp_id.to_string()),
            ("seq", &*stored.seq.to_string()),
            ("created-at", &*created_at),
            ("duplicate", if stored.duplicate { "true" } else { "false" }),
        ];
        self.session.settle(ticket, &headers, now());
    }

    fn receipt_of_change(&mut self, ticket: Ticket, message: &Message) {
        let headers = [
            ("message-id", &*message.id.to_string()),
            ("seq", &*message.seq.to_string()),
            ("rev", &*message.rev.to_string()),
        ];
        self.session.settle(ticket, &headers, now());
    }

    /// Tells the client what was wrong with one frame; the session goes on.
    fn report(&mut self, ticket: Ticket, problem: &Problem) {
        tracing::debug!(code = problem.code().as_str(), "a frame was refused");
        let receipt = ticket.receipt().map(|receipt| ("receipt-id", receipt));
        self.tell_problem(problem, receipt);
        self.session.decline(ticket);
    }

    /// Ends a subscription to a room that the user may not hear any more.
    fn end(&mut self, room: &RoomId, subscription: &str, until: Option<OffsetDateTime>) {
        if self.forget(room, subscription) {
            self.session.end_subscription(subscription);
            self.tell_problem(
                &not_let_in(room, until),
                Some(("ended-subscription", subscription)),
            );
        }
    }

    /// Drops a subscription to a room, where the connection still has it.
    fn forget(&mut self, room: &RoomId, subscription: &str) -> bool {
        let index = self.rooms.iter().position(|(known, listening)| {
            known == room && *listening.subscription == *subscription
        });
        index.is_some_and(|index| {
            self.rooms.swap_remove(index);
            true
        })
    }

    /// Tells a problem on the queue of errors, where the client listens to it.
    fn tell_problem(&mut self, problem: &Problem, header: Option<(&str, &str)>) {
        if let Some(errors) = &self.errors {
            let body = problem.to_json();
            let message = stomp::Message {
                message_id: &Uuid::now_v7().to_string(),
                destination: destination::ERRORS,
                content_type: Problem::MEDIA_TYPE,
                body: body.as_bytes(),
                headers: header.as_slice(),
            };
            // A client that acknowledges nothing of its errors misses further ones.
            let _ = self.session.deliver(errors, &message, now());
        }
    }

    /// Tells what concerns the user alone, where the client listens to it.
    fn tell_own(&mut self, news: &OwnNews) {
        let (queue, body) = match news {
            OwnNews::Read(read) => (OwnQueue::Reads, serde_json::to_vec(read)),
            OwnNews::Room(news) => (OwnQueue::Rooms, serde_json::to_vec(news)),
        };
        let body = body.expect("it holds texts, numbers and times");
        for (_, subscription) in self.own_queues.iter().filter(|(own, _)| *own == queue) {
            let message = stomp::Message {
                message_id: &Uuid::now_v7().to_string(),
                destination: queue.destination(),
                content_type: "application/json",
                body: &body,
                headers: &[],
            };
            // A client that acknowledges none of them reads anew what it needs.
            let _ = self.session.deliver(subscription, &message, now());
        }
    }

    async fn feed(&mut self, frame: Utf8Bytes) -> Result<(), Close> {
        self.uncounted.bytes += frame.len() as u32;
        in_time(pin!(self.transport.feed(frame))).await
    }

    fn count(&mut self) {
        let Uncounted { deliveries, bytes } = mem::take(&mut self.uncounted);
        if bytes > 0 {
            self.around.metrics.sent_bytes.inc_by(bytes.into());
        }
        if deliveries > 0 {
            self.around.metrics.delivered.inc_by(deliveries.into());
        }
    }

    async fn flush(&mut self) -> Result<(), Close> {
        self.count();
        in_time(pin!(self.transport.flush())).await
    }
}

/// Carries out a write within [`WRITE_TIMEOUT`]. Nearly all are done at once and need no timer.
async fn in_time<W>(mut writing: Pin<&mut W>) -> Result<(), Close>
where
    W: Future<Output = Result<(), PeerGone>>,
{
    let written = match writing.as_mut().now_or_never() {
        Some(written) => written,
        None => match Box::pin(clock::timeout(WRITE_TIMEOUT, writing)).await {
            Ok(written) => written,
            Err(Elapsed { .. }) => return Err(slow_consumer()),
        },
    };
    written.map_err(|PeerGone| gone())
}

/// What a client SENDs to `/app/auth`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Renewal {
    access_token: String,
}

impl Renewal {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        // The parser's own text could quote a token.
        serde_json::from_slice(body).map_err(|_| {
            Problem::new(
                ProblemCode::InvalidRequest,
                "The body is no renewal; send {\"accessToken\":…}.",
            )
        })
    }
}

/// What a client SENDs to `/app/typing`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypingWish {
    room_id: String,
    /// Whether he writes; false where he has stopped.
    #[serde(default = "yes")]
    typing: bool,
}

fn yes() -> bool {
    true
}

impl TypingWish {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|_| {
            Problem::new(
                ProblemCode::InvalidRequest,
                "The body does not say who writes; send {\"roomId\":…,\"typing\":true}.",
            )
        })
    }
}

/// What a SUBSCRIBE asks for in the headers that this system adds.
struct Wish {
    mode: Mode,
    since: Option<Position>,
}

impl Wish {
    fn parse(headers: &stomp::Headers) -> Result<Self, Problem> {
        let mode = match headers.get("delivery") {
            None => Mode::Optimistic,
            Some("committed") => Mode::Committed,
            Some(_) => {
                return Err(Problem::new(
                    ProblemCode::InvalidRequest,
                    "The header delivery takes \"committed\"; leave it out for both events of a \
                     message.",
                ));
            }
        };
        let since = match (headers.get("since"), mode) {
            (None, _) => None,
            (Some(number), Mode::Committed) => Some(Position {
                seq: parse_since(number)?,
                epoch: headers.get("epoch").map(Epoch::named),
            }),
            (Some(_), _) => {
                return Err(Problem::new(
                    ProblemCode::InvalidRequest,
                    "The header since goes with delivery:committed.",
                ));
            }
        };
        if since.is_none() && headers.get("epoch").is_some() {
            return Err(Problem::new(
                ProblemCode::InvalidRequest,
                "The header epoch goes with since.",
            ));
        }
        Ok(Self { mode, since })
    }
}

fn parse_since(number: &str) -> Result<Seq, Problem> {
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = is_number.then(|| number.parse().ok()).flatten();
    parsed.map(Seq).ok_or_else(|| {
        Problem::new(
            ProblemCode::InvalidRequest,
            "The header since takes the seq or rev of the last change that is known, or 0 for all.",
        )
    })
}

fn gone() -> Close {
    Close::new(1000, "the peer is gone")
}

fn slow_consumer() -> Close {
    Close::new(4009, "slow consumer: reconnect and resume")
}

fn close_of(reason: CloseReason) -> Close {
    match reason {
        CloseReason::Disconnected => Close::new(1000, "disconnected"),
        CloseReason::Protocol => Close::new(1002, "STOMP protocol error"),
        CloseReason::TooBig => Close::new(1009, "frame over a limit"),
        CloseReason::Refused => Close::new(4001, "not authenticated"),
        CloseReason::ConnectTimeout => Close::new(4011, "no CONNECT in time"),
        CloseReason::HeartbeatMissed => Close::new(4010, "heart-beat missed"),
        CloseReason::GoingAway => Close::new(1001, "going away"),
    }
}

/// The next time in which the timers of all connections go off together: many heart-beats are then
/// sent for one wake-up of the instance.
fn on_the_beat(started: Deadline, wake: Deadline) -> Deadline {
    let beat_ms = TIMER_BEAT.as_millis() as u64;
    let wake_ms = wake.duration_since(started).as_millis() as u64;
    started + Duration::from_millis((wake_ms / beat_ms + 1) * beat_ms)
}

fn both_clocks() -> Now {
    Now {
        #[expect(clippy::disallowed_methods, reason = "the driver reads the clock")]
        time: OffsetDateTime::now_utc(),
        instant: Deadline::now(),
    }
}

/// The driver is where the clock is read; everything below takes the time as a parameter.
fn now() -> Instant {
    Deadline::now().into_std()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_go_off_together_and_hardly_late() {
        let started = Deadline::now();
        for ms in [0, 1, 63, 64, 65, 9_000, 123_456_789] {
            let wake = started + Duration::from_millis(ms);
            let beat = on_the_beat(started, wake);
            assert!(beat > wake && beat - wake <= TIMER_BEAT, "{ms}");
            assert_eq!(beat, on_the_beat(started, beat - Duration::from_millis(1)));
        }
    }
}
