//! Handling close.

use crate::server::{Server, fresh};

const STILL_OPEN: &str = "c[2010,\"Another connection still open\"]\n";
const INTERRUPTED: &str = "c[1002,\"Connection interrupted\"]\n";

#[tokio::test]
async fn closing_lets_go_of_the_receiver_so_that_the_next_one_hears_why() {
    let server = Server::starts().await;
    let session = fresh("/close");
    let mut first = server.xhr_streaming(&session).await;
    assert_eq!(first.hears().await, "o\n");
    assert_eq!(first.hears().await, "c[3000,\"Go away!\"]\n");
    let mut second = server.xhr_streaming(&session).await;
    assert_eq!(second.hears().await, "c[3000,\"Go away!\"]\n");
    first.ends().await;
    second.ends().await;
}

#[tokio::test]
async fn a_second_stream_is_turned_away_after_its_prelude() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let mut first = server.xhr_streaming(&session).await;
    assert_eq!(first.hears().await, "o\n");
    let mut second = server.xhr_streaming(&session).await;
    assert_eq!(second.hears().await, STILL_OPEN);
    second.ends().await;
}

#[tokio::test]
async fn an_aborted_stream_interrupts_the_session() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let mut first = server.xhr_streaming(&session).await;
    assert_eq!(first.hears().await, "o\n");
    let mut second = server.xhr_streaming(&session).await;
    assert_eq!(second.hears().await, STILL_OPEN);
    second.ends().await;
    drop(first);
    // That a connection is gone is seen a moment after it went.
    let heard = loop {
        let mut third = server.xhr_streaming(&session).await;
        match third.hears().await {
            heard if heard == STILL_OPEN => third.ends().await,
            heard => break heard,
        }
    };
    assert_eq!(heard, INTERRUPTED);
}

#[tokio::test]
async fn an_aborted_poll_interrupts_the_session() {
    let server = Server::starts().await;
    let xhr = format!("{}/xhr", fresh("/echo"));
    server.post(&xhr, "").await.is(200, "o\n");
    let waiting = server.stream("POST", &xhr).await;
    server.post(&xhr, "").await.is(200, STILL_OPEN);
    drop(waiting);
    let heard = loop {
        match server.post(&xhr, "").await.body {
            heard if heard == STILL_OPEN => {}
            heard => break heard,
        }
    };
    assert_eq!(heard, INTERRUPTED);
}
