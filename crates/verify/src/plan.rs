//! Who sends what and who listens where: it follows from the options and the seed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::journal::Mode;
use crate::options::Options;

/// The course of one run.
pub(crate) struct Plan {
    pub(crate) options: Options,
    /// From which every choice follows.
    pub(crate) seed: u64,
    /// What the names of rooms and clients begin with.
    pub(crate) prefix: String,
    /// The names of the rooms, by their index.
    pub(crate) rooms: Vec<String>,
}

impl Plan {
    /// Lays the run out. What the options leave open is chosen at random.
    pub(crate) fn new(options: Options) -> Self {
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
        let prefix = options.room_prefix.clone();
        let prefix = prefix.unwrap_or_else(|| format!("verify-{:08x}", fastrand::u32(..)));
        let rooms = (0..options.rooms)
            .map(|room| format!("{prefix}-{room}"))
            .collect();
        Self {
            options,
            seed,
            prefix,
            rooms,
        }
    }

    /// The choices of one client.
    pub(crate) fn rng(&self, role: &str, index: u32) -> Rng {
        let mut hasher = DefaultHasher::new();
        (self.seed, &self.prefix, role, index).hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }

    /// The socket of a sender, which goes to the next at every `hop`.
    pub(crate) fn senders_socket(&self, sender: u32, hop: u32) -> &Endpoint {
        self.socket(u64::from(sender) + u64::from(hop))
    }

    /// The socket of a listener: each room is listened to on every socket.
    pub(crate) fn listeners_socket(&self, listener: u32, hop: u32) -> &Endpoint {
        self.socket(u64::from(listener / self.options.rooms) + u64::from(hop))
    }

    fn socket(&self, n: u64) -> &Endpoint {
        let urls = &self.options.urls;
        &urls[(n % urls.len() as u64) as usize]
    }

    /// The room of a listener.
    pub(crate) fn listeners_room(&self, listener: u32) -> u32 {
        listener % self.options.rooms
    }

    /// What a listener asks for, and whether it hangs up now and then. The shares are spread evenly
    /// over rooms and sockets.
    pub(crate) fn listeners_habits(&self, listener: u32) -> (Mode, bool) {
        let mut rng = self.rng("habits", listener);
        let mode = if rng.u32(0..100) < self.options.optimistic {
            Mode::Optimistic
        } else {
            Mode::Committed
        };
        (mode, rng.u32(0..100) < self.options.restless)
    }

    /// When the messages of a sender are due.
    pub(crate) fn schedule(&self, sender: u32, start: Instant) -> Schedule {
        let senders = f64::from(self.options.senders);
        let interval = Duration::from_secs_f64(senders / self.options.rate);
        Schedule {
            next: start + interval.mul_f64(f64::from(sender) / senders),
            interval,
            end: start + self.options.duration,
        }
    }
}

/// When one sender's messages are due: an open loop, which does not wait for answers.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    next: Instant,
    interval: Duration,
    end: Instant,
}

impl Schedule {
    /// A schedule on which nothing is due.
    pub(crate) fn over(now: Instant) -> Self {
        Self {
            next: now,
            interval: Duration::from_secs(1),
            end: now,
        }
    }

    /// When the next message is due; `None` where all were.
    pub(crate) fn peek(&self) -> Option<Instant> {
        (self.next < self.end).then_some(self.next)
    }

    /// Takes the next message, where it is due.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Instant> {
        let due = self.peek().filter(|due| *due <= now)?;
        self.next += self.interval;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    fn plan(arguments: &str) -> Plan {
        let required = "verify --url ws://a/ws --url ws://b/ws --history http://a --seed 7";
        let command = Options::augment_args(Command::new("verify"));
        let arguments = required.split(' ').chain(arguments.split(' '));
        let matches = command.get_matches_from(arguments.filter(|word| !word.is_empty()));
        Plan::new(Options::from_arg_matches(&matches).expect("options"))
    }

    #[test]
    fn every_room_is_listened_to_on_every_socket() {
        let plan = plan("--rooms 3 --listeners 12");
        for room in 0..3 {
            let mut sockets: Vec<_> = (0..12)
                .filter(|listener| plan.listeners_room(*listener) == room)
                .map(|listener| plan.listeners_socket(listener, 0).to_string())
                .collect();
            sockets.sort();
            sockets.dedup();
            assert_eq!(sockets.len(), 2, "room {room}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_choices() {
        let one = plan("--room-prefix r");
        let other = plan("--room-prefix r");
        assert_eq!(one.rng("sender", 1).u64(..), other.rng("sender", 1).u64(..));
        assert_ne!(one.rng("sender", 1).u64(..), one.rng("sender", 2).u64(..));
    }

    #[tokio::test]
    async fn all_senders_together_keep_the_rate() {
        let plan = plan("--senders 4 --rate 10 --duration 2s");
        let start = Instant::now();
        let sent = (0..4).map(|sender| {
            let mut schedule = plan.schedule(sender, start);
            std::iter::from_fn(|| schedule.take(start + Duration::from_secs(60))).count()
        });
        assert_eq!(sent.sum::<usize>(), 20);
    }
}
