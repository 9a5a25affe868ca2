//! JSON Unicode encoding.

use crate::server::{Server, fresh};

#[tokio::test]
async fn the_server_escapes_what_browsers_mangle() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));
    server.post(&xhr, "").await.is(200, "o\n");
    let killer: String = [
        0x200c..=0x200f,
        0x2028..=0x202f,
        0x2060..=0x206f,
        0xfff0..=0xffff,
    ]
    .into_iter()
    .flatten()
    .filter_map(char::from_u32)
    .collect();
    server
        .post(&send, &format!("[\"{killer}\"]"))
        .await
        .is(204, "");
    let escaped: String = killer
        .chars()
        .map(|character| format!("\\u{:04x}", u32::from(character)))
        .collect();
    let heard = server.post(&xhr, "").await;
    heard.is(200, &format!("a[\"{escaped}\"]\n"));
}

#[tokio::test]
async fn what_a_client_escapes_is_read_whatever_it_is() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let (xhr, send) = (format!("{session}/xhr"), format!("{session}/xhr_send"));
    server.post(&xhr, "").await.is(200, "o\n");
    // Every character but the surrogates, which are none by themselves: more than the list has.
    let everything: Vec<char> = (0..=0xffff).filter_map(char::from_u32).collect();
    for part in everything.chunks(16 * 1024) {
        let escaped: String = part
            .iter()
            .map(|&character| format!("\\u{:04x}", u32::from(character)))
            .collect();
        server
            .post(&send, &format!("[\"{escaped}\"]"))
            .await
            .is(204, "");
        let heard = server.post(&xhr, "").await.body;
        let array = heard.strip_prefix('a').expect("an array");
        let [text]: [String; 1] = serde_json::from_str(array).expect("JSON");
        assert!(text.chars().eq(part.iter().copied()));
    }
}
