//! A request with which a client speaks.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use sockjs::{Answer, PayloadError, ReceiveError, Sending};
use tokio::time;

use super::answer;
use super::shared_session::SharedSession;
use crate::limits::{BODY_TIMEOUT, SOCKJS_SEND_PATIENCE};

/// Hands the session what the request brings. Where the application is behind, the answer waits,
/// which holds the client back.
pub(super) async fn speak(session: &SharedSession, sending: &Sending, body: Body) -> Response {
    let reading = read(body, sending.body_bytes_max());
    let body = match time::timeout(BODY_TIMEOUT, reading).await {
        Ok(Ok(body)) => body,
        Ok(Err(Unread::TooLong)) => return answer::whole(sending.refused(PayloadError::TooLong)),
        // Nobody is there to read the answer.
        Ok(Err(Unread::CutOff)) => return StatusCode::BAD_REQUEST.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let messages = match sending.messages(&body) {
        Ok(messages) => messages,
        Err(error) => return answer::whole(sending.refused(error)),
    };
    drop(body);
    let taken = time::timeout(SOCKJS_SEND_PATIENCE, hand_over(session, sending, messages));
    match taken.await {
        Ok(answer) => answer::whole(answer),
        Err(_) => answer::unavailable(vec![]),
    }
}

async fn hand_over(
    session: &SharedSession,
    sending: &Sending,
    mut messages: Vec<String>,
) -> Answer {
    loop {
        let changed = session.changed();
        match session.look(|session, _| session.receive(messages)) {
            Ok(()) => {
                session.wake();
                return sending.accepted();
            }
            Err(ReceiveError::Closed) => return sending.unknown(),
            Err(ReceiveError::InboxFull(held)) => messages = held,
        }
        changed.await;
    }
}

/// Why there is no body.
enum Unread {
    TooLong,
    CutOff,
}

async fn read(body: Body, bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let mut chunks = body.into_data_stream();
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unread::CutOff)?;
        if body.len() + chunk.len() > bytes_max {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
