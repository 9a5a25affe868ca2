//! A client that listens to one room and notes what it hears.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use stomp::{Command, Frame};
use tokio::sync::watch;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use crate::check::RESTLESS;
use crate::client::{Broken, Connection, refused};
use crate::event::RoomEvent;
use crate::journal::{Client, Event, Journal, Mode};
use crate::plan::Plan;
use crate::sender::Pause;

/// How long the restless stay, in milliseconds.
const RESTLESS_STAYS_MS: std::ops::Range<u64> = 2_000..12_000;

/// How long the restless stay away, in milliseconds.
const RESTLESS_AWAY_MS: std::ops::Range<u64> = 0..3_000;

/// The longest advice to stay away that is taken.
const ADVICE_MAX: Duration = Duration::from_secs(5);

/// How long a SUBSCRIBE may wait for its receipt.
const SUBSCRIBE_MAX: Duration = Duration::from_secs(15);

/// The receipt that a SUBSCRIBE asks for.
const SUBSCRIBED: &str = "subscribed";

/// Where a listener stands, for those who wait for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// Whether its SUBSCRIBE is in effect.
    pub(crate) is_live: bool,
    /// Whether one ever was: the restless may be away again.
    pub(crate) has_come_in: bool,
    /// The last number it has heard.
    pub(crate) heard: i64,
}

/// One listener.
pub(crate) struct Listener {
    index: u32,
    room: u32,
    mode: Mode,
    is_restless: bool,
    plan: Arc<Plan>,
    journal: Journal,
    token: Option<String>,
    rng: Rng,
    standing: watch::Sender<Standing>,
    /// Cancelled when everybody is to stay where he is.
    calm: CancellationToken,
    hop: u32,
}

impl Listener {
    pub(crate) fn new(
        index: u32,
        plan: Arc<Plan>,
        journal: Journal,
        token: Option<String>,
        calm: CancellationToken,
    ) -> (Self, watch::Receiver<Standing>) {
        let (mode, is_restless) = plan.listeners_habits(index);
        let (standing, watched) = watch::channel(Standing::default());
        let listener = Self {
            index,
            room: plan.listeners_room(index),
            mode,
            is_restless,
            rng: plan.rng("listener", index),
            plan,
            journal,
            token,
            standing,
            calm,
            hop: 0,
        };
        (listener, watched)
    }

    /// Its name as a guest.
    pub(crate) fn nickname(plan: &Plan, index: u32) -> String {
        format!("{}-l{index}", plan.prefix)
    }

    /// Listens until told to `stop`, on as many connections as it takes.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut pause = Pause::default();
        while !stop.is_cancelled() {
            let broken = tokio::select! {
                broken = self.session(&mut pause) => broken,
                () = stop.cancelled() => return,
            };
            self.standing
                .send_modify(|standing| standing.is_live = false);
            self.hop += 1;
            let away = self.away(&broken, &mut pause);
            self.journal
                .note(Event::Closed {
                    client: Client::Listener(self.index),
                    code: broken.code,
                    reason: broken.reason,
                })
                .await;
            tokio::select! {
                () = time::sleep(away) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn away(&mut self, broken: &Broken, pause: &mut Pause) -> Duration {
        if broken.reason == RESTLESS {
            return Duration::from_millis(self.rng.u64(RESTLESS_AWAY_MS));
        }
        let advice = broken.advice().map(|advice| advice.min(ADVICE_MAX));
        advice.unwrap_or_else(|| pause.next(&mut self.rng))
    }

    /// Listens on one connection to its end.
    async fn session(&mut self, pause: &mut Pause) -> Broken {
        let socket = self.plan.listeners_socket(self.index, self.hop);
        let mut connection = match Connection::open(socket, self.token.as_deref()).await {
            Ok(connection) => connection,
            Err(broken) => return broken,
        };
        if let Err(broken) = self.subscribe(&mut connection).await {
            return broken;
        }
        let subscribed_by = Instant::now() + SUBSCRIBE_MAX;
        let stays = Duration::from_millis(self.rng.u64(RESTLESS_STAYS_MS));
        let leaves_at = Instant::now() + stays;
        let mut may_leave = self.is_restless;
        let calm = self.calm.clone();
        loop {
            let is_live = self.standing.borrow().is_live;
            tokio::select! {
                // Before the end of its stay: who left after it would miss the last words, and an
                // optimistic listener is told of nothing that it missed.
                biased;
                () = calm.cancelled(), if may_leave => may_leave = false,
                () = time::sleep_until(leaves_at), if may_leave => {
                    // Without a word, as a phone does in a tunnel.
                    return Broken::because(RESTLESS);
                }
                () = time::sleep_until(subscribed_by), if !is_live => {
                    return Broken::because("a SUBSCRIBE is not answered");
                }
                frame = connection.hear() => {
                    let heard = match frame {
                        Ok(frame) => self.take(&frame).await,
                        Err(broken) => Err(broken),
                    };
                    if let Err(broken) = heard {
                        return broken;
                    }
                    if self.standing.borrow().is_live {
                        pause.reset();
                    }
                }
            }
        }
    }

    async fn subscribe(&mut self, connection: &mut Connection) -> Result<(), Broken> {
        let since = match self.mode {
            Mode::Committed => Some(self.standing.borrow().heard),
            Mode::Optimistic => None,
        };
        self.journal
            .note(Event::Subscribing {
                listener: self.index,
                room: self.room,
                mode: self.mode,
                since,
            })
            .await;
        let destination = format!("/topic/{}", self.plan.rooms[self.room as usize]);
        let since = since.map(|since| since.to_string());
        let mut headers = vec![
            ("id", "room"),
            ("destination", destination.as_str()),
            ("receipt", SUBSCRIBED),
        ];
        if let Some(since) = &since {
            headers.extend([("delivery", "committed"), ("since", since)]);
        }
        let errors = [("id", "errors"), ("destination", "/user/queue/errors")];
        connection.say(Command::Subscribe, &errors, "").await?;
        connection.say(Command::Subscribe, &headers, "").await
    }

    async fn take(&mut self, frame: &Frame) -> Result<(), Broken> {
        match frame.command {
            Command::Receipt => {
                self.standing.send_modify(|standing| {
                    standing.is_live = true;
                    standing.has_come_in = true;
                });
                let listener = self.index;
                self.journal.note(Event::Listening { listener }).await;
                Ok(())
            }
            Command::Message if frame.headers.get("subscription") == Some("room") => {
                let event = RoomEvent::parse(&frame.body);
                let event = event.and_then(|event| {
                    let number = event.rev.or(event.seq).or(event.resumed_to);
                    Some((event.heard_by(self.index)?, number))
                });
                let Some((event, number)) = event else {
                    return Err(Broken::because(
                        "an event of the room is none that is known",
                    ));
                };
                self.journal.note(event).await;
                // Only then: who waits for the number finds it in the journal.
                if let Some(number) = number {
                    self.standing
                        .send_modify(|standing| standing.heard = standing.heard.max(number));
                }
                Ok(())
            }
            _ => Err(refused(frame)),
        }
    }
}
