//! An attempt to show that one knows the password of an account.

use sessions::{ThrottleKey, Verdict};
use time::OffsetDateTime;

use crate::State;
use crate::client_address::ClientAddress;
use crate::email::Email;
use crate::refusal::Refusal;

/// An attempt that may be made, and is counted against the account and the address until it
/// [`succeeded`](Self::succeeded).
pub(crate) struct Attempt {
    keys: [ThrottleKey; 2],
}

impl Attempt {
    /// Asks whether an attempt may be made now, before anything is looked up or hashed. One after
    /// the other: who is held back by address does not use up an account's attempts.
    pub(crate) async fn begin(
        state: &State,
        email: &Email,
        from: ClientAddress,
    ) -> Result<Self, Refusal> {
        let now = state.clock.now();
        let keys = [
            ThrottleKey::address(from.0.ip()),
            ThrottleKey::account(&email.key(), from.0.known()),
        ];
        for key in &keys {
            if let Verdict::Wait(wait) = state.sessions.attempt(key, now).await? {
                return Err(Refusal::too_many_attempts(wait));
            }
        }
        Ok(Self { keys })
    }

    /// It was a good one. What it was for is done: that it stays counted harms less than to say that
    /// it is not.
    pub(crate) async fn succeeded(self, state: &State, now: OffsetDateTime) {
        for key in &self.keys {
            let _ = state.sessions.succeeded(key, now).await;
        }
    }
}
