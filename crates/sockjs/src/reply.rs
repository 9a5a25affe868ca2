//! What is to be done with a request.

use crate::answer::{NOT_CACHED, PLAIN};
use crate::{
    Answer, Headers, PayloadError, PayloadLimits, SessionId, Transport, jsonp_send, xhr_send,
};

/// What is to be done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answer it. That is all.
    Answer(Answer),
    /// Accept the WebSocket. Its messages are the application's, without any framing.
    RawWebSocket,
    /// Accept the WebSocket. It is a session of its own, attached as
    /// [`Transport::WebSocket`]; its messages are read with
    /// [`websocket_message`](crate::websocket_message).
    WebSocket,
    /// Let the client listen to a session; an unknown one begins now.
    Receive(Receiving),
    /// Hand a session what the client sends.
    Send(Sending),
}

/// A request that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiving {
    /// To which session.
    pub session: SessionId,
    /// How; goes into [`Session::attach`](crate::Session::attach).
    pub transport: Transport,
    /// The headers of the response, whose status is 200.
    pub headers: Headers,
}

/// A request that speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// To which session.
    pub session: SessionId,
    pub(crate) format: Format,
    pub(crate) limits: PayloadLimits,
    pub(crate) headers: Headers,
}

/// How the body holds messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Xhr,
    Jsonp { content_type: Option<String> },
}

impl Sending {
    /// The most of a body that need be read, in bytes, to be sure of its answer.
    pub fn body_bytes_max(&self) -> usize {
        self.limits.bytes_max
    }

    /// The messages in the request's body.
    ///
    /// # Errors
    /// See [`PayloadError`]; to be answered with [`refused`](Self::refused).
    pub fn messages(&self, body: &[u8]) -> Result<Vec<String>, PayloadError> {
        match &self.format {
            Format::Xhr => xhr_send(body, self.limits),
            Format::Jsonp { content_type } => {
                jsonp_send(body, content_type.as_deref(), self.limits)
            }
        }
    }

    /// The answer where the session took the messages.
    pub fn accepted(&self) -> Answer {
        match self.format {
            // Even an empty answer needs a type, or Firefox takes it for XML.
            Format::Xhr => self.answer(204, ""),
            // Konqueror does odd things on 204.
            Format::Jsonp { .. } => self.answer(200, "ok"),
        }
    }

    /// The answer where the body held no messages.
    pub fn refused(&self, error: PayloadError) -> Answer {
        self.answer(error.status(), error.to_string())
    }

    /// The answer where there is no such session, or it takes nothing any more.
    pub fn unknown(&self) -> Answer {
        self.answer(404, "Session not found.\n")
    }

    fn answer(&self, status: u16, body: impl Into<bytes::Bytes>) -> Answer {
        Answer::new(status, PLAIN, body)
            .with([NOT_CACHED])
            .with(self.headers.clone())
    }
}
