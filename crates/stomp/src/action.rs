//! What a session asks of its driver.

use std::fmt;

use bytes::Bytes;

use crate::{AckMode, Headers, Ticket, Version};

/// One thing to be done, in order.
#[derive(PartialEq, Eq)]
pub enum Action {
    /// Write these bytes: exactly one frame, or the line end of one heart-beat. They are UTF-8,
    /// provided that the bodies given to [`Session::deliver`](crate::Session::deliver) are.
    Transmit(Bytes),
    /// Decide who this is; answer with [`admit`](crate::Session::admit) or
    /// [`refuse`](crate::Session::refuse). How long that may take is the application's decision.
    Authenticate(Credentials),
    /// Start delivering a destination to this subscription.
    Subscribe {
        /// Names the subscription within the session; the destination where a client of 1.0 gave none.
        id: Box<str>,
        /// What to listen to.
        destination: Box<str>,
        /// Who says when a message was consumed.
        ack: AckMode,
        /// All headers of the frame.
        headers: Headers,
        /// To be settled once the subscription is in force; declining it ends the subscription.
        ticket: Ticket,
    },
    /// Stop delivering to this subscription. It takes no deliveries any more.
    Unsubscribe {
        /// The subscription.
        id: Box<str>,
        /// What it listened to.
        destination: Box<str>,
        /// To be settled once it is gone.
        ticket: Ticket,
    },
    /// Process a message. Those of one transaction come one after the other, at its COMMIT.
    Send {
        /// Where to.
        destination: Box<str>,
        /// All headers of the frame.
        headers: Headers,
        /// The message, raw.
        body: Bytes,
        /// To be settled once it is processed.
        ticket: Ticket,
    },
    /// A subscription whose delivery was held has room again.
    WindowOpened {
        /// The subscription.
        id: Box<str>,
    },
    /// Close the socket. Nothing follows.
    Close(CloseReason),
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client sent DISCONNECT and everything before it is settled.
    Disconnected,
    /// The client broke the protocol, or the application failed a frame.
    Protocol,
    /// A frame passed a limit on its size.
    TooBig,
    /// The application refused the client.
    Refused,
    /// No CONNECT came in time.
    ConnectTimeout,
    /// The client was silent beyond its heart-beat.
    HeartbeatMissed,
    /// The server is going away.
    GoingAway,
}

/// What CONNECT says about who is asking.
#[derive(PartialEq, Eq)]
pub struct Credentials {
    /// The `login` header.
    pub login: Option<Box<str>>,
    /// The `passcode` header: a secret.
    pub passcode: Option<Box<str>>,
    /// The `Authorization` header, in this or in small letters: a secret.
    pub authorization: Option<Box<str>>,
    /// The `host` header.
    pub host: Option<Box<str>>,
}

impl Credentials {
    pub(crate) fn of(headers: &Headers, version: Version) -> Self {
        let text = |name| -> Option<Box<str>> {
            let value = headers.get(name)?;
            Some(match version {
                // As the decoder does it for frames that come after the version is known.
                Version::V1_0 => value.trim_matches(' ').into(),
                Version::V1_1 | Version::V1_2 => value.into(),
            })
        };
        Self {
            login: text("login"),
            passcode: text("passcode"),
            authorization: text("Authorization").or_else(|| text("authorization")),
            host: text("host"),
        }
    }
}

/// What CONNECTED tells a client that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission<'a> {
    /// Names the session.
    pub session: &'a str,
    /// Names the server, as `name/version`.
    pub server: &'a str,
    /// Who the client is to the server, unless it is nobody.
    pub user_name: Option<&'a str>,
}

/// Shows who is asking and only whether secrets came along.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("login", &self.login)
            .field("has_passcode", &self.passcode.is_some())
            .field("has_authorization", &self.authorization.is_some())
            .field("host", &self.host)
            .finish()
    }
}

/// Shows lengths in the place of bodies: actions end up in logs.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transmit(bytes) => f.debug_tuple("Transmit").field(&bytes.len()).finish(),
            Self::Authenticate(credentials) => {
                f.debug_tuple("Authenticate").field(credentials).finish()
            }
            Self::Subscribe {
                id,
                destination,
                ack,
                headers,
                ticket,
            } => f
                .debug_struct("Subscribe")
                .field("id", id)
                .field("destination", destination)
                .field("ack", ack)
                .field("headers", headers)
                .field("ticket", ticket)
                .finish(),
            Self::Unsubscribe {
                id,
                destination,
                ticket,
            } => f
                .debug_struct("Unsubscribe")
                .field("id", id)
                .field("destination", destination)
                .field("ticket", ticket)
                .finish(),
            Self::Send {
                destination,
                headers,
                body,
                ticket,
            } => f
                .debug_struct("Send")
                .field("destination", destination)
                .field("headers", headers)
                .field("body_bytes", &body.len())
                .field("ticket", ticket)
                .finish(),
            Self::WindowOpened { id } => f.debug_struct("WindowOpened").field("id", id).finish(),
            Self::Close(reason) => f.debug_tuple("Close").field(reason).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_secrets_nor_messages_show_in_debug_output() {
        let headers = Headers::from_iter([
            ("login", "mina"),
            ("passcode", "s3cret"),
            ("authorization", "Bearer s3cret"),
        ]);
        let credentials = Credentials::of(&headers, Version::V1_2);
        assert_eq!(credentials.authorization.as_deref(), Some("Bearer s3cret"));
        let shown = format!(
            "{:?} {:?}",
            Action::Authenticate(credentials),
            Action::Transmit(Bytes::from_static(b"s3cret"))
        );
        assert!(shown.contains("mina"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn padding_around_credentials_is_cut_for_1_0_alone() {
        let headers = Headers::from_iter([("passcode", " open sesame ")]);
        let passcode = |version| Credentials::of(&headers, version).passcode;
        assert_eq!(passcode(Version::V1_0).as_deref(), Some("open sesame"));
        assert_eq!(passcode(Version::V1_2).as_deref(), Some(" open sesame "));
    }
}
