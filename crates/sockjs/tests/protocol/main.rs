//! The protocol's published test list, item by item, on services and sessions with a clock of
//! our own, and what the list leaves open about the life of a session. What needs sockets (HTTP/1.0, chunking, the WebSocket handshake) is tested where the
//! sockets are.

mod close;
mod encoding;
mod eventsource;
mod htmlfile;
mod jsessionid;
mod jsonp;
mod peer;
mod server;
mod session_life;
mod session_model;
mod session_urls;
mod static_urls;
mod websocket;
mod xhr_polling;
mod xhr_streaming;
