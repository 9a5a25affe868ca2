//! The services that the list asks for, in memory.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sockjs::{
    Answer, Close, Headers, IframePage, Origin, PayloadLimits, Quoted, Receiver, Receiving, Reply,
    Request, Sending, Service, Session, SessionId, Settings, Status, Transmit, Transport,
};

use crate::peer::clock;

/// One service with its sessions and its application.
pub(crate) struct Server {
    pub(crate) service: Service,
    settings: Settings,
    application: Application,
    sessions: HashMap<SessionId, Session>,
    now: Instant,
    entropy: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Application {
    Echo,
    GoAway,
}

/// An answer that is over.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Headers,
}

/// A response that a client listens to.
pub(crate) struct Listener {
    session: SessionId,
    receiver: Receiver,
    pub(crate) response: Response,
}

/// A WebSocket with its session.
pub(crate) struct Socket {
    session: Session,
    receiver: Option<Receiver>,
    application: Application,
    now: Instant,
}

impl Server {
    /// Says what it hears; streams at most 4096 bytes at a time, as the list wants it.
    pub(crate) fn echo() -> Self {
        Self::of(Application::Echo)
    }

    /// Closes every session at once.
    pub(crate) fn close() -> Self {
        Self::of(Application::GoAway)
    }

    fn of(application: Application) -> Self {
        Self {
            service: Service {
                websocket: true,
                cookie_needed: false,
                iframe: IframePage::new("/sockjs.min.js").expect("a URL"),
                payload: PayloadLimits::default(),
            },
            settings: Settings {
                response_bytes_max: 4096,
                ..Settings::default()
            },
            application,
            sessions: HashMap::new(),
            now: clock(),
            entropy: 0,
        }
    }

