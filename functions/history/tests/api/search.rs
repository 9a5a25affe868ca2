//! Searching a room over HTTP.

use axum::http::StatusCode;

use super::api::{Answer, Api, room};
use super::house::House;

fn contents(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let json = answer.json();
    let messages = json["messages"].as_array().expect("messages");
    let contents = messages.iter().map(|message| message["content"].as_str());
    contents
        .map(|content| content.expect("a content").to_owned())
        .collect()
}

#[tokio::test]
async fn a_room_is_searched_page_by_page_newest_first() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 12).await;
    let path = format!("/{room}/messages/search?q=%EB%A9%94%EC%8B%9C&limit=5");
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = api.get(&format!("{path}{cursor}")).await;
        all.extend(contents(&answer));
        match answer.json()["page"]["before"].as_i64() {
            Some(before) => cursor = format!("&before={before}"),
            None => break,
        }
    }
    let expected: Vec<String> = (1..=12).rev().map(|n| format!("메시지 {n}")).collect();
    assert_eq!(all, expected);
    let initials = api
        .get(&format!("/{room}/messages/search?q=%E3%85%81%E3%85%85+12"))
        .await;
    assert_eq!(contents(&initials), ["메시지 12"]);
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_a_private_room_is_searched_by_its_members() {
    let house = House::opens().await;
    let wrong = house.api.get("/lobby/messages/search?q=+&limit=101").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let errors = wrong.json()["errors"].clone();
    assert_eq!(
        (&errors[0]["pointer"], &errors[1]["pointer"]),
        (&"?limit".into(), &"?q".into())
    );
    let (private, owner) = house.private().await;
    house.said(&owner, &private, "unter uns").await;
    let path = format!("/{private}/messages/search?q=unter");
    assert_eq!(contents(&house.get(&owner, &path).await), ["unter uns"]);
    let stranger = house.get(&house.account(), &path).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
}
