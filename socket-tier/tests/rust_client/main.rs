//! A client in Rust against a running socket tier: tokio-tungstenite and the decoder of the crate
//! `stomp`. It does what every client does, over the plain endpoint and over SockJS' raw one.

mod client;
mod tier;

use stomp::Command;
use uuid::Uuid;

use crate::client::Client;
use crate::tier::Tier;

#[tokio::test]
async fn a_client_in_rust_lives_a_whole_session() {
    let tier = Tier::starts();
    for path in ["/ws", "/ws-sockjs/websocket"] {
        lives_a_whole_session(&tier, path).await;
    }
}

async fn lives_a_whole_session(tier: &Tier, path: &str) {
    let room = format!("rust-{}", Uuid::new_v4());
    let topic = format!("/topic/{room}");
    let message = format!(r#"{{"sender":"Rust","content":"안녕","roomId":"{room}"}}"#);
    let mut client = Client::connects(tier.address(), path).await;
    let connected = client.hears().await;
    assert_eq!(connected.command, Command::Connected);
    assert_eq!(connected.headers.get("version"), Some("1.2"));
    assert_eq!(connected.headers.get("heart-beat"), Some("10000,10000"));

    let subscribe = [
        ("id", "1"),
        ("destination", &*topic),
        ("receipt", "subscribed"),
    ];
    client.says(Command::Subscribe, &subscribe, "").await;
    client.hears_receipt("subscribed").await;

    let send = [("destination", "/app/chat"), ("receipt", "sent")];
    client.says(Command::Send, &send, &message).await;
    let (mut shown, mut stored, mut seq) = (None, None, None);
    while shown.is_none() || stored.is_none() || seq.is_none() {
        let frame = client.hears().await;
        match frame.command {
            Command::Message => {
                assert_eq!(frame.headers.get("destination"), Some(&*topic));
                assert_eq!(frame.headers.get("subscription"), Some("1"));
                let event: serde_json::Value = serde_json::from_slice(&frame.body).expect("JSON");
                match event["createdAt"].is_null() {
                    true => shown = Some(event),
                    false => stored = Some(event),
                }
            }
            Command::Receipt => seq = frame.headers.get("seq").map(str::to_owned),
            other => panic!("not an answer: {other:?}"),
        }
    }
    let (shown, stored) = (shown.expect("it was heard"), stored.expect("it was heard"));
    assert_eq!(shown["content"], "안녕");
    assert_eq!(shown["tempId"], stored["tempId"]);
    assert_eq!(seq.as_deref(), Some("1"));

    let unsubscribe = [("id", "1"), ("receipt", "unsubscribed")];
    client.says(Command::Unsubscribe, &unsubscribe, "").await;
    client.hears_receipt("unsubscribed").await;
    let again = [("destination", "/app/chat"), ("receipt", "again")];
    client.says(Command::Send, &again, &message).await;
    client.hears_receipt("again").await;

    client
        .says(Command::Disconnect, &[("receipt", "goodbye")], "")
        .await;
    client.hears_receipt("goodbye").await;
    assert_eq!(client.is_closed().await, 1000);
}

#[tokio::test]
async fn messages_of_every_size_behind_one_another_are_all_read() {
    let tier = Tier::starts();
    let mut client = Client::connects(tier.address(), "/ws").await;
    assert_eq!(client.hears().await.command, Command::Connected);
    let content = "x".repeat(1900);
    for round in 0..40 {
        // Larger than what is read at once and smaller, around the steps of a frame's head.
        let length = [1, 120, 126, 1900, 300, 505, 512, 1000][round % 8];
        let message = serde_json::json!({
            "sender": "Rust", "content": &content[..length], "roomId": "sizes",
        });
        let receipt = round.to_string();
        let send = [("destination", "/app/chat"), ("receipt", &*receipt)];
        client
            .says(Command::Send, &send, &message.to_string())
            .await;
    }
    for round in 0..40 {
        client.hears_receipt(&round.to_string()).await;
    }
}
