//! What `maru verify` can be told.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use crate::endpoint::Endpoint;

/// Whom to drive, how hard, and what to break meanwhile.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A socket, such as ws://127.0.0.1:8080/ws; repeat it for every instance
    #[arg(long = "url", required = true, value_name = "URL")]
    pub urls: Vec<Endpoint>,
    /// Where the rooms are read over HTTP, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    pub history: Endpoint,
    /// The Postgres, to read the rows themselves as well
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// How many clients send
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub senders: u32,
    /// How many clients listen, spread over the rooms and the sockets
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub listeners: u32,
    /// How many rooms there are; all are fresh ones
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: u32,
    /// How many messages are sent per second, all senders together
    #[arg(long, default_value_t = 50.0, value_parser = rate)]
    pub rate: f64,
    /// How many more clients a second come, listen, send one message and go
    #[arg(long, default_value_t = 0.0, value_parser = churn)]
    pub churn: f64,
    /// How long messages are sent, such as 30s or 5m
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub duration: Duration,
    /// How long the deployment may take to settle afterwards
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub settle: Duration,
    /// Of a hundred listeners, how many hear messages before they are stored
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub optimistic: u32,
    /// Of a hundred listeners, how many hang up now and then and resume elsewhere
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub restless: u32,
    /// Repeats the choices of an earlier run
    #[arg(long)]
    pub seed: Option<u64>,
    /// What the rooms' names begin with; chosen at random where it is not given
    #[arg(long, value_name = "TEXT")]
    pub room_prefix: Option<String>,
    /// An access token, for all clients
    #[arg(long, conflicts_with = "auth_url")]
    pub token: Option<String>,
    /// Where every client gets a guest's token: the server with POST /auth/guest
    #[arg(long, value_name = "URL")]
    pub auth_url: Option<Endpoint>,
    /// A shell command and when it is run after the first message, such as 5s="docker kill redis"
    #[arg(long = "fault", value_name = "AT=COMMAND")]
    pub faults: Vec<Fault>,
    /// Where the result is written as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where the journal is written; in the folder for temporary files unless told otherwise
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
}

/// Something to break, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How long after the first message.
    pub at: Duration,
    /// What a shell runs.
    pub command: String,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, command) = text.split_once('=').ok_or("is no AT=COMMAND")?;
        Ok(Self {
            at: duration(at)?,
            command: command.to_owned(),
        })
    }
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, 0.001..=100_000.0)
}

fn churn(text: &str) -> Result<f64, String> {
    number(text, 0.0..=10_000.0)
}

fn number(text: &str, range: RangeInclusive<f64>) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "is no number")?;
    let is_good = range.contains(&number);
    let wrong = || format!("is not between {} and {}", range.start(), range.end());
    is_good.then_some(number).ok_or_else(wrong)
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(digits_end.unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| "is no time such as 30s or 5m")?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(60 * number)),
        _ => Err("is no time such as 500ms, 30s or 5m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in ["", "s", "5h", "-1s", "1.5s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fault_is_a_time_and_a_command_that_may_hold_anything() {
        let fault: Fault = "5s=kill -9 $(cat a=b)".parse().expect("a fault");
        assert_eq!(fault.at, Duration::from_secs(5));
        assert_eq!(fault.command, "kill -9 $(cat a=b)");
        assert!("kill".parse::<Fault>().is_err());
    }
}
