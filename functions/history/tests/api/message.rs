//! One message: read, edited, deleted, by whoever may.

use axum::http::{Method, StatusCode, header};
use chat::{Message, RoomRole};
use fanout::Event;
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::{Answer, database_url, room};
use super::house::{House, Person};

fn path(message: &Message) -> String {
    format!("/{}/messages/{}", message.room, message.id)
}

impl House {
    async fn edits(&self, by: &Person, message: &Message, rev: i64, content: &str) -> Answer {
        let tag = format!("\"{rev}\"");
        let body = Some(json!({ "content": content }));
        let headers = [(header::IF_MATCH, tag.as_str())];
        self.asked_with(Some(by), Method::PATCH, &path(message), body, &headers)
            .await
    }

    async fn deletes(&self, by: &Person, message: &Message) -> Answer {
        self.asked(Some(by), Method::DELETE, &path(message), None)
            .await
    }
}

#[tokio::test]
async fn its_author_edits_a_message_and_the_sockets_are_told() {
    let house = House::opens().await;
    let ada = house.account();
    let message = house.said(&ada, room().as_str(), "안녕").await;

    let edited = house.edits(&ada, &message, 1, "안녕하세요").await;

    assert_eq!(edited.status, StatusCode::OK, "{edited:?}");
    assert_eq!(edited.headers[header::ETAG], "\"2\"");
    let json = edited.json();
    assert_eq!(
        (
            &json["content"],
            &json["seq"],
            &json["rev"],
            &json["deleted"]
        ),
        (&json!("안녕하세요"), &json!(1), &json!(2), &json!(false))
    );
    assert!(json["editedAt"].is_string(), "{json}");
    let shown = house.get(&ada, &path(&message)).await;
    assert_eq!(shown.headers[header::ETAG], "\"2\"");
    assert_eq!(shown.json(), json);
    let told = house.told.0.lock().expect("no panic").clone();
    match told.as_slice() {
        [event] => match event.as_ref() {
            Event::Committed { message, .. } => {
                assert_eq!(serde_json::to_value(message).expect("JSON"), json);
            }
            other => panic!("a change is told of, not {other:?}"),
        },
        other => panic!("one event is told, not {other:?}"),
    }
}

