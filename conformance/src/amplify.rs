//! Says much more than it hears.

use socket_tier::sockjs::Application;
use socket_tier::transport::{Close, Received, Transport};

/// The largest exponent that is taken; every other number counts as 1.
const EXPONENT_MAX: u32 = 18;

/// The longest answer, in bytes.
pub(crate) const BYTES_MAX: usize = 1 << EXPONENT_MAX;

/// Answers the number n with 2^n times `x`.
pub(crate) struct Amplify;

impl Application for Amplify {
    async fn serve<T: Transport + 'static>(&self, mut client: T) {
        while let Received::Text(number) = client.receive().await {
            let exponent = number.trim().parse::<u32>().unwrap_or(1);
            let exponent = if (1..=EXPONENT_MAX).contains(&exponent) {
                exponent
            } else {
                1
            };
            let answer = "x".repeat(1 << exponent);
            if client.feed(answer.into()).await.is_err() || client.flush().await.is_err() {
                break;
            }
        }
        client.close(Close::new(1000, "the peer is gone")).await;
    }
}
