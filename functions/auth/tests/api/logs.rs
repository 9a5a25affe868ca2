//! What the log of it all says.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use crate::api::{Api, PASSWORD};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no test panicked meanwhile")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_password_token_or_email_is_ever_logged() {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(kept.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

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

    let log = kept.0.lock().expect("no test panicked meanwhile").clone();
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
