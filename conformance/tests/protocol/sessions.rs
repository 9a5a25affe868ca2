//! Session URLs, protocol and framing.

use crate::server::{Server, fresh};

#[tokio::test]
async fn server_and_session_may_be_called_anything() {
    let server = Server::starts().await;
    for names in ["/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20"] {
        let answer = server.post(&format!("/echo{names}/xhr"), "").await;
        answer.is(200, "o\n");
    }
}

#[tokio::test]
async fn empty_names_and_names_with_dots_are_not_found() {
    let server = Server::starts().await;
    for names in ["//", "/a./a", "/a/a.", "/./.", "/", "///"] {
        let path = format!("/echo{names}/xhr");
        assert_eq!(server.get(&path).await.head.status, 404, "GET {path}");
        assert_eq!(server.post(&path, "").await.head.status, 404, "POST {path}");
    }
}

#[tokio::test]
async fn a_session_is_the_same_whatever_the_server_is_called() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let elsewhere = session.replace("/000/", "/999/");
    server
        .post(&format!("{session}/xhr"), "")
        .await
        .is(200, "o\n");
    let send = format!("{session}/xhr_send");
    server.post(&send, "[\"a\"]").await.is(204, "");
    let answer = server.post(&format!("{elsewhere}/xhr"), "").await;
    answer.is(200, "a[\"a\"]\n");
}

#[tokio::test]
async fn a_session_opens_carries_messages_and_has_one_receiver_at_a_time() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));
    server.post(&xhr, "").await.is(200, "o\n");
    server.post(&send, "[\"a\"]").await.is(204, "");
    server.post(&xhr, "").await.is(200, "a[\"a\"]\n");

    let unknown = server
        .post("/echo/000/bad_session/xhr_send", "[\"a\"]")
        .await;
    assert_eq!(unknown.head.status, 404);

    let mut first = server.stream("POST", &xhr).await;
    let refusal = "c[2010,\"Another connection still open\"]\n";
    server.post(&xhr, "").await.is(200, refusal);
    server.post(&send, "[\"b\"]").await.is(204, "");
    assert_eq!(first.hears().await, "a[\"b\"]\n");
    first.ends().await;
}

#[tokio::test]
async fn a_session_that_the_server_closes_says_so_every_time() {
    let server = Server::starts().await;
    let xhr = format!("{}/xhr", fresh("/close"));
    server.post(&xhr, "").await.is(200, "o\n");
    for _ in 0..2 {
        server
            .post(&xhr, "")
            .await
            .is(200, "c[3000,\"Go away!\"]\n");
    }
}
