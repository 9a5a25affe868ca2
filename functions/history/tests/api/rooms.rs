//! Rooms that are made: who sees them, who changes them, and what strangers are told.

use access_token::Holder;
use axum::http::{Method, StatusCode, header};
use chat::{Access, RoomId};
use fanout::Event;
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::{Answer, room};
use super::house::House;

/// An answer without what names the request.
fn anonymous(answer: &Answer) -> (StatusCode, Value) {
    let mut json = answer.json();
    json.as_object_mut().expect("a problem").remove("traceId");
    (answer.status, json)
}

#[tokio::test]
async fn a_private_room_is_read_by_its_members() {
    let house = House::opens().await;
    let (room, owner) = house.private().await;
    let member = house.account();
    house.sets(&owner, &room, member.id, "member").await;
    house.said(&owner, &room, "어서 와").await;

    let page = house.get(&member, &format!("/{room}/messages")).await;
    assert_eq!(page.page().0, [1]);
    let shown = house.get(&member, &format!("/rooms/{room}")).await.json();
    assert_eq!(
        (
            &shown["name"],
            &shown["role"],
            &shown["visibility"],
            &shown["lastSeq"]
        ),
        (
            &json!("우리끼리"),
            &json!("member"),
            &json!("private"),
            &json!(1)
        )
    );
    let listed = house.get(&member, "/rooms").await.json();
    assert_eq!(listed["rooms"][0]["roomId"], json!(room));
    let members = house.get(&member, &format!("/rooms/{room}/members")).await;
    assert_eq!(
        members.json()["members"].as_array().expect("members").len(),
        2
    );
}

#[tokio::test]
async fn strangers_are_told_the_same_of_a_room_that_is_there_and_of_one_that_is_not() {
    let house = House::opens().await;
    let (room, owner) = house.private().await;
    house.said(&owner, &room, "unter uns").await;
    let (stranger, guest) = (house.account(), house.admits(Holder::Guest));
    let missing = format!("private-{}", Uuid::new_v4());

    for by in [Some(&stranger), Some(&guest), None] {
        let mut answers = Vec::new();
        for room in [&room, &missing] {
            let path = format!("/{room}/messages?limit=1");
            answers.push(anonymous(&house.asked(by, Method::GET, &path, None).await));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
    }
    for (method, tail, body) in [
        (Method::GET, "", None),
        (Method::PATCH, "", Some(json!({"name": "mine"}))),
        (Method::DELETE, "", None),
        (Method::GET, "/members", None),
        (Method::PUT, "/members/ME", Some(json!({"role": "owner"}))),
        (Method::DELETE, "/members/ME", None),
    ] {
        let mut answers = Vec::new();
        for room in [&room, &missing] {
            let tail = tail.replace("ME", &stranger.id.to_string());
            let path = format!("/rooms/{room}{tail}");
            let asked = house.asked(Some(&stranger), method.clone(), &path, body.clone());
            answers.push(anonymous(&asked.await));
        }
        assert_eq!(answers[0], answers[1], "{method} {tail}");
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND, "{method} {tail}");
    }
}

#[tokio::test]
async fn who_was_removed_reads_nothing_more_and_the_sockets_are_told() {
    let house = House::opens().await;
    let (room, owner) = house.private().await;
    let member = house.account();
    let brought_in = house.sets(&owner, &room, member.id, "member").await;
    assert_eq!(brought_in.status, StatusCode::OK, "{brought_in:?}");
    house.sets(&owner, &room, member.id, "member").await;
    let removed = house.removes(&owner, &room, member.id).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    house.removes(&owner, &room, member.id).await;
    let page = house.get(&member, &format!("/{room}/messages")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);

    let told = house.told.0.lock().expect("no panic").clone();
    let told: Vec<_> = told
        .iter()
        .filter_map(|event| match event.as_ref() {
            Event::RulesChanged { room, access } => Some((room.clone(), *access)),
            Event::OwnRoom { user, .. } if *user == member.id => None,
            other => panic!("rules are told of, and him, not {other:?}"),
        })
        .collect();
    let id = RoomId::parse(&room).expect("a room");
    assert_eq!(told, [(id.clone(), Access(2)), (id, Access(3))]);
}

