//! The moment between INSERT and COMMIT, at which a test build can be told to fail.

use std::sync::OnceLock;
use std::time::Duration;

static BEFORE_COMMIT: OnceLock<fn() -> Duration> = OnceLock::new();

/// Has every batch call `hook` when all but its COMMIT is done, and then wait for what it returns.
/// The first hook stays.
pub fn before_commit(hook: fn() -> Duration) {
    let _ = BEFORE_COMMIT.set(hook);
}

/// A batch has come so far.
pub(crate) async fn pass() {
    if let Some(hook) = BEFORE_COMMIT.get() {
        tokio::time::sleep(hook()).await;
    }
}
