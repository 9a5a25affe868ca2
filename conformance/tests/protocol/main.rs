//! The published test list of SockJS (`sockjs-protocol` 0.3.3), item by item, over real HTTP and
//! real WebSockets against this package's own server. `docs/sockjs.md` says which test shows which
//! item, and where the list and this server differ.

mod base_url;
mod close;
mod encoding;
mod eventsource;
mod htmlfile;
mod http;
mod http_versions;
mod iframe;
mod info;
mod jsessionid;
mod jsonp;
mod raw_websocket;
mod server;
mod sessions;
mod websocket;
mod ws_echo;
mod xhr_polling;
mod xhr_streaming;
