//! The function while nobody listens where Postgres should.

use std::time::Duration;

use axum::http::{StatusCode, header};
use message_log::MessageLog;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::api::Api;

async fn api_without_postgres() -> Api {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("postgres://maru:secret@127.0.0.1:{port}/maru");
    Api {
        log: MessageLog::connect_lazy(&url, 1).expect("a good URL"),
    }
}

#[tokio::test]
async fn reading_is_refused_soon_with_the_advice_to_try_again() {
    let api = api_without_postgres().await;
    for path in ["/lobby/messages", "/readyz"] {
        let began = Instant::now();
        let answer = api.get(path).await;
        // A second for the dialling, and what a busy machine adds.
        assert!(began.elapsed() < Duration::from_millis(2_500));
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
        let problem = answer.json();
        assert_eq!(problem["code"], "store-unavailable");
        assert_eq!(problem["retryable"], true);
        assert!(!answer.text.contains("secret"));
    }
}

#[tokio::test]
async fn the_process_is_well_and_says_so() {
    let api = api_without_postgres().await;
    for path in ["/health", "/livez"] {
        assert_eq!(api.get(path).await.text, "OK");
    }
}
