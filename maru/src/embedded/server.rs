//! Lets clients in.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer;
use super::client::Client;
use super::refusal::Refusal;
use super::session::Session;

/// The most clients at a time. PostgreSQL's own default is 100 connections.
pub const CLIENTS_MAX: usize = 200;

/// How long to wait after the system refused to accept, as it does without file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves every client that connects until `stop`; `tasks` has one task for each of them.
pub(super) async fn serve(
    listener: UnixListener,
    session: Session,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    let mut number = 0_u32;
    while let Some(stream) = accept(&listener, &stop).await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            turn_away(&stream);
            continue;
        };
        number = number.wrapping_add(1);
        let client = Client::new(number, stream, session.clone(), stop.clone());
        tasks.spawn(async move {
            client.serve().await;
            drop(place);
        });
    }
}

async fn accept(listener: &UnixListener, stop: &CancellationToken) -> Option<UnixStream> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return None,
        };
        match accepted {
            Ok((stream, _)) => return Some(stream),
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "the embedded Postgres cannot accept a client");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Says why in whatever fits the socket's buffer, without waiting for a client that may not read.
fn turn_away(stream: &UnixStream) {
    let _ = stream.try_write(&answer::farewell(Refusal::TooManyClients));
}
