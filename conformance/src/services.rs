//! What stands where.

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use request_source::{Origins, ProxyHops};
use socket_tier::addresses::{AddressCap, Addresses};
use socket_tier::drain::Draining;
use socket_tier::sockjs::{Application, Endpoint, Entrance, IframePage, Options};
use tokio_util::task::TaskTracker;

use crate::amplify::{self, Amplify};
use crate::close::GoAway;
use crate::echo::Echo;
use crate::ws_echo;

/// After how many bytes a streaming response ends: what `sockjs-protocol` counts with.
const RESPONSE_BYTES_MAX: usize = 4096;

/// Where sockjs-client's own tests find the client for the frame.
const SOCKJS_CLIENT: &str = "/lib/sockjs.js";

/// All services.
pub fn router() -> Router {
    let entrance = Entrance {
        origins: Origins::any(),
        addresses: Arc::new(Addresses::new(ProxyHops::default(), AddressCap::default())),
        draining: Draining::default(),
        sockets: TaskTracker::new(),
    };
    let mut without_websocket = options();
    without_websocket.service.websocket = false;
    let mut with_cookie = options();
    with_cookie.service.cookie_needed = true;
    let mut amplifying = options();
    amplifying.settings.outbox_bytes_max = 4 * amplify::BYTES_MAX;
    amplifying.raw.message_bytes_max = amplify::BYTES_MAX;

    let sockets = entrance.sockets.clone();
    Router::new()
        .merge(service("/echo", options(), &entrance, Echo))
        .merge(service(
            "/disabled_websocket_echo",
            without_websocket,
            &entrance,
            Echo,
        ))
        .merge(service("/cookie_needed_echo", with_cookie, &entrance, Echo))
        .merge(service("/close", options(), &entrance, GoAway))
        .merge(service("/amplify", amplifying, &entrance, Amplify))
        .route(
            "/ws-echo",
            any(async move |request| ws_echo::open(request, &sockets)),
        )
}

fn options() -> Options {
    let iframe = IframePage::new(SOCKJS_CLIENT).expect("it is a path");
    let mut options = Options::new(iframe);
    options.service.cookie_needed = false;
    options.settings.response_bytes_max = RESPONSE_BYTES_MAX;
    options
}

fn service<A: Application>(
    prefix: &'static str,
    options: Options,
    entrance: &Entrance,
    application: A,
) -> Router {
    Endpoint::new(prefix, options, entrance.clone(), Arc::new(application)).router()
}
