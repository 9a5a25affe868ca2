//! sockjs
