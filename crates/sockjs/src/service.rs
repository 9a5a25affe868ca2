//! One SockJS service.

use crate::answer::{Answer, Header, JSON, NOT_CACHED, PLAIN, is_header_value};
use crate::callback::CallbackError;
use crate::reply::Format;
use crate::route::{Endpoint, Route};
use crate::{
    Callback, Headers, IframePage, Origin, PayloadLimits, Receiving, Reply, Request, Sending,
    SessionId, Transport, cors, info, jsessionid,
};

/// What a SockJS server offers under one base URL.
///
/// | path | methods | answer |
/// | --- | --- | --- |
/// | (nothing), `/` | GET | the greeting |
/// | `/info` | GET, OPTIONS | JSON, never cached, CORS |
/// | `/iframe*.html` | GET | the [page](IframePage), cached for a year, `ETag` |
/// | `/websocket` | GET | a WebSocket without framing |
/// | `/{server}/{session}/websocket` | GET | a WebSocket that is a session |
/// | `/{server}/{session}/xhr`, `xhr_streaming` | POST, OPTIONS | frames, never cached, CORS |
/// | `/{server}/{session}/eventsource` | GET | frames, never cached, CORS |
/// | `/{server}/{session}/htmlfile`, `jsonp` | GET | frames for a callback, never cached |
/// | `/{server}/{session}/xhr_send` | POST, OPTIONS | 204, never cached, CORS |
/// | `/{server}/{session}/jsonp_send` | POST | 200 `ok`, never cached |
///
/// Everything else is 404 or, with another method, 405; an origin that is not allowed is 403.
/// Answers of a session set `JSESSIONID` where the service needs cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Whether WebSockets are served. Without them clients go on with the other transports.
    pub websocket: bool,
    /// Whether clients need the cookie by which a load balancer keeps them on this server.
    pub cookie_needed: bool,
    /// The page for clients without CORS.
    pub iframe: IframePage,
    /// How much a client may send at once.
    pub payload: PayloadLimits,
}

impl Service {
    /// Says what is to be done with a request. `entropy` gives 32 unpredictable bits and is
    /// asked for `/info` alone.
    pub fn reply(&self, request: &Request<'_>, entropy: impl FnOnce() -> u32) -> Reply {
        let Some(route) = Route::parse(request.path) else {
            return Reply::Answer(Answer::not_found());
        };
        if !may_ask(request.origin) {
            let refused = Answer::new(403, PLAIN, "This origin is not allowed.\n");
            return Reply::Answer(refused.with(cors::headers(Origin::Refused, None)));
        }
        let methods = route.methods();
        let is_document = matches!(route, Route::Greeting | Route::Info | Route::Iframe);
        let cors = || cors::headers(request.origin, request.requested_headers);
        match request.method {
            "OPTIONS" if methods.starts_with("OPTIONS") => {
                return Reply::Answer(cors::preflight(methods, cors()));
            }
            "HEAD" if is_document => {}
            method if methods.split(", ").any(|known| known == method) => {}
            _ => return Reply::Answer(Answer::method_not_allowed(methods)),
        }
        match route {
            Route::Greeting => Reply::Answer(Answer::new(200, PLAIN, "Welcome to SockJS!\n")),
            Route::Info => {
                let body = info::body(self.websocket, self.cookie_needed, entropy());
                let answer = Answer::new(200, JSON, body);
                Reply::Answer(answer.with([NOT_CACHED]).with(cors()))
            }
            Route::Iframe => Reply::Answer(self.iframe.answer(request.if_none_match)),
            Route::RawWebSocket => self.upgraded(request, Reply::RawWebSocket),
            Route::Session(id, endpoint) => self.reply_of_session(request, id, endpoint),
        }
    }

    fn reply_of_session(&self, request: &Request<'_>, id: SessionId, endpoint: Endpoint) -> Reply {
        let cors = || cors::headers(request.origin, request.requested_headers);
        match endpoint {
            Endpoint::WebSocket => self.upgraded(request, Reply::WebSocket),
            Endpoint::Xhr => self.receive(request, id, Transport::Xhr, cors()),
            Endpoint::XhrStreaming => self.receive(request, id, Transport::XhrStreaming, cors()),
            Endpoint::EventSource => self.receive(request, id, Transport::EventSource, cors()),
            Endpoint::HtmlFile => match callback(request) {
                Ok(name) => self.receive(request, id, Transport::HtmlFile(name), vec![]),
                Err(error) => no_callback(error),
            },
            Endpoint::Jsonp => match callback(request) {
                Ok(name) => {
                    // No browser is to take the script for anything else.
                    let headers: Headers = vec![("x-content-type-options", "nosniff".into())];
                    self.receive(request, id, Transport::Jsonp(name), headers)
                }
                Err(error) => no_callback(error),
            },
            Endpoint::XhrSend => self.send(request, id, Format::Xhr, cors()),
            Endpoint::JsonpSend => {
                let content_type = request.content_type.map(str::to_owned);
                self.send(request, id, Format::Jsonp { content_type }, vec![])
            }
        }
    }

    fn upgraded(&self, request: &Request<'_>, reply: Reply) -> Reply {
        if !self.websocket {
            return Reply::Answer(Answer::not_found());
        }
        match request.upgrade_fault() {
            Some(fault) => Reply::Answer(Answer::new(400, PLAIN, fault)),
            None => reply,
        }
    }

    fn receive(
        &self,
        request: &Request<'_>,
        session: SessionId,
        transport: Transport,
        mut headers: Headers,
    ) -> Reply {
        let content_type = transport.content_type();
        headers.extend(content_type.map(|known| ("content-type", known.into())));
        headers.push(NOT_CACHED);
        headers.extend(self.cookie(request));
        Reply::Receive(Receiving {
            session,
            transport,
            headers,
        })
    }

    fn send(
        &self,
        request: &Request<'_>,
        session: SessionId,
        format: Format,
        mut headers: Headers,
    ) -> Reply {
        headers.extend(self.cookie(request));
        Reply::Send(Sending {
            session,
            format,
            limits: self.payload,
            headers,
        })
    }

    fn cookie(&self, request: &Request<'_>) -> Option<Header> {
        self.cookie_needed
            .then(|| jsessionid::set_cookie(request.cookies))
    }
}

/// An origin that cannot be echoed cannot be on a list of origins.
fn may_ask(origin: Origin<'_>) -> bool {
    match origin {
        Origin::Absent => true,
        Origin::Allowed(origin) => is_header_value(origin),
        Origin::Refused => false,
    }
}

fn callback(request: &Request<'_>) -> Result<Callback, CallbackError> {
    Callback::in_query(request.query.unwrap_or_default())
}

fn no_callback(error: CallbackError) -> Reply {
    Reply::Answer(Answer::new(500, PLAIN, error.to_string()).with([NOT_CACHED]))
}
