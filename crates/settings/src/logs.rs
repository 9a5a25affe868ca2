//! What is logged, and in which form.

use std::io::{self, IsTerminal};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use crate::Settings;

/// The settings of the log: `RUST_LOG` (default `info`, without the notices of the database) and `LOG_FORMAT` (default `text`).
#[derive(Debug)]
pub struct Logs {
    filter: EnvFilter,
    format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// What is logged where `RUST_LOG` says nothing.
const DEFAULT_FILTER: &str = "info,sqlx=warn";

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

impl Logs {
    /// Reads the log's settings.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let directives = settings.text("RUST_LOG");
        let filter = EnvFilter::try_new(directives.as_deref().unwrap_or(DEFAULT_FILTER));
        let filter = filter.unwrap_or_else(|error| {
            settings.fault(
                "RUST_LOG",
                format!("is not a filter such as info or info,sqlx=warn: {error}"),
            );
            EnvFilter::default()
        });
        let format = settings
            .parsed("LOG_FORMAT", "one of text, json")
            .unwrap_or_default();
        Self { filter, format }
    }

    /// Starts logging to standard error. To be called once per process.
    pub fn start(self) {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(self.filter)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr);
        match self.format {
            LogFormat::Text => subscriber.init(),
            LogFormat::Json => subscriber.json().flatten_event(true).init(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_settings_are_checked() {
        let mut settings = Settings::new(|name| match name {
            "RUST_LOG" => Some("info,=,=".into()),
            _ => Some("xml".into()),
        });
        Logs::read(&mut settings);
        let faults = settings.finish().expect_err("two faults").0;
        let names: Vec<_> = faults.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(names, ["RUST_LOG", "LOG_FORMAT"]);
    }
}
