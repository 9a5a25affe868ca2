//! How the servers that are compared are spoken to.

use clap::ValueEnum;
use serde::Serialize;

/// A server's way of speaking STOMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Dialect {
    /// Maru, each message twice: when it is shown and when it is stored.
    Maru,
    /// Maru, each message once, when it is stored.
    MaruCommitted,
    /// Maru's contract without its receipts: Spring's simple broker.
    Spring,
    /// RabbitMQ's Web-STOMP: clients send to the topic itself.
    Rabbitmq,
    /// The naive server: STOMP as far as `bench/peers/naive` goes.
    Naive,
}

impl Dialect {
    /// The frame that opens a session.
    pub(crate) fn connect(self, token: Option<&str>) -> String {
        let identity = match (self, token) {
            (Self::Rabbitmq, _) => "login:guest\npasscode:guest\n".to_owned(),
            (_, Some(token)) => format!("Authorization:Bearer {token}\n"),
            (_, None) => String::new(),
        };
        let host = if self == Self::Rabbitmq { "/" } else { "bench" };
        format!("CONNECT\naccept-version:1.2\nhost:{host}\nheart-beat:10000,10000\n{identity}\n\0")
    }

    /// The frame that listens to a room.
    pub(crate) fn subscribe(self, room: &str) -> String {
        let delivery = match self {
            Self::MaruCommitted => "delivery:committed\n",
            _ => "",
        };
        format!(
            "SUBSCRIBE\nid:sub-0\ndestination:/topic/{room}\n{delivery}receipt:subscribed\n\n\0"
        )
    }

    /// The frame that listens to what is refused, where the server tells that so.
    pub(crate) fn subscribe_to_refusals(self) -> Option<&'static str> {
        self.answers_send().then_some(
            "SUBSCRIBE\nid:refusals\ndestination:/user/queue/errors\nreceipt:subscribed\n\n\0",
        )
    }

    /// Whether a SUBSCRIBE's receipt comes; Spring's simple broker leaves it out.
    pub(crate) fn answers_subscribe(self) -> bool {
        self != Self::Spring
    }

    /// Whether a SEND's receipt is asked for: where it says that the message is stored.
    pub(crate) fn answers_send(self) -> bool {
        matches!(self, Self::Maru | Self::MaruCommitted)
    }

    /// The frame that says `content` in a room.
    pub(crate) fn send(self, room: &str, content: &str, receipt: &str) -> String {
        match self {
            Self::Maru | Self::MaruCommitted => format!(
                "SEND\ndestination:/app/chat\ncontent-type:application/json\nreceipt:{receipt}\n\n\
                 {{\"roomId\":\"{room}\",\"content\":\"{content}\"}}\0"
            ),
            Self::Spring => format!(
                "SEND\ndestination:/app/chat\ncontent-type:application/json\n\n\
                 {{\"roomId\":\"{room}\",\"sender\":\"bench\",\"content\":\"{content}\"}}\0"
            ),
            Self::Rabbitmq | Self::Naive => {
                format!("SEND\ndestination:/topic/{room}\ncontent-type:text/plain\n\n{content}\0")
            }
        }
    }
}
