use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chat::{Content, RoomId, UserId};
use history::State;
use message_log::{Actor, Amendment, AmendmentKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::WAY;
use super::api::{Answer, Api, answer, room};
use super::house::House;
use crate::Way;

#[tokio::test]
async fn a_page_has_exactly_the_contracts_members() {
    let api = Api::start().await;
    let room = room();
    let message = api.fill(&room, 1).await.remove(0);

    let answer = api.get(&format!("/{room}/messages")).await;

    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-store");
    let created_at = answer.json()["messages"][0]["createdAt"].clone();
    let epoch = answer.json()["page"]["epoch"].clone();
    assert_eq!(epoch.as_str().expect("a text").len(), 16);
    assert!(created_at.as_str().expect("a time").ends_with('Z'));
    assert_eq!(
        answer.json(),
        json!({
            "messages": [{
                "id": message.id,
                "tempId": message.temp_id,
                "sender": "지은",
                "content": "메시지 1",
                "roomId": room,
                "createdAt": created_at,
                "editedAt": null,
                "deleted": false,
                "seq": 1,
                "rev": 1
            }],
            "page": {
                "limit": 50,
                "before": null,
                "after": null,
                "lastSeq": 1,
                "epoch": epoch
            }
        })
    );
}

#[tokio::test]
async fn a_room_in_which_nothing_was_said_is_an_empty_page() {
    let answer = Api::start()
        .await
        .get(&format!("/{}/messages", room()))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let epoch = answer.json()["page"]["epoch"].clone();
    assert_eq!(
        answer.json(),
        json!({
            "messages": [],
            "page": {
                "limit": 50,
                "before": null,
                "after": null,
                "lastSeq": 0,
                "epoch": epoch
            }
        })
    );
}

#[tokio::test]
async fn a_client_walks_the_whole_room_by_the_cursors_of_its_pages() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 120).await;
    let path = format!("/{room}/messages");

    let mut back = Vec::new();
    let mut cursor = String::new();
    loop {
        let (seqs, before, _) = api.get(&format!("{path}?limit=50{cursor}")).await.page();
        back.splice(0..0, seqs);
        match before {
            Some(before) => cursor = format!("&before={before}"),
            None => break,
        }
    }
    let mut forth = Vec::new();
    let mut cursor = "&after=0".to_owned();
    loop {
        let (seqs, _, after) = api.get(&format!("{path}?limit=50{cursor}")).await.page();
        forth.extend(seqs);
        match after {
            Some(after) => cursor = format!("&after={after}"),
            None => break,
        }
    }

    let all: Vec<_> = (1..=120).collect();
    assert_eq!(back, all);
    assert_eq!(forth, all);
}

#[tokio::test]
async fn before_and_after_give_the_parts_that_they_name() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 9).await;
    for (query, page) in [
        ("limit=3", (vec![7, 8, 9], Some(7), None)),
        ("limit=3&before=5", (vec![2, 3, 4], Some(2), Some(4))),
        ("limit=3&after=5", (vec![6, 7, 8], Some(6), Some(8))),
        (
            "limit=3&after=2&before=8",
            (vec![5, 6, 7], Some(5), Some(7)),
        ),
        ("after=9", (vec![], Some(10), None)),
        ("before=1", (vec![], None, Some(0))),
        ("after=4&before=5", (vec![], Some(5), Some(4))),
        ("limit=200", ((1..=9).collect(), None, None)),
    ] {
        let answer = api.get(&format!("/{room}/messages?{query}")).await;
        assert_eq!(answer.page(), page, "{query}");
    }
}

#[tokio::test]
async fn wrong_parameters_are_all_named() {
    let api = Api::start().await;
    let answer = api
        .get("/lobby/messages?limit=201&before=x&includeDeleted=maybe")
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "application/problem+json"
    );
    let problem = answer.json();
    assert_eq!(problem["code"], "invalid-request");
    assert_eq!(
        problem["detail"],
        "The parameter limit is not a whole number from 1 to 200."
    );
    let pointers: Vec<_> = problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["pointer"].as_str().expect("a pointer"))
        .collect();
    assert_eq!(pointers, ["?limit", "?before", "?includeDeleted"]);
}

#[tokio::test]
async fn a_room_is_found_by_its_percent_encoded_name() {
    let api = Api::start().await;
    let tag = Uuid::new_v4();
    let room = RoomId::parse(&format!("마루 50% & co? #{tag}")).expect("a room's name");
    api.fill(&room, 1).await;
    let path = format!("/%EB%A7%88%EB%A3%A8%2050%25%20%26%20co%3F%20%23{tag}/messages");
    let answer = api.get(&path).await;
    assert_eq!(answer.page().0, [1]);
    assert_eq!(answer.json()["messages"][0]["roomId"], room.as_str());
}

