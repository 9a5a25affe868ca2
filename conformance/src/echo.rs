//! Says what it hears.

use socket_tier::sockjs::Application;
use socket_tier::transport::{Close, Received, Transport};

/// Says what it hears.
pub(crate) struct Echo;

impl Application for Echo {
    async fn serve<T: Transport + 'static>(&self, mut client: T) {
        let close = loop {
            let text = match client.receive().await {
                Received::Text(text) => text,
                Received::Binary(_) => break Close::new(1003, "text alone is echoed here"),
                Received::Gone => break Close::new(1000, "the peer is gone"),
                Received::Broken(close) => break close,
            };
            if client.feed(text).await.is_err() || client.flush().await.is_err() {
                break Close::new(1000, "the peer is gone");
            }
        };
        client.close(close).await;
    }
}
