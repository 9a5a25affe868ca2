//! JSESSIONID cookie.

use crate::http::{Ask, Head};
use crate::server::{Server, fresh};

const SERVICE: &str = "/cookie_needed_echo";

#[track_caller]
fn sets_dummy(head: &Head) {
    assert_eq!(head.header("set-cookie"), Some("JSESSIONID=dummy; Path=/"));
}

#[tokio::test]
async fn info_says_that_the_cookie_is_needed_without_setting_it() {
    let server = Server::starts().await;
    let answer = server.get(&format!("{SERVICE}/info")).await;
    assert!(answer.body.contains("\"cookie_needed\":true"));
    answer.head.sets_no_cookie();
}

#[tokio::test]
async fn a_poll_sets_the_cookie_and_gives_back_the_clients() {
    let server = Server::starts().await;
    let opened = server.post(&format!("{}/xhr", fresh(SERVICE)), "").await;
    opened.is(200, "o\n");
    sets_dummy(&opened.head);

    let path = format!("{}/xhr", fresh(SERVICE));
    let cookie = [("Cookie", "JSESSIONID=abcdef")];
    let opened = server.ask(Ask::new("POST", &path).with(&cookie)).await;
    opened.is(200, "o\n");
    assert_eq!(
        opened.header("set-cookie"),
        Some("JSESSIONID=abcdef; Path=/")
    );
}

#[tokio::test]
async fn every_stream_sets_the_cookie() {
    let server = Server::starts().await;
    for (method, transport) in [
        ("POST", "xhr_streaming"),
        ("GET", "eventsource"),
        ("GET", "htmlfile?c=%63allback"),
    ] {
        let path = format!("{}/{transport}", fresh(SERVICE));
        sets_dummy(&server.stream(method, &path).await.head);
    }
}

#[tokio::test]
async fn jsonp_sets_the_cookie_both_ways() {
    let server = Server::starts().await;
    let session = fresh(SERVICE);
    let opened = server.get(&format!("{session}/jsonp?c=%63allback")).await;
    opened.is(200, "/**/callback(\"o\");\r\n");
    sets_dummy(&opened.head);

    let path = format!("{session}/jsonp_send");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let sent = server
        .ask(Ask::new("POST", &path).with(&form).body("d=%5B%22x%22%5D"))
        .await;
    sent.is(200, "ok");
    sets_dummy(&sent.head);
}
