//! One SockJS service on a listener.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use request_source::Origins;
use sockjs::{IframePage, PayloadLimits, Receiving, Reply, Sending, Service, Settings};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::answer;
use super::application::Application;
use super::framed::Framed;
use super::listening::Listening;
use super::polled::Polled;
use super::provenance;
use super::registry::{Begun, Full, Registry};
use super::shared_session::SharedSession;
use super::speaking;
use crate::addresses::{self, Addresses, Crowded};
use crate::drain::Draining;
use crate::limits::{
    SOCKJS_DISCONNECT_DELAY, SOCKJS_FRAME_BYTES_MAX, SOCKJS_HEARTBEAT, SOCKJS_INBOX_BYTES_MAX,
    SOCKJS_OUTBOX_BYTES_MAX, SOCKJS_PAYLOAD_BYTES_MAX, SOCKJS_PAYLOAD_MESSAGES_MAX,
    SOCKJS_RESPONSE_BYTES_MAX, SOCKJS_SESSIONS_MAX, WEBSOCKET_MESSAGE_BYTES_MAX,
};
use crate::transport::WebSocket;
use crate::upgrade::Handshake;

/// Who may come in, and who is in: what the endpoints of a server share.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The origins whose pages may come in.
    pub origins: Origins,
    /// How many come from where.
    pub addresses: Arc<Addresses>,
    /// Once cancelled, nobody new comes in.
    pub draining: Draining,
    /// Everybody who is in.
    pub sockets: TaskTracker,
}

/// What an endpoint offers and how much it takes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The service.
    pub service: Service,
    /// The numbers of its sessions.
    pub settings: Settings,
    /// How many sessions over HTTP it keeps at once.
    pub sessions_max: usize,
    /// The handshake of the WebSocket without frames.
    pub raw: Handshake,
}

impl Options {
    /// A service within the limits of this crate. It asks for the cookie by which load balancers
    /// keep a client on one instance, since its sessions live there.
    pub fn new(iframe: IframePage) -> Self {
        Self {
            service: Service {
                websocket: true,
                cookie_needed: true,
                iframe,
                payload: PayloadLimits {
                    bytes_max: SOCKJS_PAYLOAD_BYTES_MAX,
                    messages_max: SOCKJS_PAYLOAD_MESSAGES_MAX,
                },
            },
            settings: Settings {
                heartbeat_delay: SOCKJS_HEARTBEAT,
                disconnect_delay: SOCKJS_DISCONNECT_DELAY,
                response_bytes_max: SOCKJS_RESPONSE_BYTES_MAX,
                frame_bytes_max: SOCKJS_FRAME_BYTES_MAX,
                outbox_bytes_max: SOCKJS_OUTBOX_BYTES_MAX,
                inbox_bytes_max: SOCKJS_INBOX_BYTES_MAX,
            },
            sessions_max: SOCKJS_SESSIONS_MAX,
            raw: Handshake {
                subprotocols: &[],
                message_bytes_max: WEBSOCKET_MESSAGE_BYTES_MAX,
            },
        }
    }

    /// The handshake of a WebSocket with frames, which knows no subprotocols.
    fn framed(&self) -> Handshake {
        Handshake {
            subprotocols: &[],
            message_bytes_max: self.service.payload.bytes_max,
        }
    }
}

/// One SockJS service with its sessions and its application.
pub struct Endpoint<A> {
    prefix: &'static str,
    options: Options,
    entrance: Entrance,
    application: Arc<A>,
    sessions: Arc<Registry>,
}

impl<A: Application> Endpoint<A> {
    /// A service below `prefix`, which begins with a slash and does not end with one.
    pub fn new(
        prefix: &'static str,
        options: Options,
        entrance: Entrance,
        application: Arc<A>,
    ) -> Self {
        Self {
            prefix,
            sessions: Arc::new(Registry::new(options.sessions_max)),
            options,
            entrance,
            application,
        }
    }

    /// The routes: the prefix and everything below.
    pub fn router(self) -> Router {
        let prefix = self.prefix;
        Router::new()
            .route(prefix, any(Self::reply))
            .route(&format!("{prefix}/"), any(Self::reply))
            .route(&format!("{prefix}/{{*path}}"), any(Self::reply))
            .with_state(Arc::new(self))
    }

