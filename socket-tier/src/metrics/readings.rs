//! What is kept elsewhere and read at each scrape.

use std::fmt::{self, Debug};
use std::fs;
use std::sync::Arc;

use fanout::{Fanout, Rejection};
use message_log::MessageLog;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::runtime::Handle;

use super::{Counter, Label};
use crate::drain::Draining;
use crate::vitals::Vitals;
use crate::writer::WriterHandle;

/// Where the readings come from.
pub(crate) struct Sources {
    /// What the fan-out counts by itself.
    pub(crate) fanout: Arc<dyn Fanout>,
    /// How many messages wait.
    pub(crate) writer: WriterHandle,
    /// Whose connections to Postgres are counted.
    pub(crate) log: MessageLog,
    /// How Postgres is.
    pub(crate) vitals: Arc<Vitals>,
    /// Whether the instance is being left.
    pub(crate) draining: Draining,
    /// The runtime, whose tasks are counted.
    pub(crate) runtime: Handle,
}

/// Reads the sources, where there are any.
#[derive(Default)]
pub(crate) struct Readings(pub(crate) Option<Sources>);

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(sources) = &self.0 else {
            return Ok(());
        };
        sources.encode_fanout(&mut encoder)?;
        let vitals = sources.vitals.seen();
        let connections = sources.log.connections();
        let is_durable = vitals.is_some_and(message_log::Durability::is_kept);
        for (name, help, value) in [
            (
                "fanout_connected",
                "1 where the other instances can be heard",
                i64::from(sources.fanout.is_connected()),
            ),
            (
                "postgres_up",
                "1 where Postgres answered the last look",
                i64::from(vitals.is_some()),
            ),
            (
                "postgres_durable",
                "1 where Postgres keeps what it confirms: fsync and synchronous_commit are on",
                i64::from(is_durable),
            ),
            (
                "db_pool_connections",
                "Connections to Postgres that are open",
                i64::from(connections.open),
            ),
            (
                "db_pool_in_use",
                "Connections to Postgres that something is done with",
                i64::from(connections.in_use),
            ),
            (
                "draining",
                "1 where the instance is being left",
                i64::from(sources.draining.has_begun()),
            ),
            (
                "writer_queue_messages",
                "Messages that wait for their commit or for the answer to it",
                whole(sources.writer.waiting()),
            ),
            (
                "runtime_tasks",
                "Tasks of the runtime that are alive",
                whole(sources.runtime.metrics().num_alive_tasks()),
            ),
        ] {
            gauge(&mut encoder, name, help, value)?;
        }
        if let Some(bytes) = resident_bytes() {
            let help = "Memory of the process that is resident";
            gauge(&mut encoder, "process_resident_bytes", help, bytes)?;
        }
        if let Some(files) = open_files_max() {
            let help = "File descriptors that the process may hold";
            gauge(&mut encoder, "process_max_fds", help, files)?;
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            let help = "File descriptors that the process holds";
            gauge(&mut encoder, "process_open_fds", help, whole(files.count()))?;
        }
        Ok(())
    }
}

impl Sources {
    fn encode_fanout(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counters = self.fanout.counters();
        for (name, help, value) in [
            (
                "fanout_published",
                "Events that this instance told",
                counters.published,
            ),
            (
                "fanout_unreachable",
                "Events that other instances were not told of, since they could not be reached",
                counters.dropped,
            ),
            (
                "fanout_lost",
                "Events that this instance took too slowly",
                counters.lost,
            ),
            (
                "fanout_late",
                "Own events that came back too late, and were ignored",
                counters.late,
            ),
            (
                "fanout_interruptions",
                "How often the others could no longer be heard",
                counters.interruptions,
            ),
        ] {
            let counter = ConstCounter::new(value);
            let metric = encoder.encode_descriptor(name, help, None, counter_type())?;
            counter.encode(metric)?;
        }
        let rejected: Family<Label<&'static str>, Counter> = Family::default();
        for reason in Rejection::ALL {
            let counter = rejected.get_or_create_owned(&[("reason", reason.label())]);
            counter.inc_by(counters.rejected.of(reason));
        }
        let help = "Messages from Redis that were not believed, by why";
        let metric = encoder.encode_descriptor("fanout_rejected", help, None, counter_type())?;
        rejected.encode(metric)
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn counter_type() -> prometheus_client::metrics::MetricType {
    Counter::<u64>::default().metric_type()
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// As Linux tells it (proc(5), `/proc/pid/status`); elsewhere nobody does.
fn resident_bytes() -> Option<i64> {
    let line = told_of_this_process("status", "VmRSS:")?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// As Linux tells it (proc(5), `/proc/pid/limits`), the soft limit; elsewhere nobody does.
fn open_files_max() -> Option<i64> {
    let line = told_of_this_process("limits", "Max open files")?;
    line.split_whitespace().next()?.parse().ok()
}

/// What follows `name` on its line of a file of `/proc/self`.
fn told_of_this_process(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/self/{file}")).ok()?;
    let mut lines = text.lines();
    lines
        .find_map(|line| line.strip_prefix(name))
        .map(str::to_owned)
}

impl Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readings").finish_non_exhaustive()
    }
}
