//! Accepts connections and serves HTTP on them, upgrades included.

mod write_deadline;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{self, Duration};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::limits::{
    CONNECTIONS_MAX, HEAD_BYTES_MAX, HEAD_TIMEOUT, STALL_TIMEOUT, UNSENT_BYTES_MAX,
};
use write_deadline::WriteDeadline;

/// A place among the connections of an instance, kept as long as the connection lives.
#[derive(Clone)]
pub(crate) struct ConnectionPermit {
    _place: Arc<OwnedSemaphorePermit>,
}

/// How long accepting rests after it failed, which is when file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on every connection until `stop`; requests under way are then finished.
///
/// Over [`CONNECTIONS_MAX`] connections a further one is closed at once. The head of a request has
/// [`HEAD_TIMEOUT`] and [`HEAD_BYTES_MAX`]; a peer that takes nothing for [`STALL_TIMEOUT`] is gone.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let requests = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                let permit = ConnectionPermit {
                    _place: Arc::new(place),
                };
                requests.spawn(serve_one(
                    stream,
                    peer,
                    router.clone(),
                    permit,
                    stop.clone(),
                ));
            }
            Err(_) => tracing::warn!("a connection over the limit was closed"),
        }
    }
    drop(listener);
    requests.close();
    requests.wait().await;
}

/// Has the system send at once what it is given, and take in little that the peer does not take:
/// a peer is slow when this side waits for it, and that is bounded, not when the system does.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
    Ok(())
}

async fn serve_one(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    permit: ConnectionPermit,
    stop: CancellationToken,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%error, "a connection was gone before it was served");
        return;
    }
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(permit.clone());
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            let request: Request = request.map(axum::body::Body::new);
            Ok::<_, Infallible>(match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(
            TokioIo::new(WriteDeadline::new(stream, STALL_TIMEOUT)),
            service,
        )
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended in the middle of a request");
    }
}
