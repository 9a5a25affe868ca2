//! The commands of all three versions.

use std::fmt;

/// What a frame asks or tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Opens the session.
    Connect,
    /// Opens the session; differs from CONNECT in name only.
    Stomp,
    /// Sends a message to a destination.
    Send,
    /// Starts listening to a destination.
    Subscribe,
    /// Stops listening.
    Unsubscribe,
    /// Says that a message was consumed.
    Ack,
    /// Says that a message was not consumed (1.1 on).
    Nack,
    /// Starts a transaction.
    Begin,
    /// Carries out a transaction.
    Commit,
    /// Drops a transaction.
    Abort,
    /// Ends the session.
    Disconnect,
    /// The server's answer to CONNECT.
    Connected,
    /// The server's delivery of a message.
    Message,
    /// The server's word that a frame was processed.
    Receipt,
    /// The server's last word.
    Error,
}

impl Command {
    const ALL: [Self; 15] = [
        Self::Connect,
        Self::Stomp,
        Self::Send,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Ack,
        Self::Nack,
        Self::Begin,
        Self::Commit,
        Self::Abort,
        Self::Disconnect,
        Self::Connected,
        Self::Message,
        Self::Receipt,
        Self::Error,
    ];

    /// The command as it stands on a frame's first line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
            Self::Connected => "CONNECTED",
            Self::Message => "MESSAGE",
            Self::Receipt => "RECEIPT",
            Self::Error => "ERROR",
        }
    }

    /// The command of that name; names are case sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|command| command.as_str() == name)
    }

    /// Whether frames of this command may have a body (STOMP 1.2, "Body").
    pub fn allows_body(self) -> bool {
        matches!(self, Self::Send | Self::Message | Self::Error)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_by_its_name_and_only_by_its_name() {
        for command in Command::ALL {
            assert_eq!(Command::parse(command.as_str()), Some(command));
            assert_eq!(Command::parse(&command.as_str().to_lowercase()), None);
        }
    }
}
