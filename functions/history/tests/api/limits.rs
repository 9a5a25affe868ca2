//! Every limit: who reaches it is told which it is.

use access_token::Holder;
use axum::http::{Method, StatusCode, header};
use chat::{Content, RoomName, UserId};
use fanout::Event;
use message_log::{
    INVITATIONS_PER_ROOM_MAX, INVITATIONS_PER_USER_MAX, LINKS_PER_ROOM_MAX, OPEN_ROOM_MEMBERS_MAX,
    READERS_SHOWN_MAX, ROOM_MEMBERS_MAX, ROOM_SANCTIONS_MAX, ROOMS_JOINED_MAX, ROOMS_OWNED_MAX,
    UNREAD_MAX,
};
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::api::{Answer, database_url, room};
use super::house::House;

/// Puts rows where the tests would need thousands of requests.
async fn runs(sql: String) {
    let pool = sqlx::PgPool::connect(&database_url()).await;
    let done = sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&pool.expect("a connection"))
        .await;
    done.expect("it is filled");
}

/// So many members of a room, nobody in particular.
async fn fills(room: &str, members: i64) {
    runs(format!(
        "INSERT INTO chat_room_member (room_id, user_id, role)
        SELECT '{room}', gen_random_uuid(), 'member' FROM generate_series(1, {members})"
    ))
    .await;
}

/// So many rooms that somebody is in.
async fn places(user: UserId, role: &str, rooms: i64) {
    runs(format!(
        "WITH room AS (
            INSERT INTO chat_room (room_id) SELECT 'place ' || gen_random_uuid()
            FROM generate_series(1, {rooms})
            RETURNING room_id
        )
        INSERT INTO chat_room_member (room_id, user_id, role)
        SELECT room_id, '{user}', '{role}' FROM room"
    ))
    .await;
}

/// Makes sure that it is refused at a limit, and that the problem says which it is.
#[track_caller]
fn is_too_many(answer: &Answer, what: &str) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["code"], "limit-reached");
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.contains(what), "{detail}");
}

#[track_caller]
fn is_done(answer: &Answer) {
    assert!(answer.status.is_success(), "{answer:?}");
}

/// Makes sure that it is refused for this part of the request, and why.
#[track_caller]
fn is_wrong(answer: &Answer, pointer: &str, why: &str) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
    let error = answer.json()["errors"][0].clone();
    assert_eq!(error["pointer"], pointer, "{answer:?}");
    let detail = error["detail"].as_str().expect("a text");
    assert!(detail.contains(why), "{detail}");
}

#[tokio::test]
async fn a_user_owns_so_many_rooms() {
    let house = House::opens().await;
    let ada = house.account();
    places(ada.id, "owner", ROOMS_OWNED_MAX - 1).await;
    let wish = json!({"name": "방", "visibility": "private"});
    let last = house.makes(&ada, wish.clone()).await;
    is_done(&last);
    is_too_many(&house.makes(&ada, wish.clone()).await, "You own 100 rooms");
    let path = format!("/rooms/{}", last.json()["roomId"].as_str().expect("an id"));
    is_done(&house.does(&ada, Method::DELETE, &path, None).await);
    is_done(&house.makes(&ada, wish).await);
}

#[tokio::test]
async fn a_user_is_in_so_many_rooms_whichever_way_he_comes() {
    let house = House::opens().await;
    let (private, owner) = house.private().await;
    let ada = house.account();
    let links = format!("/rooms/{private}/links");
    let link = house.does(&owner, Method::POST, &links, None).await;
    let asks = format!("/rooms/{private}/invitations/{}", ada.id);
    is_done(&house.puts(&owner, &asks, None).await);
    places(ada.id, "member", ROOMS_JOINED_MAX).await;
    let too_many = "You are in 1000 rooms";
    let joined = house.sets(&ada, room().as_str(), ada.id, "member").await;
    is_too_many(&joined, too_many);
    let read = format!("/rooms/{}/read", room());
    let read = house.puts(&ada, &read, Some(json!({"seq": 0}))).await;
    is_too_many(&read, too_many);
    let accepted = house.sets(&ada, &private, ada.id, "member").await;
    is_too_many(&accepted, too_many);
    let token = json!({"token": link.json()["token"]});
    let redeemed = house.asked(Some(&ada), Method::POST, "/rooms/links/redeem", Some(token));
    is_too_many(&redeemed.await, too_many);
    runs(format!(
        "DELETE FROM chat_room_member WHERE (room_id, user_id) IN
        (SELECT room_id, user_id FROM chat_room_member WHERE user_id = '{}' LIMIT 1)",
        ada.id
    ))
    .await;
    is_done(&house.sets(&ada, &private, ada.id, "member").await);
}

