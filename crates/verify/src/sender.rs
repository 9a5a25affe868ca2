//! A client that sends, and does about each answer what a good client does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde::Deserialize;
use stomp::{Command, Frame};
use tokio::time::{self, Instant};
use uuid::{Builder, Uuid};

use crate::client::{Broken, Connection, refused};
use crate::event::{RoomEvent, hash};
use crate::journal::{Client, Event, Journal};
use crate::plan::{Plan, Schedule};

/// How many of its messages may be unanswered.
const IN_FLIGHT_MAX: usize = 32;

/// How long an answer may take before the socket counts as dead.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// The longest pause before something is tried again.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Of a hundred messages, how many are given up at the first answer that is no receipt.
const GIVEN_UP: u32 = 10;

/// Of a hundred messages, how many are sent once more after their receipt.
const REPEATED: u32 = 5;

/// The subscription of a visitor, and the receipt that it asks for.
const ROOM: &str = "room";

/// How much a message has to say at the most beyond its number, in characters.
const PADDING_MAX: usize = 200;

/// One sender and what it still has to do.
pub(crate) struct Sender {
    index: u32,
    plan: Arc<Plan>,
    journal: Journal,
    token: Option<String>,
    rng: Rng,
    schedule: Schedule,
    /// What waits to be sent (again), by its time.
    waiting: BTreeMap<(Instant, u64), Message>,
    in_flight: HashMap<String, InFlight>,
    /// What was given up, and nobody knows whether it is stored.
    unknown: Vec<Message>,
    /// The room that it listens to, where it is one who comes, says one thing and goes.
    visits: Option<u32>,
    /// What a visitor has said and has to hear, and since when.
    unheard: Option<(Uuid, Instant)>,
    hop: u32,
    counter: u64,
}

/// A message and what has become of it.
#[derive(Clone)]
struct Message {
    send: Uuid,
    room: u32,
    content: String,
    habit: Habit,
    /// Whether some try had no answer, or one that leaves it open.
    may_be_stored: bool,
}

/// What its sender does about an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Tries until it is stored.
    Persist,
    /// Gives up at the first answer that is no receipt.
    GiveUp,
    /// Sends it once more though it is stored.
    Repeat,
}

struct InFlight {
    message: Message,
    since: Instant,
}

/// What is read of a problem.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    code: String,
    retryable: bool,
    retry_after_ms: Option<u64>,
}

impl Problem {
    /// Whether it says that the message is not stored.
    fn is_certain(&self) -> bool {
        !matches!(self.code.as_str(), "timeout" | "internal")
    }
}

impl Sender {
    pub(crate) fn new(
        index: u32,
        plan: Arc<Plan>,
        journal: Journal,
        token: Option<String>,
    ) -> Self {
        Self {
            index,
            rng: plan.rng("sender", index),
            plan,
            journal,
            token,
            schedule: Schedule::over(Instant::now()),
            waiting: BTreeMap::new(),
            in_flight: HashMap::new(),
            unknown: Vec::new(),
            visits: None,
            unheard: None,
            hop: 0,
            counter: 0,
        }
    }

    /// Its name as a guest.
    pub(crate) fn nickname(plan: &Plan, index: u32) -> String {
        format!("{}-s{index}", plan.prefix)
    }

    /// Sends what falls due from `start` on, until everything is answered or given up, or the time
    /// is over.
    pub(crate) async fn load(&mut self, start: Instant, deadline: Instant) {
        self.schedule = self.plan.schedule(self.index, start);
        self.work(deadline).await;
    }

    /// Comes, listens to a room, says one thing, hears it and goes; however often that takes.
    pub(crate) async fn visit(&mut self, due: Instant, deadline: Instant) {
        let room = self.rng.u32(0..self.plan.options.rooms);
        self.visits = Some(room);
        let message = self.intend(room, due, Habit::Persist).await;
        self.wait(message, Duration::ZERO);
        self.work(deadline).await;
    }

    /// Sends once more what was given up and may be stored, until it is.
    pub(crate) async fn ask_again(&mut self, deadline: Instant) {
        for mut message in std::mem::take(&mut self.unknown) {
            message.habit = Habit::Persist;
            self.wait(message, Duration::ZERO);
        }
        self.work(deadline).await;
    }

    /// Sends one last message to each of its rooms.
    pub(crate) async fn say_last_words(&mut self, deadline: Instant) {
        let senders = self.plan.options.senders;
        let first = self.index;
        for room in (first..self.plan.options.rooms).step_by(senders as usize) {
            let message = self.intend(room, Instant::now(), Habit::Persist).await;
            self.wait(message, Duration::ZERO);
        }
        self.work(deadline).await;
    }