#[tokio::test]
async fn a_path_that_names_no_room_is_a_problem_that_says_why() {
    let api = Api::start().await;
    for (name, why) in [
        ("a%2Fb", "contains '/'"),
        ("a%00b", "control character"),
        ("%FF", "UTF-8"),
        ("auth", "reserved"),
        (&"a".repeat(129), "more than 128"),
    ] {
        let answer = api.get(&format!("/{name}/messages")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}");
        let error = answer.json()["errors"][0].clone();
        assert_eq!(error["pointer"], "{roomId}");
        let detail = error["detail"].as_str().expect("a detail");
        assert!(detail.contains(why), "{name}: {detail}");
    }
}

#[tokio::test]
async fn a_listed_page_of_another_origin_may_read() {
    let api = Api::start().await;
    for (origin, allowed) in [
        ("https://chat.example.org", true),
        ("https://evil.example", false),
    ] {
        let request = Request::get("/lobby/messages")
            .header(header::ORIGIN, origin)
            .body(Body::empty())
            .expect("a request");
        let answer = api.answer(request).await;
        let header = answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(header.is_some(), allowed, "{origin}");
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_problems() {
    let api = Api::start().await;
    let request = Request::post("/lobby/messages")
        .body(Body::empty())
        .expect("a request");
    let answer = api.answer(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    for path in ["/", "/lobby", "/lobby/messages/", "//messages"] {
        let answer = api.get(path).await;
        let problem: Value = answer.json();
        assert!(answer.status.is_client_error(), "{path}");
        assert_eq!(problem["status"], answer.status.as_u16(), "{path}");
    }
}

#[tokio::test]
async fn the_head_of_an_answer_comes_without_its_body() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 1).await;
    for (path, status) in [
        (format!("/{room}/messages"), StatusCode::OK),
        (format!("/{room}/messages?limit=0"), StatusCode::BAD_REQUEST),
        ("/nowhere/at/all".into(), StatusCode::NOT_FOUND),
    ] {
        let request = Request::head(&path).body(Body::empty());
        let head = api.answer(request.expect("a request")).await;
        assert_eq!((head.status, head.text.as_str()), (status, ""), "{path}");
        let whole = api.get(&path).await;
        for name in [header::CONTENT_TYPE, header::ETAG] {
            assert_eq!(head.headers.get(&name), whole.headers.get(&name), "{path}");
        }
    }
}

#[tokio::test]
async fn the_page_around_a_message_has_it_in_its_middle() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 9).await;
    for (query, page) in [
        ("limit=3&around=5", (vec![4, 5, 6], Some(4), Some(6))),
        ("limit=4&around=5", (vec![4, 5, 6, 7], Some(4), Some(7))),
        ("limit=1&around=5", (vec![5], Some(5), Some(5))),
        ("limit=3&around=9", (vec![8, 9], Some(8), None)),
        ("limit=3&around=99", (vec![8, 9], Some(8), None)),
        ("limit=3&around=0", (vec![1], None, Some(1))),
    ] {
        let answer = api.get(&format!("/{room}/messages?{query}")).await;
        assert_eq!(answer.page(), page, "{query}");
    }
}

#[tokio::test]
async fn a_page_links_to_its_neighbours() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 9).await;
    let path = format!("/{room}/messages");
    let middle = api.get(&format!("{path}?limit=3&before=7")).await;
    assert_eq!(
        middle.headers[header::LINK],
        format!("<{path}?limit=3&before=4>; rel=\"prev\", <{path}?limit=3&after=6>; rel=\"next\"")
    );
    let whole = api.get(&path).await;
    assert_eq!(whole.headers.get(header::LINK), None);
}