#[tokio::test]
async fn a_room_has_so_many_members() {
    let house = House::opens().await;
    let (private, owner) = house.private().await;
    fills(&private, ROOM_MEMBERS_MAX - 1).await;
    let one_more = house.account();
    let brought_in = house.sets(&owner, &private, one_more.id, "member").await;
    is_too_many(&brought_in, "The room has 1000 members");
    let open = room();
    let path = format!("/rooms/{open}/members/{}", owner.id);
    is_done(
        &house
            .puts(&owner, &path, Some(json!({"role": "member"})))
            .await,
    );
    fills(open.as_str(), OPEN_ROOM_MEMBERS_MAX - 1).await;
    let joined = house
        .sets(&one_more, open.as_str(), one_more.id, "member")
        .await;
    is_too_many(&joined, "The room has 10000 members");
    // Who is in stays in, and leaving makes place.
    is_done(&house.does(&owner, Method::DELETE, &path, None).await);
    is_done(
        &house
            .sets(&one_more, open.as_str(), one_more.id, "member")
            .await,
    );
}

#[tokio::test]
async fn so_many_are_muted_and_banned_in_a_room() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    runs(format!(
        "INSERT INTO chat_room_sanction (room_id, user_id, kind, by_user)
        SELECT '{id}', gen_random_uuid(), 'mute', '{}'
        FROM generate_series(2, {ROOM_SANCTIONS_MAX})",
        owner.id
    ))
    .await;
    let [eve, mia] = [house.account(), house.account()]
        .map(|person| format!("/rooms/{id}/members/{}", person.id));
    is_done(&house.puts(&owner, &format!("{eve}/mute"), None).await);
    let mias = format!("{mia}/ban");
    let refused = house.puts(&owner, &mias, None).await;
    is_too_many(&refused, "1000 people are muted or banned");
    // One who is kept from something already may be kept from more.
    is_done(&house.puts(&owner, &format!("{eve}/ban"), None).await);
    is_done(
        &house
            .does(&owner, Method::DELETE, &format!("{eve}/ban"), None)
            .await,
    );
    is_done(&house.puts(&owner, &mias, None).await);
}

#[tokio::test]
async fn so_many_are_asked_into_a_room_and_one_into_so_many() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let invites = |columns: String, count: i64| {
        runs(format!(
            "INSERT INTO chat_room_invitation (room_id, user_id, by_user, expires_at)
            SELECT {columns}, '{}', now() + interval '1 day' FROM generate_series(1, {count})",
            owner.id
        ))
    };
    invites(
        format!("'{id}', gen_random_uuid()"),
        INVITATIONS_PER_ROOM_MAX - 1,
    )
    .await;
    let [ada, ben] = [house.account(), house.account()]
        .map(|person| format!("/rooms/{id}/invitations/{}", person.id));
    is_done(&house.puts(&owner, &ada, None).await);
    is_done(&house.puts(&owner, &ada, None).await);
    let refused = house.puts(&owner, &ben, None).await;
    is_too_many(&refused, "The room has 100 invitations");
    is_done(&house.does(&owner, Method::DELETE, &ada, None).await);
    is_done(&house.puts(&owner, &ben, None).await);

    let wanted = house.account();
    places(owner.id, "owner", INVITATIONS_PER_USER_MAX).await;
    runs(format!(
        "INSERT INTO chat_room_invitation (room_id, user_id, by_user, expires_at)
        SELECT room_id, '{}', user_id, now() + interval '1 day'
        FROM chat_room_member WHERE user_id = '{}' AND room_id LIKE 'place %'",
        wanted.id, owner.id
    ))
    .await;
    let (other, host) = house.private().await;
    let asks = format!("/rooms/{other}/invitations/{}", wanted.id);
    let refused = house.puts(&host, &asks, None).await;
    is_too_many(&refused, "has 100 invitations to answer");
}

#[tokio::test]
async fn a_room_has_so_many_links() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let links = format!("/rooms/{id}/links");
    let mut last = String::new();
    for _ in 0..LINKS_PER_ROOM_MAX {
        let made = house.does(&owner, Method::POST, &links, None).await;
        is_done(&made);
        last = made.json()["linkId"].as_str().expect("an id").to_owned();
    }
    let refused = house.does(&owner, Method::POST, &links, None).await;
    is_too_many(&refused, "The room has 20 links");
    let link = format!("{links}/{last}");
    is_done(&house.does(&owner, Method::DELETE, &link, None).await);
    is_done(&house.does(&owner, Method::POST, &links, None).await);
}

#[tokio::test]
async fn what_is_written_has_so_many_characters() {
    let house = House::opens().await;
    let ada = house.account();
    let open = room();
    let message = house.said(&ada, open.as_str(), "short").await;
    let path = format!("/{open}/messages/{}", message.id);
    let edits = async |content: String| {
        let headers = [(header::IF_MATCH, "*")];
        let body = Some(json!({ "content": content }));
        house
            .asked_with(Some(&ada), Method::PATCH, &path, body, &headers)
            .await
    };
    is_done(&edits("마".repeat(Content::CHARS_MAX)).await);
    let longer = edits("마".repeat(Content::CHARS_MAX + 1)).await;
    is_wrong(&longer, "/content", "more than 4000 characters");
    let huge = edits("a".repeat(70_000)).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE, "{huge:?}");
    assert_eq!(huge.json()["code"], "too-large");

    let name = |chars| json!({"name": "방".repeat(chars), "visibility": "private"});
    let made = house.makes(&ada, name(RoomName::CHARS_MAX)).await;
    is_done(&made);
    let longer = house.makes(&ada, name(RoomName::CHARS_MAX + 1)).await;
    is_wrong(&longer, "/name", "more than 100 characters");
    let renamed = format!("/rooms/{}", made.json()["roomId"].as_str().expect("an id"));
    let longer = json!({"name": "방".repeat(RoomName::CHARS_MAX + 1)});
    let longer = house.asked(Some(&ada), Method::PATCH, &renamed, Some(longer));
    is_wrong(&longer.await, "/name", "more than 100 characters");
}

