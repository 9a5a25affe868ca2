//! Searching a room over HTTP.

use axum::http::StatusCode;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

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

#[tokio::test]
async fn all_of_ones_rooms_are_searched_page_by_page() {
    let house = House::opens().await;
    let ada = house.account();
    let (mine, other) = (room(), room());
    for joined in [&mine, &other] {
        house.sets(&ada, joined.as_str(), ada.id, "member").await;
    }
    let (private, owner) = house.private().await;
    house.said(&owner, &private, "내일은 비밀").await;
    let mut said = Vec::new();
    for n in 0..5 {
        let text = format!("내일은 {n} & 100%");
        let place = if n % 2 == 0 { &mine } else { &other };
        house.said(&ada, place.as_str(), &text).await;
        said.insert(0, text);
    }
    let path = "/rooms/messages/search?q=%EB%82%B4%EC%9D%BC+100%25&limit=2";
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = house.get(&ada, &format!("{path}{cursor}")).await;
        all.extend(contents(&answer));
        match answer.json()["page"]["before"].as_str() {
            Some(before) => cursor = format!("&before={before}"),
            None => break,
        }
    }
    assert_eq!(all, said);
    let owners = house.get(&owner, path).await;
    assert_eq!(contents(&owners), [""; 0]);
    let secret = house.get(&owner, "/rooms/messages/search?q=%EB%B9%84%EB%B0%80");
    assert_eq!(contents(&secret.await), ["내일은 비밀"]);
}

#[tokio::test]
async fn a_search_is_narrowed_by_sender_and_time() {
    let house = House::opens().await;
    let (ada, ben) = (house.account(), house.account());
    let id = room();
    house.sets(&ada, id.as_str(), ada.id, "member").await;
    house.said(&ada, id.as_str(), "the first plan").await;
    let second = house.said(&ben, id.as_str(), "the second plan").await;
    house.said(&ada, id.as_str(), "the third plan").await;
    house.api.fill(&id, 1).await;
    let at = second.created_at.format(&Rfc3339).expect("a time");
    let seoul = second
        .created_at
        .to_offset(UtcOffset::from_hms(9, 0, 0).expect("an offset"));
    let seoul = seoul.format(&Rfc3339).expect("a time").replace('+', "%2B");
    for (query, expected) in [
        (
            format!("q=plan&sender={}", ben.id),
            &["the second plan"][..],
        ),
        (
            format!("q=plan&sender={}", ada.id),
            &["the third plan", "the first plan"],
        ),
        ("q=plan&sender=%EC%A7%80".into(), &[]),
        (
            "sender=%EC%A7%80%EC%9D%80&limit=2".into(),
            &["메시지 1", "the third plan"],
        ),
        (format!("q=plan&to={at}"), &["the first plan"]),
        (
            format!("q=plan&from={seoul}"),
            &["the third plan", "the second plan"],
        ),
        (
            format!("q=plan&from={at}&sender={}", ada.id),
            &["the third plan"],
        ),
    ] {
        for path in [format!("/{id}/messages"), "/rooms/messages".into()] {
            let found = house.get(&ada, &format!("{path}/search?{query}")).await;
            assert_eq!(contents(&found), expected, "{path} {query}");
        }
    }
}