    async fn reply(State(endpoint): State<Arc<Self>>, request: Request) -> Response {
        let service = &endpoint.options.service;
        match service.reply(&endpoint.asked(&request), entropy) {
            Reply::Answer(answer) => answer::whole(answer),
            Reply::RawWebSocket => endpoint.open_raw(request),
            Reply::WebSocket => endpoint.open_framed(request),
            Reply::Receive(receiving) => endpoint.listen(receiving, &request),
            Reply::Send(sending) => endpoint.speak(&sending, request.into_body()).await,
        }
    }

    fn asked<'a>(&self, request: &'a Request) -> sockjs::Request<'a> {
        let path = request.uri().path();
        let header = |name| request.headers().get(name)?.to_str().ok();
        sockjs::Request {
            method: request.method().as_str(),
            path: path.strip_prefix(self.prefix).unwrap_or(path),
            query: request.uri().query(),
            origin: provenance::of(request.headers(), &self.entrance.origins),
            requested_headers: header(header::ACCESS_CONTROL_REQUEST_HEADERS),
            connection: header(header::CONNECTION),
            content_type: header(header::CONTENT_TYPE),
            cookies: header(header::COOKIE),
            if_none_match: header(header::IF_NONE_MATCH),
            upgrade: header(header::UPGRADE),
        }
    }

    fn open_raw(&self, request: Request) -> Response {
        if self.entrance.draining.has_begun() {
            return answer::unavailable(vec![]);
        }
        let place = self.entrance.addresses.enter(&request);
        let application = Arc::clone(&self.application);
        let serve = async move |socket: WebSocket| {
            addresses::serve_in(place, socket, |socket| application.serve(socket)).await;
        };
        self.options
            .raw
            .accept(request, &self.entrance.sockets, serve)
    }

    fn open_framed(&self, request: Request) -> Response {
        if self.entrance.draining.has_begun() {
            return answer::unavailable(vec![]);
        }
        let place = self.entrance.addresses.enter(&request);
        let application = Arc::clone(&self.application);
        let settings = self.options.settings;
        let payload = self.options.service.payload;
        let serve = async move |socket: WebSocket| {
            let framed = Framed::new(socket, settings, payload);
            addresses::serve_in(place, framed, |framed| application.serve(framed)).await;
        };
        self.options
            .framed()
            .accept(request, &self.entrance.sockets, serve)
    }

    fn listen(&self, receiving: Receiving, request: &Request) -> Response {
        let session = match self.sessions.find(&receiving.session) {
            Some(session) => session,
            None => match self.begin(&receiving, request) {
                Ok(session) => session,
                Err(Refused::Full) => return answer::unavailable(receiving.headers),
                Err(Refused::Crowded) => return answer::too_many(receiving.headers),
            },
        };
        let chunks = Listening::attach(session, receiving.transport).chunks();
        answer::head(StatusCode::OK, receiving.headers, Body::from_stream(chunks))
    }

    /// Begins a session, unless another request just did.
    fn begin(
        &self,
        receiving: &Receiving,
        request: &Request,
    ) -> Result<Arc<SharedSession>, Refused> {
        if self.entrance.draining.has_begun() {
            return Err(Refused::Full);
        }
        let held = self.entrance.addresses.enter(request)?;
        let session = SharedSession::new(self.options.settings);
        let begun = Registry::begin(&self.sessions, receiving.session.clone(), session)?;
        Ok(match begun {
            Begun::Now(place) => {
                let session = Arc::clone(place.session());
                let application = Arc::clone(&self.application);
                self.entrance.sockets.spawn(async move {
                    let _held = held;
                    application.serve(Polled::new(place)).await;
                });
                session
            }
            Begun::Before(session) => session,
        })
    }

    async fn speak(&self, sending: &Sending, body: Body) -> Response {
        let Some(session) = self.sessions.find(&sending.session) else {
            return answer::whole(sending.unknown());
        };
        speaking::speak(&session, sending, body).await
    }
}

/// Why a session does not begin.
enum Refused {
    /// Nobody new is let in.
    Full,
    /// Nobody new from this address.
    Crowded,
}

impl From<Full> for Refused {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}

impl From<Crowded> for Refused {
    fn from(Crowded: Crowded) -> Self {
        Self::Crowded
    }
}

/// 32 bits that nobody can foretell: the field of a version 4 UUID that is random throughout
/// (RFC 9562, section 5.4).
fn entropy() -> u32 {
    Uuid::new_v4().as_fields().0
}
