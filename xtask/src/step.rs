//! The steps of `cargo xtask test`.

use clap::ValueEnum;

/// A group of tests that is run and reported as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Every Rust test, on a native Postgres and on Redis
    Rust,
    /// The SQL tests once more, on the Postgres that `maru` brings itself
    SqlEmbedded,
    /// Real STOMP clients against real servers, from Node
    EndToEnd,
    /// Faults of every kind under load, in short; `cargo xtask chaos` runs all of them
    Chaos,
    /// The page in a real browser, and the client that it is built on
    Browser,
    /// The functions as Lambdas, under emulators of Lambda and of AWS
    Serverless,
    /// What operators use: Compose, the proxy, the workflows, metrics and alerts
    Operations,
}

impl Step {
    /// Its name on the command line and in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::SqlEmbedded => "sql-embedded",
            Self::EndToEnd => "end-to-end",
            Self::Chaos => "chaos",
            Self::Browser => "browser",
            Self::Serverless => "serverless",
            Self::Operations => "operations",
        }
    }

    /// What it tests, in a line.
    pub(crate) fn about(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help());
        help.map(ToString::to_string).unwrap_or_default()
    }

    /// Whether it talks to a native Postgres and a Redis.
    pub(crate) fn needs_servers(self) -> bool {
        self != Self::SqlEmbedded
    }

    /// Whether it starts `maru` from Node, with its page.
    pub(crate) fn needs_node(self) -> bool {
        !matches!(self, Self::Rust | Self::SqlEmbedded)
    }

    /// Whether it starts instances that can be told to fail.
    pub(crate) fn needs_failpoints(self) -> bool {
        matches!(self, Self::Chaos | Self::Operations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_called_the_same_on_the_command_line_and_in_the_report() {
        for &step in Step::value_variants() {
            assert_eq!(Step::from_str(step.name(), false), Ok(step));
            assert!(!step.about().is_empty());
        }
    }
}
