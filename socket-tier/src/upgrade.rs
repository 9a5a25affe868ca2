//! The plain WebSocket endpoint, and the handshake that makes a socket of a request anywhere.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chat::{Problem, ProblemCode};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_util::task::TaskTracker;

use crate::addresses;
use crate::connection::Connection;
use crate::limits::WEBSOCKET_MESSAGE_BYTES_MAX;
use crate::listener::ConnectionPermit;
use crate::tier::Doors;
use crate::transport::WebSocket;

/// The subprotocols, best first (registered by STOMP 1.2, "Appendix A" and IANA).
pub(crate) const SUBPROTOCOLS: [&str; 3] = ["v12.stomp", "v11.stomp", "v10.stomp"];

/// `GET /ws`: the opening handshake (RFC 6455, section 4.2).
pub(crate) async fn open(State(doors): State<Arc<Doors>>, request: Request) -> Response {
    if doors.around.draining.has_begun() {
        return problem(Problem::new(
            ProblemCode::Overloaded,
            "This instance is being restarted; connect again.",
        ));
    }
    if !doors.origins.allow(request.headers()) {
        return problem(Problem::new(
            ProblemCode::Forbidden,
            "Pages of this origin may not connect; list it in CORS_ALLOWED_ORIGINS.",
        ));
    }
    let around = Arc::clone(&doors.around);
    let id = doors.next_id();
    let handshake = Handshake {
        subprotocols: &SUBPROTOCOLS,
        message_bytes_max: WEBSOCKET_MESSAGE_BYTES_MAX,
    };
    let place = doors.addresses.enter(&request);
    handshake.accept(request, &doors.sockets, move |socket| {
        addresses::serve_in(place, socket, move |socket| {
            Connection::new(id, socket, around).run()
        })
    })
}

/// How WebSockets begin at an endpoint (RFC 6455, section 4.2).
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    /// The subprotocols spoken there, best first. A client may offer none.
    pub subprotocols: &'static [&'static str],
    /// The largest message of a client, in bytes; a larger one ends the socket with 1009.
    pub message_bytes_max: usize,
}

impl Handshake {
    /// Answers the opening handshake. A task of `sockets` then has `serve` serve the socket, and
    /// holds the connection's place among those of the instance meanwhile.
    pub fn accept<F>(
        self,
        mut request: Request,
        sockets: &TaskTracker,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let subprotocol = choose_subprotocol(self.subprotocols, request.headers());
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let permit = request.extensions_mut().remove::<ConnectionPermit>();
        let mut response = match create_response(&request.map(|_| ())) {
            Ok(response) => response.map(|()| axum::body::Body::empty()),
            Err(error) => return refuse_handshake(&error),
        };
        let Some(upgrade) = upgrade else {
            return refuse_handshake(&Error::AttackAttempt);
        };
        if let Some(subprotocol) = subprotocol {
            response.headers_mut().insert(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(subprotocol),
            );
        }
        let served = sockets.clone();
        sockets.spawn(async move {
            match upgrade.await {
                Ok(upgraded) => {
                    let socket = WebSocket::new(upgraded, self.message_bytes_max).await;
                    // A task lives as long as the connection, in as much memory as its longest
                    // step takes: what serves has one without the steps before.
                    served.spawn(async move {
                        let _permit = permit;
                        serve(socket).await;
                    });
                }
                Err(error) => tracing::debug!(%error, "a handshake was not completed"),
            }
        });
        response
    }
}

/// The best subprotocol that the client offers, or none where it offers none of ours.
fn choose_subprotocol(
    spoken: &'static [&'static str],
    headers: &HeaderMap,
) -> Option<&'static str> {
    let offered: Vec<&str> = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    spoken
        .iter()
        .copied()
        .find(|subprotocol| offered.contains(subprotocol))
}

fn refuse_handshake(error: &Error) -> Response {
    if matches!(
        error,
        Error::Protocol(ProtocolError::MissingSecWebSocketVersionHeader)
    ) {
        // RFC 6455, section 4.4: say which version would do.
        let headers = [(header::SEC_WEBSOCKET_VERSION, "13")];
        return (
            StatusCode::UPGRADE_REQUIRED,
            headers,
            "WebSocket version 13 is spoken here.\n",
        )
            .into_response();
    }
    problem(Problem::new(
        ProblemCode::InvalidRequest,
        format!("This is a WebSocket endpoint, and the handshake is wrong: {error}."),
    ))
}

/// A problem over HTTP.
pub(crate) fn problem(problem: Problem) -> Response {
    let status =
        StatusCode::from_u16(problem.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(header::CONTENT_TYPE, Problem::MEDIA_TYPE)];
    (status, headers, problem.to_json()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_offered_version_is_chosen_wherever_it_stands() {
        let mut headers = HeaderMap::new();
        assert_eq!(choose_subprotocol(&SUBPROTOCOLS, &headers), None);
        headers.append(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static("soap, v10.stomp"),
        );
        assert_eq!(
            choose_subprotocol(&SUBPROTOCOLS, &headers),
            Some("v10.stomp")
        );
        headers.append(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static("v11.stomp,v12.stomp"),
        );
        assert_eq!(
            choose_subprotocol(&SUBPROTOCOLS, &headers),
            Some("v12.stomp")
        );
    }
}