#[tokio::test]
async fn a_full_old_page_is_kept_for_ever_under_its_version_and_asked_for_again_without() {
    let house = House::opens().await;
    let (api, ada) = (&house.api, house.account());
    let room = room();
    let mut said = Vec::new();
    for n in 1..=6 {
        said.push(
            house
                .said(&ada, room.as_str(), &format!("number {n}"))
                .await,
        );
    }
    let path = format!("/{room}/messages?limit=3&before=5");
    let page = api.get(&path).await;
    assert_eq!(page.headers[header::CACHE_CONTROL], "private, no-cache");
    let varies = page.headers.get_all(header::VARY).iter();
    let varies: Vec<_> = varies.map(|value| value.to_str().expect("text")).collect();
    let varies = varies.join(", ");
    for name in ["authorization", "origin"] {
        assert!(varies.contains(name), "{varies}");
    }
    let tag = page.headers[header::ETAG].clone();
    let versioned = page.headers[header::CONTENT_LOCATION].clone();
    let versioned = versioned.to_str().expect("a URL");
    let kept = api.get(versioned).await;
    assert_eq!(
        kept.headers[header::CACHE_CONTROL],
        "private, max-age=31536000, immutable"
    );
    assert_eq!(kept.text, page.text);

    let asked_again = async || {
        let request = Request::get(&path).header(header::IF_NONE_MATCH, &tag);
        api.answer(request.body(Body::empty()).expect("a request"))
            .await
    };
    house.said(&ada, room.as_str(), "something newer").await;
    let unchanged = asked_again().await;
    assert_eq!(
        (unchanged.status, unchanged.text.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    let deleted = format!("/{room}/messages/{}", said[2].id);
    let deleted = house
        .asked(Some(&ada), Method::DELETE, &deleted, None)
        .await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let changed = asked_again().await;
    assert_eq!(changed.page().0, [1, 2, 4]);
    let stale = api.get(versioned).await;
    assert_eq!(stale.page().0, [1, 2, 4]);
    assert_ne!(
        stale.headers.get(header::CACHE_CONTROL),
        kept.headers.get(header::CACHE_CONTROL)
    );
    let newest = api.get(&format!("/{room}/messages?limit=3")).await;
    assert_eq!(newest.headers[header::CACHE_CONTROL], "private, no-store");
}

/// The seqs of the lines of an export.
fn seqs(answer: &Answer) -> Vec<i64> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.text.is_empty() || answer.text.ends_with('\n'));
    let lines = answer.text.lines();
    lines
        .map(|line| {
            let message: Value = serde_json::from_str(line).expect("JSON");
            message["seq"].as_i64().expect("a seq")
        })
        .collect()
}

/// Where `Link` leads on from an answer.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.headers.get(header::LINK)?.to_str().expect("text");
    let target = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(target.to_owned())
}

#[tokio::test]
async fn a_room_is_exported_line_by_line() {
    let api = Api::start().await;
    let room = room();
    api.fill(&room, 450).await;
    let path = format!("/{room}/messages/export");
    let all = api.get(&path).await;
    assert_eq!(all.headers[header::CONTENT_TYPE], "application/x-ndjson");
    assert_eq!(seqs(&all), (1..=450).collect::<Vec<_>>());
    let part = api.get(&format!("{path}?after=100&limit=250")).await;
    assert_eq!(seqs(&part), (101..=350).collect::<Vec<_>>());
    let (private, owner) = {
        let house = House::opens().await;
        let (private, owner) = house.private().await;
        house.said(&owner, &private, "unter uns").await;
        let path = format!("/{private}/messages/export");
        (
            house.get(&house.account(), &path).await,
            house.get(&owner, &path).await,
        )
    };
    assert_eq!(private.status, StatusCode::NOT_FOUND);
    assert_eq!(seqs(&owner), [1]);
}

#[tokio::test]
async fn an_export_that_is_too_large_for_an_answer_goes_on_behind_it() {
    let api = Api::start().await;
    let room = room();
    let said = api.fill(&room, 450).await;
    let deleted = Amendment {
        room: room.clone(),
        id: said[9].id,
        by: Actor {
            user: UserId(Uuid::new_v4()),
            is_admin: true,
        },
        kind: AmendmentKind::Delete,
        only_if: None,
    };
    api.log.amend(&deleted).await.expect("it is deleted");
    for (query, expected) in [
        ("?limit=400", (1..=401).filter(|seq| *seq != 10).collect()),
        (
            "?limit=449&after=1&includeDeleted=true",
            (2..=450).collect::<Vec<_>>(),
        ),
    ] {
        let mut path = format!("/{room}/messages/export{query}");
        let (mut all, mut parts) = (Vec::new(), 0);
        loop {
            let state = State {
                answer_bytes_max: Some(20_000),
                ..api.state()
            };
            let request = Request::get(&path).body(Body::empty());
            let part = answer(state, request.expect("a request")).await;
            assert!(part.text.len() <= 20_000);
            all.extend(seqs(&part));
            parts += 1;
            match next(&part) {
                Some(rest) => path = rest,
                None => break,
            }
        }
        assert_eq!(all, expected, "{query}");
        assert!(parts > 4, "{parts}");
    }
}

#[tokio::test]
async fn the_largest_messages_are_handed_over() {
    let api = Api::start().await;
    let room = room();
    // Escaped in JSON, and that escaped in the JSON of an event.
    let largest = "\u{1}".repeat(Content::CHARS_MAX);
    api.fill_with(&room, &vec![largest; 200]).await;
    let page = api.get(&format!("/{room}/messages?limit=200")).await;
    assert_eq!(page.page().0, (1..=200).collect::<Vec<_>>());
    let found = api.get(&format!("/{room}/messages/search?limit=100")).await;
    assert_eq!(found.page().0.len(), 100);
    let mut export = api.get(&format!("/{room}/messages/export")).await;
    let mut all = seqs(&export);
    while let Some(rest) = next(&export) {
        assert!(matches!(WAY, Way::Lambda), "over HTTP it is streamed");
        export = api.get(&rest).await;
        all.extend(seqs(&export));
    }
    assert_eq!(all, (1..=200).collect::<Vec<_>>());
}