    pub(crate) fn waits(&mut self, duration: Duration) {
        self.now += duration;
        for session in self.sessions.values_mut() {
            session.handle_timeout(self.now);
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        self.ask(
            Request {
                query,
                ..Request::new("GET", path)
            },
            "",
        )
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Response {
        self.ask(Request::new("POST", path), body)
    }

    pub(crate) fn options(&mut self, path: &str, origin: Option<&str>) -> Response {
        let origin = origin.map_or(Origin::Absent, Origin::Allowed);
        self.ask(
            Request {
                origin,
                ..Request::new("OPTIONS", path)
            },
            "",
        )
    }

    /// Asks something whose answer is over by itself.
    pub(crate) fn ask(&mut self, request: Request<'_>, body: &str) -> Response {
        match self.reply(&request) {
            Reply::Answer(answer) => Response::of(answer),
            Reply::Send(sending) => Response::of(self.send(&sending, body)),
            Reply::Receive(receiving) => {
                let mut listener = self.attach(receiving);
                while let Some(chunk) = self.hear(&mut listener) {
                    listener.response.body.push_str(&chunk);
                }
                listener.response
            }
            Reply::WebSocket | Reply::RawWebSocket => panic!("a WebSocket at {}", request.path),
        }
    }

    /// Asks something that is answered bit by bit.
    pub(crate) fn listen(&mut self, method: &str, path: &str) -> Listener {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        match self.reply(&Request {
            query,
            ..Request::new(method, path)
        }) {
            Reply::Receive(receiving) => self.attach(receiving),
            other => panic!("not a response to listen to: {other:?}"),
        }
    }

    /// The next chunk, or `None` at the end of the response.
    pub(crate) fn hear(&mut self, listener: &mut Listener) -> Option<String> {
        match self.poll(listener) {
            Transmit::Chunk(bytes) => Some(String::from_utf8(bytes.to_vec()).expect("UTF-8")),
            Transmit::End => None,
            Transmit::Wait(_) => panic!("nothing to hear"),
        }
    }

    /// Whether the response is open without anything to hear.
    pub(crate) fn is_silent(&mut self, listener: &mut Listener) -> bool {
        matches!(self.poll(listener), Transmit::Wait(_))
    }

    /// The client goes away.
    pub(crate) fn abort(&mut self, listener: Listener) {
        if let Some(session) = self.sessions.get_mut(&listener.session) {
            session.detach(listener.receiver, self.now);
        }
    }

    /// Opens a WebSocket.
    pub(crate) fn connect(&mut self, path: &str) -> Socket {
        let request = Request {
            upgrade: Some("websocket"),
            connection: Some("keep-alive, Upgrade"),
            ..Request::new("GET", path)
        };
        assert_eq!(self.reply(&request), Reply::WebSocket);
        let mut session = Session::new(self.settings, self.now);
        let receiver = Some(session.attach(Transport::WebSocket, self.now));
        let mut socket = Socket {
            session,
            receiver,
            application: self.application,
            now: self.now,
        };
        act(socket.application, &mut socket.session, socket.now);
        socket
    }

    pub(crate) fn reply(&mut self, request: &Request<'_>) -> Reply {
        self.entropy += 1;
        self.service.reply(request, || self.entropy)
    }

    fn send(&mut self, sending: &Sending, body: &str) -> Answer {
        let messages = match sending.messages(body.as_bytes()) {
            Ok(messages) => messages,
            Err(error) => return sending.refused(error),
        };
        let Some(session) = self.sessions.get_mut(&sending.session) else {
            return sending.unknown();
        };
        if session.receive(messages).is_err() {
            return sending.unknown();
        }
        act(self.application, session, self.now);
        sending.accepted()
    }

    fn attach(&mut self, receiving: Receiving) -> Listener {
        self.sessions
            .retain(|_, session| session.status() != Status::Gone);
        let session = self
            .sessions
            .entry(receiving.session.clone())
            .or_insert_with(|| Session::new(self.settings, self.now));
        let receiver = session.attach(receiving.transport, self.now);
        act(self.application, session, self.now);
        Listener {
            session: receiving.session,
            receiver,
            response: Response {
                status: 200,
                body: String::new(),
                headers: receiving.headers,
            },
        }
    }

    fn poll(&mut self, listener: &mut Listener) -> Transmit {
        let session = self
            .sessions
            .get_mut(&listener.session)
            .expect("a session outlives its responses");
        session.poll_transmit(&mut listener.receiver, self.now)
    }
}

impl Response {
    fn of(answer: Answer) -> Self {
        Self {
            status: answer.status,
            body: String::from_utf8(answer.body.to_vec()).expect("UTF-8"),
            headers: answer.headers,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named: Vec<_> = self.headers.iter().filter(|(n, _)| *n == name).collect();
        assert!(named.len() <= 1, "{name} is there {} times", named.len());
        named.first().map(|(_, value)| &**value)
    }

    #[track_caller]
    pub(crate) fn is_never_cached(&self) {
        assert_eq!(
            self.header("cache-control"),
            Some("no-store, no-cache, no-transform, must-revalidate, max-age=0")
        );
        assert_eq!(self.header("expires"), None);
        assert_eq!(self.header("last-modified"), None);
    }

    #[track_caller]
    pub(crate) fn is_cached_for_a_year(&self) {
        assert_eq!(
            self.header("cache-control"),
            Some("public, max-age=31536000")
        );
        assert!(self.header("expires").is_some());
        assert_eq!(self.header("last-modified"), None);
    }

    #[track_caller]
    pub(crate) fn is_readable_by(&self, origin: Option<&str>) {
        let credentials = origin.map(|_| "true");
        assert_eq!(
            self.header("access-control-allow-origin"),
            Some(origin.unwrap_or("*"))
        );
        assert_eq!(self.header("access-control-allow-credentials"), credentials);
        assert_eq!(self.header("vary"), Some("Origin"));
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, &*self.body), (status, body));
    }
}

impl Socket {
    pub(crate) fn says(&mut self, message: &str) {
        match sockjs::websocket_message(message, PayloadLimits::default()) {
            Ok(messages) => self.session.receive(messages).expect("an open session"),
            Err(_) => {
                let receiver = self.receiver.take().expect("an open socket");
                self.session.detach(receiver, self.now);
            }
        }
        act(self.application, &mut self.session, self.now);
    }

    /// The next message, or `None` once the socket is closed.
    pub(crate) fn hears(&mut self) -> Option<String> {
        let receiver = self.receiver.as_mut().expect("an open socket");
        match self.session.poll_transmit(receiver, self.now) {
            Transmit::Chunk(bytes) => Some(String::from_utf8(bytes.to_vec()).expect("UTF-8")),
            Transmit::End => None,
            Transmit::Wait(_) => panic!("nothing to hear"),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.session.status()
    }
}

/// Lets the application do what it does.
fn act(application: Application, session: &mut Session, now: Instant) {
    if application == Application::GoAway {
        session.close(Close::GO_AWAY, now);
    }
    while let Some(message) = session.poll_message() {
        session
            .send(Quoted::new(&message), now)
            .expect("an echo that fits");
    }
}