#[tokio::test]
async fn a_request_asks_for_so_much_at_a_time() {
    let house = House::opens().await;
    let (id, ada) = house.private().await;
    let (long, many) = ("a".repeat(101), "a+b+c+d+e+f+g+h+i");
    for (path, pointer, why) in [
        (
            format!("/{id}/messages?limit=201"),
            "?limit",
            "from 1 to 200",
        ),
        (
            format!("/{id}/messages/export?limit=1000001"),
            "?limit",
            "from 1 to 1000000",
        ),
        (
            format!("/{id}/messages/search?q=aa&limit=101"),
            "?limit",
            "from 1 to 100",
        ),
        (
            format!("/{id}/messages/search?q={long}"),
            "?q",
            "more than 100 characters",
        ),
        (
            format!("/{id}/messages/search?q={many}"),
            "?q",
            "more than 8 words",
        ),
        (
            "/rooms/messages/search?q=aa&limit=101".into(),
            "?limit",
            "from 1 to 100",
        ),
        ("/rooms/messages/search?q=a".into(), "?q", "too short"),
        ("/rooms?limit=201".into(), "?limit", "from 1 to 200"),
        (
            format!("/rooms/{id}/members?limit=201"),
            "?limit",
            "from 1 to 200",
        ),
        (
            format!("/rooms/{id}/sanctions?limit=201"),
            "?limit",
            "from 1 to 200",
        ),
        (
            format!("/rooms/{id}/invitations?limit=201"),
            "?limit",
            "from 1 to 200",
        ),
        (
            "/rooms/invitations/mine?limit=201".into(),
            "?limit",
            "from 1 to 200",
        ),
    ] {
        is_wrong(&house.get(&ada, &path).await, pointer, why);
    }
}

#[tokio::test]
async fn who_read_up_to_where_is_seen_in_small_rooms_alone() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let ben = house.account();
    house.sets(&owner, &id, ben.id, "member").await;
    for text in ["one", "two", "three"] {
        house.said(&owner, &id, text).await;
    }
    let reads = async |seq: i64| {
        let path = format!("/rooms/{id}/read");
        is_done(&house.puts(&ben, &path, Some(json!({"seq": seq}))).await);
        let members = format!("/rooms/{id}/members?limit=200");
        let listed = house.get(&owner, &members).await.json();
        let members = listed["members"].as_array().expect("members").clone();
        let told = house.told.0.lock().expect("no panic").clone();
        let told = told.iter().rev().find_map(|event| match event.as_ref() {
            Event::Read(read) => Some(read.seq.0),
            _ => None,
        });
        let of_ben = members
            .iter()
            .find(|member| member["userId"] == json!(ben.id))
            .and_then(|member| member["readSeq"].as_i64());
        (members.len(), of_ben, told)
    };
    assert_eq!(reads(1).await, (2, Some(1), Some(1)));
    fills(&id, READERS_SHOWN_MAX - 2).await;
    assert_eq!(reads(2).await, (100, Some(2), Some(2)));
    fills(&id, 1).await;
    assert_eq!(reads(3).await, (101, None, Some(2)));
}

#[tokio::test]
async fn so_many_unread_messages_are_counted() {
    let house = House::opens().await;
    let ada = house.account();
    let open = room();
    house.sets(&ada, open.as_str(), ada.id, "member").await;
    house.api.fill(&open, 130).await;
    let unread = async || house.get(&ada, "/rooms").await.json()["rooms"][0]["unread"].clone();
    assert_eq!(unread().await, json!(UNREAD_MAX));
    let path = format!("/rooms/{open}/read");
    let read = house.puts(&ada, &path, Some(json!({"seq": 31}))).await;
    is_done(&read);
    assert_eq!(unread().await, json!(99));
    let far = house
        .puts(&ada, &path, Some(json!({"seq": u64::MAX})))
        .await;
    assert_eq!(far.json()["seq"], 130, "not past the end");
    assert_eq!(unread().await, json!(0));
}

#[tokio::test]
async fn a_guest_makes_no_rooms_and_may_be_asked_into_one() {
    let house = House::opens().await;
    let (id, owner) = house.private().await;
    let guest = house.admits(Holder::Guest);
    let wish = json!({"name": "방", "visibility": "private", "roomId": format!("private-{}", Uuid::new_v4())});
    let made = house.makes(&guest, wish).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);
    let asks = format!("/rooms/{id}/invitations/{}", guest.id);
    is_done(&house.puts(&owner, &asks, None).await);
    is_done(&house.sets(&guest, &id, guest.id, "member").await);
}
