//! How careful a deployment has to be.

use std::str::FromStr;

use crate::Settings;

/// What an instance insists on (`PROFILE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Starts wherever it can work.
    #[default]
    Development,
    /// Starts only where it can keep its promises: on a Postgres that keeps what it confirms, and
    /// with a secret between the instances.
    Production,
}

impl FromStr for Profile {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "development" => Ok(Self::Development),
            "production" => Ok(Self::Production),
            _ => Err(()),
        }
    }
}

impl Profile {
    /// Reads `PROFILE`.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        settings
            .parsed("PROFILE", "one of development, production")
            .unwrap_or_default()
    }

    /// Whether it is [`Production`](Self::Production).
    pub fn is_production(self) -> bool {
        self == Self::Production
    }
}
