//! Invitations and links over HTTP.

use axum::http::{Method, StatusCode};
use chat::ChatOwnRoom;
use fanout::Event;
use serde_json::json;

use super::api::Answer;
use super::house::{House, Person};

impl House {
    /// What `person` was told of his rooms, by its kind.
    fn told_to(&self, person: &Person) -> Vec<&'static str> {
        let told = self.told.0.lock().expect("no panic").clone();
        let news = told.iter().filter_map(|event| match event.as_ref() {
            Event::OwnRoom { user, news } if *user == person.id => Some(match news {
                ChatOwnRoom::Invited { .. } => "invited",
                ChatOwnRoom::Uninvited { .. } => "uninvited",
                ChatOwnRoom::Joined { .. } => "joined",
                ChatOwnRoom::Left { .. } => "left",
            }),
            _ => None,
        });
        news.collect()
    }
}

#[tokio::test]
async fn who_is_asked_into_a_private_room_accepts_or_declines() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let (ben, eve) = (house.account(), house.account());
    let to = |person: &Person| format!("/rooms/{id}/invitations/{}", person.id);
    for person in [&ben, &eve] {
        let asked = house.does(&owner, Method::PUT, &to(person), None).await;
        assert_eq!(asked.status, StatusCode::NO_CONTENT, "{asked:?}");
    }
    let mine = house.get(&ben, "/rooms/invitations/mine").await.json();
    let first = &mine["invitations"][0];
    assert_eq!(
        (&first["roomId"], &first["name"]),
        (&json!(id), &json!("우리끼리"))
    );
    let of_room = house.get(&owner, &format!("/rooms/{id}/invitations")).await;
    assert_eq!(
        of_room.json()["invitations"].as_array().map(Vec::len),
        Some(2)
    );
    let nosy = house.get(&ben, &format!("/rooms/{id}/invitations")).await;
    assert_eq!(nosy.status, StatusCode::NOT_FOUND);

    let accepted = house.sets(&ben, &id, ben.id, "member").await;
    assert_eq!(accepted.status, StatusCode::OK, "{accepted:?}");
    assert_eq!(
        house.get(&ben, &format!("/rooms/{id}")).await.status,
        StatusCode::OK
    );
    let declined = house.does(&eve, Method::DELETE, &to(&eve), None).await;
    assert_eq!(declined.status, StatusCode::NO_CONTENT);
    let too_late = house.sets(&eve, &id, eve.id, "member").await;
    assert_eq!(too_late.status, StatusCode::NOT_FOUND);
    let removed = house.removes(&owner, &id, ben.id).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert_eq!(house.told_to(&ben), ["invited", "joined", "left"]);
    assert_eq!(house.told_to(&eve), ["invited", "uninvited"]);
    let again = house.sets(&ben, &id, ben.id, "member").await;
    assert_eq!(
        again.status,
        StatusCode::NOT_FOUND,
        "an invitation is good once"
    );
}

#[tokio::test]
async fn a_link_brings_people_in_until_it_is_used_up_or_revoked() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let links = format!("/rooms/{id}/links");
    let made = house.does(&owner, Method::POST, &links, None).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let redeems = async |by: &Person, made: &Answer| {
        let body = json!({"token": made.json()["token"]});
        house
            .does(by, Method::POST, "/rooms/links/redeem", Some(body))
            .await
    };
    let (ben, cid) = (house.account(), house.account());
    let came = redeems(&ben, &made).await;
    assert_eq!(
        (came.status, &came.json()["roomId"]),
        (StatusCode::OK, &json!(id))
    );
    assert_eq!(house.told_to(&ben), ["joined"]);
    assert_eq!(
        redeems(&ben, &made).await.status,
        StatusCode::OK,
        "he is in"
    );
    let used_up = redeems(&cid, &made).await;
    assert_eq!(used_up.status, StatusCode::NOT_FOUND);

    let wish = json!({"uses": 5, "expiresInSeconds": 60});
    let made = house.does(&owner, Method::POST, &links, Some(wish)).await;
    let listed = house.get(&owner, &links).await;
    assert_eq!(listed.json()["links"][0]["usesLeft"], 5);
    let token = made.json()["token"].as_str().expect("a text").to_owned();
    assert!(!listed.text.contains(&token), "it is told once");
    assert_eq!(house.get(&ben, &links).await.status, StatusCode::FORBIDDEN);
    let link = format!("{links}/{}", made.json()["linkId"].as_str().expect("an id"));
    let revoked = house.does(&owner, Method::DELETE, &link, None).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(redeems(&cid, &made).await.status, StatusCode::NOT_FOUND);

    let wish = json!({"uses": 0, "expiresInSeconds": 9_999_999});
    let wrong = house
        .does(&owner, Method::POST, &links, Some(wish))
        .await
        .json();
    let pointers = [
        &wrong["errors"][0]["pointer"],
        &wrong["errors"][1]["pointer"],
    ];
    assert_eq!(pointers, ["/expiresInSeconds", "/uses"]);
    let none = json!({"token": "guess"});
    let none = house
        .does(&cid, Method::POST, "/rooms/links/redeem", Some(none))
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
