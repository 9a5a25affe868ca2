//! A client of a session, and the application behind it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use stomp::{
    AckMode, Action, Admission, CloseReason, Credentials, Delivered, Headers, Heartbeat, Limits,
    Message, Session, Ticket,
};

/// A client with its session and a clock of its own. In what it says and hears, `^@` is NUL, as in
/// the specification.
pub(crate) struct Peer {
    pub(crate) session: Session,
    pub(crate) now: Instant,
}

/// A SEND as the application got it.
pub(crate) struct Sent {
    pub(crate) destination: Box<str>,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) ticket: Ticket,
}

impl Peer {
    /// A socket that was just opened.
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), Heartbeat::default())
    }

    pub(crate) fn with(limits: Limits, offered: Heartbeat) -> Self {
        let now = epoch();
        Self {
            session: Session::new(Arc::new(limits), offered, now),
            now,
        }
    }

    /// A client of that version that was let in and wants no heart-beats.
    pub(crate) fn connected(version: &str) -> Self {
        Self::connected_with(version, Limits::default())
    }

    pub(crate) fn connected_with(version: &str, limits: Limits) -> Self {
        let mut peer = Self::with(limits, Heartbeat::default());
        peer.says(&format!(
            "CONNECT\naccept-version:{version}\nhost:maru\n\n^@"
        ));
        peer.server_admits();
        peer.hears_connected();
        peer
    }

    /// A client that listens to `/topic/a` as subscription `1` in that ack mode.
    pub(crate) fn subscribed(version: &str, ack: &str, limits: Limits) -> Self {
        let mut peer = Self::connected_with(version, limits);
        peer.says(&format!(
            "SUBSCRIBE\nid:1\ndestination:/topic/a\nack:{ack}\n\n^@"
        ));
        peer.server_subscribes("1", "/topic/a");
        peer
    }

    pub(crate) fn says(&mut self, text: &str) {
        self.says_bytes(text.replace("^@", "\0").as_bytes());
    }

    pub(crate) fn says_bytes(&mut self, bytes: &[u8]) {
        self.session.handle_bytes(bytes, self.now);
    }

    /// Time passes, and every timer that is due on the way fires.
    pub(crate) fn waits(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
        }
        self.now = end;
        self.session.handle_timeout(self.now);
    }

    /// The next thing that happens is that this frame arrives.
    #[track_caller]
    pub(crate) fn hears(&mut self, frame: &str) {
        assert_eq!(self.hears_something().replace('\0', "^@"), frame);
    }

    #[track_caller]
    pub(crate) fn hears_something(&mut self) -> String {
        match self.session.poll_action() {
            Some(Action::Transmit(bytes)) => {
                String::from_utf8(bytes.to_vec()).expect("what is transmitted is text")
            }
            other => panic!("a frame was to come, and not {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn hears_connected(&mut self) {
        let frame = self.hears_something();
        assert!(frame.starts_with("CONNECTED\n"), "{frame}");
    }

    /// An ERROR comes with this `message` header, and the socket is closed for this reason; nothing
    /// follows. Returns the whole frame.
    #[track_caller]
    pub(crate) fn hears_the_error(&mut self, message: &str, reason: CloseReason) -> String {
        let frame = self.hears_something();
        assert!(
            frame.starts_with(&format!("ERROR\nmessage:{message}\n")),
            "{frame}"
        );
        self.server_closes(reason);
        frame.replace('\0', "^@")
    }

    #[track_caller]
    pub(crate) fn hears_nothing(&mut self) {
        let action = self.session.poll_action();
        assert!(action.is_none(), "{action:?}");
    }

    #[track_caller]
    pub(crate) fn server_is_asked_who_this_is(&mut self) -> Credentials {
        match self.session.poll_action() {
            Some(Action::Authenticate(credentials)) => credentials,
            other => panic!("the client was to be authenticated, and not {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn server_admits(&mut self) {
        self.server_is_asked_who_this_is();
        let admission = Admission {
            session: "s-1",
            server: "maru/0.1",
            user_name: None,
        };
        self.session.admit(admission, self.now);
    }

    #[track_caller]
    pub(crate) fn server_is_asked_to_subscribe(
        &mut self,
        id: &str,
        destination: &str,
    ) -> (AckMode, Ticket) {
        match self.session.poll_action() {
            Some(Action::Subscribe {
                id: actual_id,
                destination: actual_destination,
                ack,
                ticket,
                ..
            }) => {
                assert_eq!((&*actual_id, &*actual_destination), (id, destination));
                (ack, ticket)
            }
            other => panic!("a subscription was to start, and not {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn server_subscribes(&mut self, id: &str, destination: &str) {
        let (_, ticket) = self.server_is_asked_to_subscribe(id, destination);
        self.server_settles(ticket);
    }

    #[track_caller]
    pub(crate) fn server_is_asked_to_unsubscribe(&mut self, id: &str, destination: &str) -> Ticket {
        match self.session.poll_action() {
            Some(Action::Unsubscribe {
                id: actual_id,
                destination: actual_destination,
                ticket,
            }) => {
                assert_eq!((&*actual_id, &*actual_destination), (id, destination));
                ticket
            }
            other => panic!("a subscription was to end, and not {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn server_is_asked_to_send(&mut self) -> Sent {
        match self.session.poll_action() {
            Some(Action::Send {
                destination,
                headers,
                body,
                ticket,
            }) => Sent {
                destination,
                headers,
                body: body.to_vec(),
                ticket,
            },
            other => panic!("a message was to be sent, and not {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn server_learns_of_room(&mut self, id: &str) {
        let action = self.session.poll_action();
        assert_eq!(action, Some(Action::WindowOpened { id: id.into() }));
    }

    pub(crate) fn server_settles(&mut self, ticket: Ticket) {
        self.session.settle(ticket, &[], self.now);
    }

    /// The application delivers a message of that id to subscription `1`.
    pub(crate) fn server_delivers(&mut self, message_id: &str) -> Delivered {
        self.server_delivers_to("1", message_id)
    }

    pub(crate) fn server_ends(&mut self, subscription: &str) {
        self.session.end_subscription(subscription);
    }

    pub(crate) fn server_delivers_to(&mut self, subscription: &str, message_id: &str) -> Delivered {
        let message = Message {
            message_id,
            destination: "/topic/a",
            content_type: "text/plain",
            body: b"hi",
            headers: &[],
        };
        self.session.deliver(subscription, &message, self.now)
    }

    /// The socket is to be closed for this reason, and nothing follows whatever is tried.
    #[track_caller]
    pub(crate) fn server_closes(&mut self, reason: CloseReason) {
        assert_eq!(self.session.poll_action(), Some(Action::Close(reason)));
        self.says("SEND\ndestination:/a\nreceipt:late\n\n^@");
        self.waits(Duration::from_secs(3_600));
        self.session.refuse("late", "", self.now);
        self.session.shut_down();
        assert_eq!(self.server_delivers("late"), Delivered::Gone);
        self.hears_nothing();
        assert_eq!(self.session.poll_timeout(), None);
    }
}

/// When a test starts; from there the test turns the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "an Instant can be got nowhere else, and its value is never looked at"
)]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}