#[tokio::test]
async fn what_a_role_may_not_do_is_forbidden_and_a_room_keeps_an_owner() {
    let house = House::opens().await;
    let (room, owner) = house.private().await;
    let (moderator, member) = (house.account(), house.account());
    house.sets(&owner, &room, moderator.id, "moderator").await;
    house.sets(&moderator, &room, member.id, "member").await;

    let forbidden = [
        house
            .sets(&member, &room, house.account().id, "member")
            .await,
        house.sets(&moderator, &room, member.id, "moderator").await,
        house.removes(&member, &room, moderator.id).await,
        house.removes(&moderator, &room, owner.id).await,
    ];
    for answer in forbidden {
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    }
    let leaving = house.removes(&owner, &room, owner.id).await;
    assert_eq!(leaving.status, StatusCode::CONFLICT);
    assert_eq!(leaving.json()["code"], "last-owner");
    let left = house.removes(&member, &room, member.id).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_room_is_renamed_and_closed_by_its_owner() {
    let house = House::opens().await;
    let (room, owner) = house.private().await;
    let path = format!("/rooms/{room}");
    let renamed = house
        .asked(
            Some(&owner),
            Method::PATCH,
            &path,
            Some(json!({"name": "새 이름"})),
        )
        .await;
    assert_eq!(renamed.json()["name"], "새 이름");
    let closed = house.asked(Some(&owner), Method::DELETE, &path, None).await;
    assert_eq!(closed.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&owner, &path).await.status, StatusCode::NOT_FOUND);
    let page = house.get(&owner, &format!("/{room}/messages")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_room_is_made_once_and_its_owner_may_say_so_again() {
    let house = House::opens().await;
    let owner = house.account();
    let wish = json!({"roomId": room().as_str(), "name": "Lounge", "visibility": "open"});
    let first = house.makes(&owner, wish.clone()).await;
    let again = house.makes(&owner, wish.clone()).await;
    let others = house.makes(&house.account(), wish).await;
    assert_eq!(
        [first.status, again.status, others.status],
        [StatusCode::CREATED, StatusCode::OK, StatusCode::CONFLICT]
    );
    assert_eq!(first.text, again.text);
    assert_eq!(others.json()["code"], "room-exists");
    let spoken_in = room();
    house.api.fill(&spoken_in, 1).await;
    let late = json!({"roomId": spoken_in.as_str(), "name": "x", "visibility": "open"});
    assert_eq!(house.makes(&owner, late).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_breaks_a_rule_is_pointed_at() {
    let house = House::opens().await;
    let owner = house.account();
    for (wrong, pointer) in [
        (json!({"name": " ", "visibility": "open"}), "/name"),
        (json!({"name": "x", "visibility": "secret"}), "/visibility"),
        (
            json!({"name": "x", "visibility": "private", "roomId": "x"}),
            "/roomId",
        ),
        (
            json!({"name": "x", "visibility": "open", "roomId": "a/b"}),
            "/roomId",
        ),
        (
            json!({"name": "x", "visibility": "open", "roomId": format!("private-{}", Uuid::nil())}),
            "/roomId",
        ),
    ] {
        let answer = house.makes(&owner, wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    let (room, owner) = house.private().await;
    let nobody = format!("/rooms/{room}/members/me");
    let answer = house
        .asked(Some(&owner), Method::DELETE, &nobody, None)
        .await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "{userId}");
}

#[tokio::test]
async fn without_a_name_or_an_account_no_room_is_made() {
    let house = House::opens().await;
    let wish = json!({"name": "x", "visibility": "open"});
    let nobody = house
        .asked(None, Method::POST, "/rooms", Some(wish.clone()))
        .await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert!(nobody.headers.contains_key(header::WWW_AUTHENTICATE));
    let guest = house.admits(Holder::Guest);
    assert_eq!(
        house.makes(&guest, wish).await.status,
        StatusCode::FORBIDDEN
    );
    let listed = house.asked(None, Method::GET, "/rooms", None).await;
    assert_eq!(listed.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_list_of_rooms_goes_on_where_it_was_left() {
    let house = House::opens().await;
    let owner = house.account();
    for _ in 0..3 {
        house
            .makes(&owner, json!({"name": "x", "visibility": "private"}))
            .await;
    }
    let first = house.get(&owner, "/rooms?limit=2").await.json();
    let after = first["page"]["after"].as_str().expect("there is more");
    let rest = house
        .get(&owner, &format!("/rooms?limit=2&after={after}"))
        .await;
    let rest = rest.json();
    assert_eq!(rest["rooms"].as_array().expect("rooms").len(), 1);
    assert_eq!(rest["page"].get("after"), None);
}
