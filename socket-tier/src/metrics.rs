//! What an instance counts, for Prometheus.
//!
//! Names and units are Prometheus' own (`_total`, `_seconds`, `_bytes`). A label takes few values,
//! all of them this program's: never a room, a user or an address.

mod readings;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

pub(crate) use readings::{Readings, Sources};

/// The media type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// One label and its value.
type Label<V> = [(&'static str, V); 1];

/// A counter for each value of one label.
#[derive(Clone, Debug)]
pub(crate) struct Counters<V>
where
    Label<V>: std::hash::Hash + Eq,
{
    label: &'static str,
    family: Family<Label<V>, Counter>,
}

impl<V: Copy + Eq + std::hash::Hash> Counters<V> {
    fn by(label: &'static str) -> Self {
        Self {
            label,
            family: Family::default(),
        }
    }

    /// Counts one more of this value.
    pub(crate) fn inc(&self, value: V) {
        self.family.get_or_create(&[(self.label, value)]).inc();
    }
}

/// The counters of one instance, each behind a handle of its own.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Open sockets.
    pub(crate) sockets: Gauge,
    /// STOMP sessions that were let in.
    pub(crate) sessions: Gauge,
    /// Answers to CONNECT.
    pub(crate) connects: Counters<&'static str>,
    /// Ended sockets by close code.
    pub(crate) closes: Counters<u16>,
    /// Bytes of messages that clients sent.
    pub(crate) received_bytes: Counter,
    /// Bytes of messages that were written to clients.
    pub(crate) sent_bytes: Counter,
    /// MESSAGEs of rooms that were written to clients.
    pub(crate) delivered: Counter,
    /// Sockets that did not keep up, whether too much waited for them or a write took too long.
    pub(crate) overflows: Counter,
    /// SENDs to `/app/chat`.
    pub(crate) sends: Counter,
    /// Those of them that were answered as stored.
    pub(crate) receipted: Counter,
    /// Those that were refused, by the problem's code.
    pub(crate) refused: Counters<&'static str>,
    /// From taking a SEND over to its answer.
    pub(crate) answer_seconds: Histogram,
    /// Messages that were stored for the first time.
    pub(crate) committed: Counter,
    /// Sends of what was stored before.
    pub(crate) duplicates: Counter,
    /// Changes of messages that were taken into the index of what is said.
    pub(crate) indexed: Counter,
    /// How long a batch took to be stored.
    pub(crate) commit_seconds: Histogram,
    /// How many messages a stored batch had.
    pub(crate) batch_messages: Histogram,
    /// Batches that were not stored, by why.
    pub(crate) batch_failures: Counters<&'static str>,
    /// Rooms that somebody on this instance listens to.
    pub(crate) rooms: Gauge,
    /// Events that the fan-out brought.
    pub(crate) heard: Counter,
    /// Readings of what a room missed that found something.
    pub(crate) gap_repairs: Counter,
    /// What they found.
    pub(crate) gap_changes: Counter,
    /// Rooms that had more changes than Postgres knows of, as after a restore.
    pub(crate) gone_back: Counter,
    /// How often the database had another history than before.
    pub(crate) epoch_changes: Counter,
    /// Looks at the rooms' counters that failed.
    pub(crate) looks_failed: Counter,
    /// Subscriptions that resumed, by where they were told what they missed.
    pub(crate) resumes: Counters<&'static str>,
    registry: Registry,
}

impl Metrics {
    /// Counts from nothing on. What is kept elsewhere is read at each scrape.
    pub(crate) fn new(readings: Readings) -> Self {
        let mut registry = Registry::with_prefix("chat");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "This build", version);
        registry.register_collector(Box::new(readings));
        let mut new = Naming(&mut registry);
        let metrics = Self {
            sockets: new.named("ws_connections", "Open sockets, over WebSocket and SockJS"),
            sessions: new.named("stomp_sessions", "STOMP sessions that were let in"),
            connects: new.by("result", "ws_connects", "Answers to CONNECT"),
            closes: new.by("code", "ws_closes", "Ended sockets, by close code"),
            received_bytes: new.named("ws_received_bytes", "Bytes that clients sent"),
            sent_bytes: new.named("ws_sent_bytes", "Bytes that were written to clients"),
            delivered: new.named("deliveries", "MESSAGEs of rooms written to clients"),
            overflows: new.named(
                "outbox_overflows",
                "Sockets that took too little too slowly",
            ),
            sends: new.named("sends_received", "SENDs to /app/chat"),
            receipted: new.named("sends_receipted", "SENDs that were answered as stored"),
            refused: new.by(
                "reason",
                "sends_refused",
                "SENDs that were refused, by code",
            ),
            answer_seconds: new.kept(
                "send_receipt_seconds",
                "From taking a SEND over to its answer",
                seconds(),
            ),
            committed: new.named("messages_committed", "Messages stored for the first time"),
            duplicates: new.named("sends_duplicate", "SENDs of what was stored before"),
            indexed: new.named(
                "search_indexed",
                "Changes of messages taken into the index that is searched",
            ),
            commit_seconds: new.kept(
                "commit_seconds",
                "How long a batch took to be stored",
                seconds(),
            ),
            batch_messages: new.kept(
                "commit_batch_messages",
                "How many messages a stored batch had",
                Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            ),
            batch_failures: new.by(
                "reason",
                "commit_failures",
                "Messages refused together, by why",
            ),
            rooms: new.named("hub_rooms", "Rooms that somebody here listens to"),
            heard: new.named("fanout_received", "Events that the fan-out brought"),
            gap_repairs: new.named(
                "fanout_gap_repairs",
                "Readings of what a room missed that found something",
            ),
            gap_changes: new.named(
                "fanout_gap_repaired_changes",
                "Changes that were read since nobody told of them",
            ),
            gone_back: new.named(
                "rooms_gone_back",
                "Rooms that were told more of than Postgres knows, as after a restore",
            ),
            epoch_changes: new.named(
                "epoch_changes",
                "How often the database had another history than before, as after a restore",
            ),
            looks_failed: new.named(
                "hub_look_failures",
                "Looks at the rooms' counters that failed",
            ),
            resumes: new.by(
                "source",
                "resume",
                "Subscriptions that resumed from a number",
            ),
            registry: Registry::default(),
        };
        Self {
            registry,
            ..metrics
        }
    }

    /// Everything, in Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)
            .expect("a String takes whatever is written");
        text
    }
}

