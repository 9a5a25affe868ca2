//! Mutes, bans, archives, coming in, and what is unread, over HTTP.

use axum::http::{Method, StatusCode};
use fanout::Event;
use serde_json::{Value, json};

use super::api::room;
use super::house::{House, Person};

#[tokio::test]
async fn who_is_banned_reads_nothing_and_who_is_muted_does() {
    let house = House::opens().await;
    let owner = house.account();
    let (eve, mia) = (house.account(), house.account());
    let id = room();
    let wish = json!({"roomId": id.as_str(), "name": "Lounge", "visibility": "open"});
    assert_eq!(house.makes(&owner, wish).await.status, StatusCode::CREATED);
    house.said(&owner, id.as_str(), "hello").await;
    let of = |person: &Person, what: &str| format!("/rooms/{id}/members/{}/{what}", person.id);
    for path in [of(&eve, "ban"), of(&mia, "mute")] {
        let done = house.puts(&owner, &path, None).await;
        assert_eq!(done.status, StatusCode::NO_CONTENT, "{done:?}");
    }
    let pages = format!("/{id}/messages");
    for path in [&pages, &format!("{pages}/search?q=hello")] {
        let kept_out = house.get(&eve, path).await;
        assert_eq!(kept_out.status, StatusCode::FORBIDDEN, "{kept_out:?}");
        assert_eq!(kept_out.json()["code"], "banned");
        assert_eq!(kept_out.json().get("until"), None);
        assert_eq!(house.get(&mia, path).await.status, StatusCode::OK);
    }
    let listed = house.get(&owner, &format!("/rooms/{id}/sanctions")).await;
    let mut kinds: Vec<_> = listed.json()["sanctions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["kind"].as_str().expect("a kind").to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["ban", "mute"]);
    let nosy = house.get(&mia, &format!("/rooms/{id}/sanctions")).await;
    assert_eq!(nosy.status, StatusCode::NOT_FOUND);
    let by_mia = house.puts(&mia, &of(&eve, "mute"), None).await;
    assert_eq!(by_mia.status, StatusCode::NOT_FOUND);
    let until = "2999-01-01T00:00:00Z";
    let ends = Some(json!({ "until": until }));
    let done = house.puts(&owner, &of(&eve, "ban"), ends).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&eve, &pages).await.json()["until"], until);
    let member = Some(json!({"role": "member"}));
    let me = format!("/rooms/{id}/members/{}", eve.id);
    let refused = house.puts(&eve, &me, member).await;
    assert_eq!(refused.json()["until"], until);
    let lifted = house
        .asked(Some(&owner), Method::DELETE, &of(&eve, "ban"), None)
        .await;
    assert_eq!(lifted.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&eve, &pages).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_mute_and_a_ban_may_say_when_they_end() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let mia = house.account();
    let path = format!("/rooms/{id}/members/{}/mute", mia.id);
    let until = "2999-01-01T00:00:00Z";
    let done = house.puts(&owner, &path, Some(json!({"until": until})));
    assert_eq!(done.await.status, StatusCode::NO_CONTENT);
    let listed = house.get(&owner, &format!("/rooms/{id}/sanctions")).await;
    assert_eq!(listed.json()["sanctions"][0]["until"], until);
    let done = house.puts(&owner, &path, None).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    let listed = house.get(&owner, &format!("/rooms/{id}/sanctions")).await;
    assert_eq!(listed.json()["sanctions"][0]["until"], Value::Null);
    for wrong in ["2020-01-01T00:00:00Z", "tomorrow"] {
        let refused = house.puts(&owner, &path, Some(json!({"until": wrong})));
        let refused = refused.await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/until");
    }
}

#[tokio::test]
async fn a_room_is_archived_and_opened_by_its_owner() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let path = format!("/rooms/{id}");
    for archived in [true, false] {
        let body = Some(json!({ "archived": archived }));
        let changed = house.asked(Some(&owner), Method::PATCH, &path, body).await;
        assert_eq!(changed.json()["archived"], archived, "{changed:?}");
        assert_eq!(changed.json()["name"], "우리끼리");
    }
    let nothing = house
        .asked(Some(&owner), Method::PATCH, &path, Some(json!({})))
        .await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_list_of_rooms_says_what_is_unread_and_what_was_said_last() {
    let house = House::opens().await;
    let (ada, ben) = (house.account(), house.account());
    let id = room();
    let me = format!("/rooms/{id}/members/{}", ada.id);
    let joined = house.puts(&ada, &me, Some(json!({"role": "member"}))).await;
    assert_eq!(joined.status, StatusCode::OK, "{joined:?}");
    for text in ["one", "two"] {
        house.said(&ben, id.as_str(), text).await;
    }
    let listed = house.get(&ada, "/rooms").await.json();
    let first = &listed["rooms"][0];
    assert_eq!(
        (&first["roomId"], &first["unread"], &first["readSeq"]),
        (&json!(id), &json!(2), &json!(0))
    );
    assert_eq!(first["lastMessage"]["content"], "two");
    assert_eq!(first["name"], json!(id), "nobody named it");

    let path = format!("/rooms/{id}/read");
    let read = house.puts(&ada, &path, Some(json!({"seq": 1}))).await;
    assert_eq!(
        read.json(),
        json!({"roomId": id, "userId": ada.id, "seq": 1})
    );
    let back = house.puts(&ada, &path, Some(json!({"seq": 0}))).await;
    assert_eq!(back.json()["seq"], 1, "never back");
    let shown = house.get(&ada, &format!("/rooms/{id}")).await.json();
    assert_eq!(
        (&shown["unread"], &shown["readSeq"]),
        (&json!(1), &json!(1))
    );
    let members = house.get(&ada, &format!("/rooms/{id}/members")).await;
    assert_eq!(members.json()["members"][0]["readSeq"], 1);
    let reads = house.told.0.lock().expect("no panic").clone();
    let reads = reads
        .iter()
        .filter(|event| matches!(event.as_ref(), Event::OwnRead(_)));
    assert_eq!(reads.count(), 1, "what is not new is not told");
    let wrong = house.puts(&ada, &path, Some(json!({"seq": -1}))).await;
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/seq");
}
