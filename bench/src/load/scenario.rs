//! Who listens to what, and how much is said.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Connections spread evenly over rooms, each in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Scenario {
    /// How many connections there are.
    pub(crate) connections: usize,
    /// Over how many rooms they are spread.
    pub(crate) rooms: usize,
}

/// How a scenario is written.
pub(crate) const SCENARIO_FORM: &str =
    "A (200x10), B (1000x1), or connections x rooms such as 500x5";

/// What keeps a room busy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pace {
    /// So many messages of a room are under way at once, and so many deliveries outstanding on each
    /// connection: the next is due when one is complete.
    Closed(usize),
    /// So many messages a second over all rooms, whatever becomes of them.
    PerSecond(f64),
}

impl Scenario {
    /// How many listen to each room.
    pub(crate) fn listeners(self) -> usize {
        self.connections / self.rooms
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = match text {
            "A" => "200x10",
            "B" => "1000x1",
            other => other,
        };
        let wrong = || format!("{text:?} is no scenario: {SCENARIO_FORM}");
        let (connections, rooms) = text.split_once('x').ok_or_else(wrong)?;
        let scenario = Self {
            connections: connections.parse().map_err(|_| wrong())?,
            rooms: rooms.parse().map_err(|_| wrong())?,
        };
        let is_even = scenario.rooms > 0 && scenario.connections.is_multiple_of(scenario.rooms);
        if !is_even || scenario.connections == 0 {
            return Err(format!("{text}: the rooms have to be equally full"));
        }
        Ok(scenario)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.connections, self.rooms)
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(outstanding) => write!(f, "closed{outstanding}"),
            Self::PerSecond(rate) => write!(f, "{rate}/s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_named_or_counted() {
        let parsed = |text: &str| {
            text.parse::<Scenario>()
                .map(|scenario| scenario.listeners())
        };
        assert_eq!(parsed("A"), Ok(20));
        assert_eq!(parsed("B"), Ok(1000));
        assert_eq!(parsed("500x5"), Ok(100));
    }

    #[test]
    fn rooms_that_are_not_equally_full_are_refused() {
        for wrong in ["", "C", "5x", "x5", "5x0", "0x5", "7x2"] {
            assert!(wrong.parse::<Scenario>().is_err(), "{wrong}");
        }
    }
}
