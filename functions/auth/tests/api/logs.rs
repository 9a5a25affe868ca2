//! What the log of it all says.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use serde_json::json;
use tracing::Level;

use super::api::{Api, PASSWORD};

thread_local! {
    /// What was logged on this thread, which is a test's own.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps everything that is logged from now on, by thread.
///
/// One subscriber for all tests: a call site that is met first on a thread without one is taken to
/// be silent everywhere, as long as the only subscriber is another thread's.
pub(crate) fn keep() {
    static KEPT: Once = Once::new();
    KEPT.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_writer(|| Logged)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("nobody else sets one");
    });
}

struct Logged;

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_password_token_or_email_is_ever_logged() {
    let api = Api::start().await;
    let mut ada = api.logged_in().await;
    let mut secrets = vec![
        PASSWORD.to_owned(),
        ada.email.clone(),
        ada.cookie.clone().expect("a cookie"),
        ada.token.clone().expect("a token"),
        "not the password".into(),
        "correct horse".into(),
    ];
    ada.gets("/auth/me").await;
    ada.posts("/auth/verify", json!({"token": ada.token})).await;
    ada.refreshes().await;
    secrets.push(ada.cookie.clone().expect("a cookie"));
    secrets.push(ada.token.clone().expect("a token"));
    ada.logs_in_with("not the password").await;
    ada.signs_up().await;
    ada.token = Some("not.a.token".into());
    secrets.push("not.a.token".into());
    ada.gets("/auth/me").await;
    ada.logs_out().await;
    ada.cookie = Some(secrets[2].clone());
    ada.refreshes().await;

    let log = LOGGED.with_borrow_mut(std::mem::take);
    let log = String::from_utf8(log).expect("text");
    assert!(
        log.contains("logged in") && log.contains("a log-in was refused"),
        "{log}"
    );
    for secret in secrets {
        assert!(
            !log.contains(&secret),
            "a secret of {} characters is in the log",
            secret.len()
        );
    }
}