    /// Works on until nothing is left to be done, on as many connections as it takes.
    async fn work(&mut self, deadline: Instant) {
        let mut pause = Pause::default();
        while !self.is_done() && Instant::now() < deadline {
            let socket = self.plan.senders_socket(self.index, self.hop);
            let broken = match Connection::open(socket, self.token.as_deref()).await {
                Ok(mut connection) => match self.talk(&mut connection, deadline).await {
                    Ok(()) => {
                        connection.close().await;
                        return;
                    }
                    Err(broken) => broken,
                },
                Err(broken) => broken,
            };
            self.give_up_socket(&broken).await;
            let pause = broken.advice().unwrap_or_else(|| pause.next(&mut self.rng));
            time::sleep(pause.min(PAUSE_MAX)).await;
        }
    }

    fn is_done(&self) -> bool {
        let is_answered = self.waiting.is_empty() && self.in_flight.is_empty();
        self.schedule.peek().is_none() && is_answered && self.unheard.is_none()
    }

    async fn give_up_socket(&mut self, broken: &Broken) {
        self.hop += 1;
        self.unheard = None;
        for (_, InFlight { mut message, .. }) in std::mem::take(&mut self.in_flight) {
            let send = message.send;
            self.journal.note(Event::Unanswered { send }).await;
            message.may_be_stored = true;
            self.fail(message, Duration::ZERO);
        }
        self.journal
            .note(Event::Closed {
                client: Client::Sender(self.index),
                code: broken.code,
                reason: broken.reason.clone(),
            })
            .await;
    }

    /// Talks until everything is answered.
    async fn talk(&mut self, connection: &mut Connection, deadline: Instant) -> Result<(), Broken> {
        let errors = [("id", "errors"), ("destination", "/user/queue/errors")];
        connection.say(Command::Subscribe, &errors, "").await?;
        if let Some(room) = self.visits {
            self.enter(connection, room).await?;
        }
        loop {
            while let Some(message) = self.next_due().await {
                self.transmit(connection, message).await?;
            }
            if self.is_done() {
                return Ok(());
            }
            let wake = self.wakes_at(deadline);
            tokio::select! {
                frame = connection.hear() => self.take(&frame?).await?,
                () = time::sleep_until(wake) => self.check_patience(deadline)?,
            }
        }
    }

    /// Listens to a room, from here on.
    async fn enter(&self, connection: &mut Connection, room: u32) -> Result<(), Broken> {
        let destination = format!("/topic/{}", self.plan.rooms[room as usize]);
        let headers = [
            ("id", ROOM),
            ("destination", destination.as_str()),
            ("delivery", "committed"),
            ("receipt", ROOM),
        ];
        connection.say(Command::Subscribe, &headers, "").await?;
        let entered = async {
            loop {
                let frame = connection.hear().await?;
                match frame.command {
                    Command::Receipt => return Ok(()),
                    Command::Message if frame.headers.get("subscription") == Some(ROOM) => {}
                    _ => return Err(refused(&frame)),
                }
            }
        };
        time::timeout(ANSWER_MAX, entered)
            .await
            .unwrap_or_else(|_| Err(Broken::because("a SUBSCRIBE is not answered")))
    }