/// From a millisecond to half a minute.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

/// Makes metrics and registers them in one step.
struct Naming<'a>(&'a mut Registry);

impl Naming<'_> {
    fn kept<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn named<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.kept(name, help, M::default())
    }

    fn by<V>(&mut self, label: &'static str, name: &str, help: &str) -> Counters<V>
    where
        V: Copy + Eq + std::hash::Hash,
        Family<Label<V>, Counter>: Metric,
    {
        let counters = Counters::by(label);
        self.0.register(name, help, counters.family.clone());
        counters
    }
}

/// Metrics of an instance of which nothing is kept elsewhere.
#[cfg(test)]
impl Default for Metrics {
    fn default() -> Self {
        Self::new(Readings::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_stands_in_the_text_under_its_name_and_unit() {
        let metrics = Metrics::default();
        metrics.sockets.inc();
        metrics.closes.inc(4009);
        metrics.refused.inc("room-busy");
        metrics.commit_seconds.observe(0.003);
        let text = metrics.text();
        for line in [
            concat!(
                "chat_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
            "chat_ws_connections 1",
            "chat_ws_closes_total{code=\"4009\"} 1",
            "chat_sends_refused_total{reason=\"room-busy\"} 1",
            "chat_commit_seconds_bucket{le=\"0.004\"} 1",
            "chat_commit_seconds_bucket{le=\"0.002\"} 0",
            "chat_fanout_gap_repairs_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