#[tokio::test]
async fn which_version_is_edited_has_to_be_said_and_be_the_present_one() {
    let house = House::opens().await;
    let ada = house.account();
    let message = house.said(&ada, room().as_str(), "one").await;
    let wish = Some(json!({"content": "two"}));

    let unconditional = house
        .asked(Some(&ada), Method::PATCH, &path(&message), wish.clone())
        .await;
    assert_eq!(unconditional.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(unconditional.json()["code"], "precondition-required");

    house.edits(&ada, &message, 1, "two").await;
    let again = house.edits(&ada, &message, 1, "two").await;
    assert_eq!(again.status, StatusCode::OK, "it was done already");
    assert_eq!(again.json()["rev"], 2);
    let stale = house.edits(&ada, &message, 1, "three").await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(stale.json()["code"], "precondition-failed");

    for (tag, status) in [
        ("*", StatusCode::OK),
        ("\"1\", \"3\"", StatusCode::OK),
        ("W/\"4\"", StatusCode::PRECONDITION_FAILED),
        ("4", StatusCode::BAD_REQUEST),
    ] {
        let wish = Some(json!({"content": format!("under {tag}")}));
        let headers = [(header::IF_MATCH, tag)];
        let answer = house
            .asked_with(Some(&ada), Method::PATCH, &path(&message), wish, &headers)
            .await;
        assert_eq!(answer.status, status, "{tag}: {answer:?}");
    }
}

#[tokio::test]
async fn a_deletion_may_be_meant_for_a_version() {
    let house = House::opens().await;
    let ada = house.account();
    let message = house.said(&ada, room().as_str(), "one").await;
    house.edits(&ada, &message, 1, "two").await;
    let deletes = async |tag: &str| {
        let headers = [(header::IF_MATCH, tag)];
        house
            .asked_with(Some(&ada), Method::DELETE, &path(&message), None, &headers)
            .await
    };
    let stale = deletes("\"1\"").await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{stale:?}");
    assert_eq!(stale.json()["code"], "precondition-failed");
    assert_eq!(deletes("2").await.status, StatusCode::BAD_REQUEST);
    let shown = house.get(&ada, &path(&message)).await;
    assert_eq!(shown.json()["content"], "two");
    assert_eq!(deletes("\"2\"").await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        house.get(&ada, &path(&message)).await.status,
        StatusCode::GONE
    );
}

#[tokio::test]
async fn what_is_deleted_is_shown_to_nobody_and_edited_by_nobody() {
    let house = House::opens().await;
    let ada = house.account();
    let message = house.said(&ada, room().as_str(), "a slip").await;

    let deleted = house.deletes(&ada, &message).await;
    let again = house.deletes(&ada, &message).await;

    for answer in [&deleted, &again] {
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
        assert_eq!(answer.headers[header::ETAG], "\"2\"");
    }
    let shown = house.get(&ada, &path(&message)).await;
    assert_eq!(shown.status, StatusCode::GONE);
    let edited = house.edits(&ada, &message, 2, "no slip").await;
    assert_eq!(edited.status, StatusCode::GONE);
    let list = format!("/{}/messages", message.room);
    let page = house.get(&ada, &list).await;
    assert_eq!(page.page().0, [0_i64; 0]);
    let whole = house
        .get(&ada, &format!("{list}?includeDeleted=true"))
        .await;
    let kept = &whole.json()["messages"][0];
    assert_eq!(
        (&kept["content"], &kept["deleted"], &kept["rev"]),
        (&json!(""), &json!(true), &json!(2))
    );
}

#[tokio::test]
async fn others_change_a_message_only_as_moderators_of_its_room() {
    let house = House::opens().await;
    let (room, owner) = house.private().await;
    let (moderator, member, author) = (house.account(), house.account(), house.account());
    for (person, role) in [
        (&moderator, RoomRole::Moderator),
        (&member, RoomRole::Member),
        (&author, RoomRole::Member),
    ] {
        house.sets(&owner, &room, person.id, role.as_str()).await;
    }
    let message = house.said(&author, &room, "hm").await;

    let by_member = house.deletes(&member, &message).await;
    assert_eq!(by_member.status, StatusCode::FORBIDDEN);
    let by_stranger = house.deletes(&house.account(), &message).await;
    assert_eq!(by_stranger.status, StatusCode::NOT_FOUND);
    let edited = house
        .edits(&moderator, &message, message.rev.0, "well")
        .await;
    assert_eq!(edited.json()["sender"], "지은", "he still says it");
    let by_moderator = house.deletes(&moderator, &message).await;
    assert_eq!(by_moderator.status, StatusCode::NO_CONTENT);
    let pool = sqlx::PgPool::connect(&database_url()).await;
    let noted: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT kind, by_user FROM chat_message_change WHERE message_id = $1 ORDER BY rev",
    )
    .bind(message.id.0)
    .fetch_all(&pool.expect("a connection"))
    .await
    .expect("what was noted");
    let by = moderator.id.0;
    assert_eq!(noted, [("edit".to_owned(), by), ("delete".to_owned(), by)]);

    let later = house.said(&author, &room, "well").await;
    house.removes(&owner, &room, author.id).await;
    let by_removed = house.edits(&author, &later, later.rev.0, "bad").await;
    assert_eq!(by_removed.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stranger_cannot_tell_a_message_of_a_private_room_from_none() {
    let house = House::opens().await;
    let (private, owner) = house.private().await;
    let message = house.said(&owner, &private, "unter uns").await;
    let eve = house.account();
    let missing = format!("/{private}/messages/{}", Uuid::new_v4());
    for method in [Method::GET, Method::DELETE] {
        let mut answers: Vec<(StatusCode, Value)> = Vec::new();
        for path in [path(&message), missing.clone()] {
            let answer = house.asked(Some(&eve), method.clone(), &path, None).await;
            answers.push((answer.status, answer.json()["detail"].clone()));
        }
        assert_eq!(answers[0], answers[1], "{method}");
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND, "{method}");
    }
}

#[tokio::test]
async fn a_wrong_path_or_body_is_pointed_at() {
    let house = House::opens().await;
    let ada = house.account();
    let message = house.said(&ada, room().as_str(), "hi").await;
    let nobody = house.edits(&ada, &message, 1, "  ").await;
    assert_eq!(nobody.json()["errors"][0]["pointer"], "/content");
    let no_id = house.get(&ada, "/lobby/messages/7").await;
    assert_eq!(no_id.json()["errors"][0]["pointer"], "{messageId}");
    let elsewhere = format!("/{}/messages/{}", room(), message.id);
    assert_eq!(
        house.get(&ada, &elsewhere).await.status,
        StatusCode::NOT_FOUND
    );
    let unknown = house
        .asked(None, Method::DELETE, &path(&message), None)
        .await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
}
