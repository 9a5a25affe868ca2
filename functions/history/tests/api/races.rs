//! Two requests at once, again and again: whichever comes first, both answers and what is there after
//! them agree.

use axum::http::{Method, StatusCode, header};
use chat::ChatOwnRoom;
use fanout::Event;
use futures_util::future::{join, join3};
use serde_json::{Value, json};

use super::api::{Answer, room};
use super::house::{House, Person};

const ROUNDS: usize = 12;

/// Lets the one begin first in every other round.
async fn at_once<A, B>(
    round: usize,
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> (A, B) {
    if round.is_multiple_of(2) {
        join(one, other).await
    } else {
        let (other, one) = join(other, one).await;
        (one, other)
    }
}

impl House {
    async fn bans(&self, by: &Person, room: &str, who: &Person) -> Answer {
        let path = format!("/rooms/{room}/members/{}/ban", who.id);
        self.asked(Some(by), Method::PUT, &path, None).await
    }

    async fn reads(&self, by: &Person, room: &str, seq: i64) -> i64 {
        let path = format!("/rooms/{room}/read");
        let body = Some(json!({ "seq": seq }));
        let answer = self.asked(Some(by), Method::PUT, &path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()["seq"].as_i64().expect("a seq")
    }
}

#[tokio::test]
async fn of_an_edit_and_a_deletion_the_deletion_stays() {
    let house = House::opens().await;
    let ada = house.account();
    let id = room();
    for round in 0..ROUNDS {
        let message = house.said(&ada, id.as_str(), "first").await;
        let path = format!("/{id}/messages/{}", message.id);
        let tag = format!("\"{}\"", message.rev);
        let only_if = [(header::IF_MATCH, tag.as_str())];
        let edit = house.asked_with(
            Some(&ada),
            Method::PATCH,
            &path,
            Some(json!({"content": "second"})),
            &only_if,
        );
        // Without a condition, and under the one that the edit has.
        let is_conditional = round % 4 > 1;
        let condition = if is_conditional { &only_if[..] } else { &[] };
        let deletion = house.asked_with(Some(&ada), Method::DELETE, &path, None, condition);
        let (edited, deleted) = at_once(round, edit, deletion).await;
        let outcome = (edited.status, deleted.status);
        let (made, gone) = (StatusCode::OK, StatusCode::NO_CONTENT);
        let stale = StatusCode::PRECONDITION_FAILED;
        let now = house.get(&ada, &path).await;
        if is_conditional && outcome == (made, stale) {
            assert_eq!(now.json()["content"], "second", "{outcome:?}");
            continue;
        }
        let is_one_way = outcome == (made, gone) || outcome == (StatusCode::GONE, gone);
        assert!(is_one_way, "{edited:?} {deleted:?}");
        assert_eq!(now.status, StatusCode::GONE, "{outcome:?}");
        let found = format!("/{id}/messages/search?q=second");
        let found = house.get(&ada, &found).await.json();
        let found = found["messages"].as_array().expect("messages").iter();
        assert!(!found.clone().any(|hit| hit["id"] == json!(message.id)));
    }
}

#[tokio::test]
async fn of_two_edits_of_one_version_one_is_made() {
    let house = House::opens().await;
    let ada = house.account();
    let id = room();
    for _ in 0..ROUNDS {
        let message = house.said(&ada, id.as_str(), "first").await;
        let path = format!("/{id}/messages/{}", message.id);
        let tag = format!("\"{}\"", message.rev);
        let edits = async |content: &str| {
            let only_if = [(header::IF_MATCH, tag.as_str())];
            let body = Some(json!({ "content": content }));
            house
                .asked_with(Some(&ada), Method::PATCH, &path, body, &only_if)
                .await
        };
        let (one, other) = join(edits("one"), edits("other")).await;
        let (made, refused) = if one.status == StatusCode::OK {
            (one, other)
        } else {
            (other, one)
        };
        assert_eq!(made.status, StatusCode::OK, "{made:?}");
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
        let now = house.get(&ada, &path).await;
        assert_eq!(now.json(), made.json());
    }
}

#[tokio::test]
async fn what_a_banned_author_edits_is_edited_before_or_not_at_all() {
    let house = House::opens().await;
    let (owner, eve) = (house.account(), house.account());
    for round in 0..ROUNDS {
        let id = room();
        let wish = json!({"roomId": id.as_str(), "name": "방", "visibility": "open"});
        assert_eq!(house.makes(&owner, wish).await.status, StatusCode::CREATED);
        let message = house.said(&eve, id.as_str(), "first").await;
        let path = format!("/{id}/messages/{}", message.id);
        let any = [(header::IF_MATCH, "*")];
        let edit = house.asked_with(
            Some(&eve),
            Method::PATCH,
            &path,
            Some(json!({"content": "second"})),
            &any,
        );
        let ban = house.bans(&owner, id.as_str(), &eve);
        let (banned, edited) = at_once(round, ban, edit).await;
        assert_eq!(banned.status, StatusCode::NO_CONTENT, "{banned:?}");
        let expected = match edited.status {
            StatusCode::OK => "second",
            StatusCode::FORBIDDEN => {
                assert_eq!(edited.json()["code"], "banned");
                "first"
            }
            _ => panic!("{edited:?}"),
        };
        let now = house.get(&owner, &path).await;
        assert_eq!(now.json()["content"], expected);
        let read = house.get(&eve, &format!("/{id}/messages")).await;
        assert_eq!(read.json()["code"], "banned");
    }
}

#[tokio::test]
async fn who_joins_and_is_banned_at_once_is_out() {
    let house = House::opens().await;
    let owner = house.account();
    let id = room();
    let wish = json!({"roomId": id.as_str(), "name": "방", "visibility": "open"});
    house.makes(&owner, wish).await;
    for round in 0..ROUNDS {
        let eve = house.account();
        let joining = house.sets(&eve, id.as_str(), eve.id, "member");
        let ban = house.bans(&owner, id.as_str(), &eve);
        let (joined, banned) = at_once(round, joining, ban).await;
        assert_eq!(banned.status, StatusCode::NO_CONTENT, "{banned:?}");
        assert!(
            joined.status == StatusCode::OK || joined.json()["code"] == "banned",
            "{joined:?}"
        );
        let standing = house.api.log.standing(&id, eve.id).await.expect("a read");
        assert_eq!(standing.role, None);
        assert!(!standing.admits_to(&id));
    }
}

#[tokio::test]
async fn coming_and_leaving_end_one_way_and_are_told_as_they_end() {
    let house = House::opens().await;
    let ada = house.account();
    for round in 0..ROUNDS {
        let id = room();
        let joining = house.sets(&ada, id.as_str(), ada.id, "member");
        let leaving = house.removes(&ada, id.as_str(), ada.id);
        let (joined, left) = at_once(round, joining, leaving).await;
        assert_eq!(joined.status, StatusCode::OK, "{joined:?}");
        let came_first = left.status == StatusCode::NO_CONTENT;
        assert!(
            came_first || left.status == StatusCode::NOT_FOUND,
            "{left:?}"
        );
        let listed = house.get(&ada, "/rooms").await.json();
        let is_in = listed["rooms"] != json!([]);
        assert_eq!(is_in, !came_first, "{listed}");
        let told = house.told.0.lock().expect("no panic").clone();
        let was_told_of_leaving = told.iter().any(|event| {
            matches!(
                event.as_ref(),
                Event::OwnRoom { user, news: ChatOwnRoom::Left { room_id } }
                    if *user == ada.id && *room_id == id
            )
        });
        assert_eq!(was_told_of_leaving, came_first);
        house.removes(&ada, id.as_str(), ada.id).await;
    }
}

#[tokio::test]
async fn of_many_devices_that_read_at_once_the_farthest_mark_stays() {
    let house = House::opens().await;
    let ada = house.account();
    let id = room();
    house.sets(&ada, id.as_str(), ada.id, "member").await;
    house.api.fill(&id, 3 * ROUNDS).await;
    for round in 0..ROUNDS {
        let base = i64::try_from(3 * round).expect("a small number");
        let [one, two, three] = [3, 1, 2].map(|step| house.reads(&ada, id.as_str(), base + step));
        let (one, two, three) = join3(one, two, three).await;
        assert_eq!(one, base + 3);
        assert!(two <= one && three <= one);
        let shown: Value = house.get(&ada, &format!("/rooms/{id}")).await.json();
        let unread = i64::try_from(3 * ROUNDS).expect("a small number") - base - 3;
        assert_eq!(
            (&shown["readSeq"], &shown["unread"]),
            (&json!(base + 3), &json!(unread))
        );
    }
}
