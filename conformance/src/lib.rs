//! The services that public test suites ask of a server, on exactly the stack that the product
//! uses: its listener, its WebSocket, its SockJS and its limits. Never part of an image.
//!
//! | path | what it is |
//! | --- | --- |
//! | `/echo` | SockJS; says what it hears; a streaming response ends after 4096 bytes |
//! | `/disabled_websocket_echo` | the same without WebSockets |
//! | `/cookie_needed_echo` | the same with `JSESSIONID` |
//! | `/close` | SockJS; closes every session with 3000 "Go away!" |
//! | `/amplify` | SockJS; answers the number n with 2^n times `x` |
//! | `/ws-echo` | a WebSocket without SockJS; text and binary, messages of 16 MB |
//!
//! `sockjs-protocol`, sockjs-client's own tests and Autobahn's fuzzing client can be pointed at it.
//! Pages of every origin may come in: there is nothing here to protect.

mod amplify;
mod close;
mod echo;
mod services;
mod ws_echo;

pub use services::router;
