//! Sends everybody away.

use socket_tier::sockjs::Application;
use socket_tier::transport::{Close, Transport};

/// Sends everybody away.
pub(crate) struct GoAway;

impl Application for GoAway {
    async fn serve<T: Transport + 'static>(&self, client: T) {
        client.close(Close::new(3000, "Go away!")).await;
    }
}