    async fn next_due(&mut self) -> Option<Message> {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            return None;
        }
        let now = Instant::now();
        if let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= now
        {
            return Some(entry.remove());
        }
        let due = self.schedule.take(now)?;
        let room = self.rng.u32(0..self.plan.options.rooms);
        let habit = match self.rng.u32(0..100) {
            n if n < GIVEN_UP => Habit::GiveUp,
            n if n < GIVEN_UP + REPEATED => Habit::Repeat,
            _ => Habit::Persist,
        };
        Some(self.intend(room, due, habit).await)
    }

    fn wakes_at(&self, deadline: Instant) -> Instant {
        let impatient = self.waits_since().map(|since| since + ANSWER_MAX);
        let has_room = self.in_flight.len() < IN_FLIGHT_MAX;
        let retry = self.waiting.keys().next().map(|(at, _)| *at);
        let due = self.schedule.peek();
        impatient
            .chain(retry.into_iter().chain(due).filter(|_| has_room))
            .fold(deadline, Instant::min)
    }

    fn check_patience(&self, deadline: Instant) -> Result<(), Broken> {
        let now = Instant::now();
        let is_stuck = self.waits_since().any(|since| since + ANSWER_MAX <= now);
        match (is_stuck, now >= deadline) {
            (true, _) => Err(Broken::because("a message is not answered, or not heard")),
            (_, true) => Err(Broken::because("the run is over")),
            _ => Ok(()),
        }
    }

    fn waits_since(&self) -> impl Iterator<Item = Instant> {
        let answers = self.in_flight.values().map(|one| one.since);
        answers.chain(self.unheard.map(|(_, since)| since))
    }

    /// Thinks of a message.
    async fn intend(&mut self, room: u32, due: Instant, habit: Habit) -> Message {
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        let send = Builder::from_random_bytes(bytes).into_uuid();
        let padding = self.rng.usize(0..=PADDING_MAX);
        let padding: String = "마루 Halle, 😀 \\\"\n:"
            .chars()
            .cycle()
            .take(padding)
            .collect();
        let content = format!("{} {send} {padding}.", self.index);
        let event = Event::Intent {
            send,
            room,
            due_us: self.journal.us_of(due),
            hash: hash(&content),
        };
        self.journal.note(event).await;
        Message {
            send,
            room,
            content,
            habit,
            may_be_stored: false,
        }
    }

    async fn transmit(
        &mut self,
        connection: &mut Connection,
        message: Message,
    ) -> Result<(), Broken> {
        let body = serde_json::json!({
            "roomId": self.plan.rooms[message.room as usize],
            "content": message.content,
            "sender": Self::nickname(&self.plan, self.index),
            "tempId": message.send,
        })
        .to_string();
        self.counter += 1;
        let receipt = format!("s{}", self.counter);
        let send = message.send;
        self.journal.note(Event::Sent { send }).await;
        let since = Instant::now();
        if self.visits.is_some() && !message.may_be_stored {
            self.unheard = Some((send, since));
        }
        self.in_flight
            .insert(receipt.clone(), InFlight { message, since });
        let headers = [
            ("destination", "/app/chat"),
            ("receipt", receipt.as_str()),
            ("content-type", "application/json"),
        ];
        connection.say(Command::Send, &headers, &body).await
    }

    async fn take(&mut self, frame: &Frame) -> Result<(), Broken> {
        match frame.command {
            Command::Message if frame.headers.get("subscription") == Some(ROOM) => {
                let heard = RoomEvent::parse(&frame.body).and_then(|event| event.temp_id);
                self.unheard = self.unheard.filter(|(send, _)| heard != Some(*send));
                Ok(())
            }
            Command::Receipt | Command::Message => {
                let receipt = frame.headers.get("receipt-id").unwrap_or_default();
                // Another answer is the subscription's, or nobody's.
                let Some(InFlight { message, .. }) = self.in_flight.remove(receipt) else {
                    return Ok(());
                };
                if frame.command == Command::Receipt {
                    self.receipted(message, frame).await
                } else {
                    self.declined(message, frame).await
                }
            }
            _ => Err(refused(frame)),
        }
    }

    async fn receipted(&mut self, mut message: Message, frame: &Frame) -> Result<(), Broken> {
        let header = |name| frame.headers.get(name);
        let parsed = header("message-id")
            .and_then(|id| id.parse().ok())
            .zip(header("seq").and_then(|seq| seq.parse().ok()));
        let Some((id, seq)) = parsed else {
            return Err(Broken::because("a RECEIPT without message-id and seq"));
        };
        let event = Event::Receipt {
            send: message.send,
            id,
            seq,
            duplicate: header("duplicate") == Some("true"),
        };
        self.journal.note(event).await;
        if message.habit == Habit::Repeat {
            message.habit = Habit::Persist;
            let pause = Duration::from_millis(self.rng.u64(0..2_000));
            self.wait(message, pause);
        }
        Ok(())
    }

    async fn declined(&mut self, mut message: Message, frame: &Frame) -> Result<(), Broken> {
        let problem: Problem = serde_json::from_slice(&frame.body).map_err(Broken::because)?;
        let event = Event::Refusal {
            send: message.send,
            is_certain: problem.is_certain(),
            code: problem.code.clone(),
        };
        self.journal.note(event).await;
        message.may_be_stored |= !problem.is_certain();
        if problem.retryable {
            let advised = Duration::from_millis(problem.retry_after_ms.unwrap_or(200));
            let jitter = Duration::from_millis(self.rng.u64(0..200));
            self.fail(message, advised.min(PAUSE_MAX) + jitter);
        }
        Ok(())
    }

    /// Does about a failure what the message's habit is.
    fn fail(&mut self, message: Message, pause: Duration) {
        match message.habit {
            Habit::GiveUp if message.may_be_stored => self.unknown.push(message),
            Habit::GiveUp => {}
            Habit::Persist | Habit::Repeat => self.wait(message, pause),
        }
    }

    fn wait(&mut self, message: Message, pause: Duration) {
        self.counter += 1;
        let key = (Instant::now() + pause, self.counter);
        self.waiting.insert(key, message);
    }
}

/// Grows from one failed connection to the next, and is scattered.
#[derive(Default)]
pub(crate) struct Pause {
    failures: u32,
}

impl Pause {
    /// The first pause at the most, in milliseconds.
    const FIRST_MS: u64 = 200;
    /// Any pause at the most, in milliseconds.
    const LAST_MS: u64 = 2_000;

    /// The next pause.
    pub(crate) fn next(&mut self, rng: &mut Rng) -> Duration {
        let most = (Self::FIRST_MS << self.failures.min(4)).min(Self::LAST_MS);
        self.failures += 1;
        Duration::from_millis(rng.u64(most / 2..=most))
    }

    /// Starts anew, after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}
