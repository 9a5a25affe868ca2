//! What is found, and what is not.

use chat::{Content, Message, RoomId, SearchText, Seq, UserId};
use message_log::{
    Actor, Amendment, AmendmentKind, BySender, Found, Indexed, MessageLog, SEARCH_MESSAGES_MAX,
    SearchQuery,
};
use uuid::Uuid;

use crate::database::{beside, by_account, draft, fills, log, room, stored, stores};

fn words(text: &str) -> SearchQuery {
    SearchQuery {
        text: Some(SearchText::parse(text).expect("a search")),
        limit: SEARCH_MESSAGES_MAX,
        ..SearchQuery::default()
    }
}

async fn found(log: &MessageLog, room: &RoomId, query: &SearchQuery) -> Found {
    log.search(room, query).await.expect("an answer")
}

/// Takes all that was said in a room into the index; tells how many changes that were.
pub(crate) async fn indexes(log: &MessageLog, room: &RoomId) -> u64 {
    let mut all = 0;
    loop {
        match log.index_rooms(std::slice::from_ref(room)).await {
            Ok(Indexed::Done { messages, has_more }) => {
                all += messages;
                if !has_more {
                    return all;
                }
            }
            // Another test is at it.
            Ok(Indexed::Elsewhere) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// What is found, which is the same before and after the index has taken it in.
async fn contents(log: &MessageLog, room: &RoomId, text: &str) -> Vec<String> {
    let before = found(log, room, &words(text)).await;
    indexes(log, room).await;
    let found = found(log, room, &words(text)).await;
    assert_eq!(found, before);
    assert_eq!(found.before, None);
    found
        .messages
        .into_iter()
        .map(|message| message.content)
        .collect()
}

/// Says all of it, one batch.
pub(crate) async fn says_all(log: &MessageLog, room: &RoomId, texts: &[&str]) -> Vec<Message> {
    let drafts: Vec<_> = texts.iter().map(|text| draft(room, "지은", text)).collect();
    let appended = log.append(&drafts).await.expect("the batch is stored");
    appended.into_iter().map(stored).collect()
}

#[tokio::test]
async fn what_was_edited_is_found_as_it_is_now_and_what_was_deleted_never() {
    let log = log(2).await;
    let room = room("search changed");
    let author = UserId(Uuid::new_v4());
    let message = stores(&log, &by_account(&draft(&room, "Ada", "월요일"), author.0)).await;
    let amend = async |kind| {
        let amendment = Amendment {
            room: room.clone(),
            id: message.id,
            by: Actor {
                user: author,
                is_admin: false,
            },
            kind,
            only_if: None,
        };
        log.amend(&amendment).await.expect("it is changed");
    };
    amend(AmendmentKind::Edit(
        Content::parse("화요일").expect("a content"),
    ))
    .await;
    assert_eq!(contents(&log, &room, "월요일").await, [""; 0]);
    assert_eq!(contents(&log, &room, "화요일").await, ["화요일"]);
    amend(AmendmentKind::Delete).await;
    for text in ["화요일", "화"] {
        assert_eq!(contents(&log, &room, text).await, [""; 0], "{text}");
    }
}

#[tokio::test]
async fn senders_and_times_narrow_a_search() {
    let log = log(2).await;
    let room = room("search narrowed");
    let ben = Uuid::new_v4();
    let first = stores(&log, &draft(&room, "Ada", "the first plan")).await;
    let second = stores(
        &log,
        &by_account(&draft(&room, "Ben", "the second plan"), ben),
    )
    .await;
    let third = stores(&log, &draft(&room, "Ada", "the third plan")).await;
    let seqs = async |query: SearchQuery| -> Vec<i64> {
        let found = found(&log, &room, &query).await;
        found.messages.iter().map(|message| message.seq.0).collect()
    };
    let plan = words("plan");
    let by = |sender| SearchQuery {
        sender: Some(sender),
        ..plan.clone()
    };
    assert_eq!(seqs(plan.clone()).await, [3, 2, 1]);
    assert_eq!(seqs(by(BySender::Name("Ada".into()))).await, [3, 1]);
    assert_eq!(seqs(by(BySender::Id(UserId(ben)))).await, [2]);
    assert_eq!(seqs(by(BySender::Name("ada".into()))).await, [0_i64; 0]);
    let everything_of_ben = SearchQuery {
        text: None,
        ..by(BySender::Id(UserId(ben)))
    };
    assert_eq!(seqs(everything_of_ben).await, [2]);
    let between = SearchQuery {
        from: Some(second.created_at),
        to: Some(third.created_at),
        ..plan.clone()
    };
    assert_eq!(seqs(between.clone()).await, [2]);
    let untold = SearchQuery {
        text: None,
        ..between
    };
    assert_eq!(seqs(untold).await, [2]);
    let before = SearchQuery {
        to: Some(first.created_at),
        ..plan
    };
    assert_eq!(seqs(before).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_search_goes_on_where_its_last_answer_ended() {
    let log = log(2).await;
    let room = room("search paged");
    fills(&log, &room, 30).await;
    indexes(&log, &room).await;
    // The last of them are not in the index yet.
    fills(&log, &room, 15).await;
    for text in ["message", "m"] {
        let mut seqs = Vec::new();
        let mut query = SearchQuery {
            limit: 10,
            ..words(text)
        };
        loop {
            let Found {
                messages, before, ..
            } = found(&log, &room, &query).await;
            assert!(messages.len() <= 10);
            seqs.extend(messages.iter().map(|message| message.seq.0));
            match before {
                Some(before) => query.before = Some(before),
                None => break,
            }
        }
        let all: Vec<i64> = (1..=45).rev().collect();
        assert_eq!(seqs, all, "{text}");
    }
}

#[tokio::test]
async fn ones_rooms_are_searched_together_newest_first() {
    let log = log(2).await;
    let ada = UserId(Uuid::new_v4());
    let (first, second, foreign) = (room("across a"), room("across b"), room("across c"));
    for joined in [&first, &second] {
        log.join_room(joined, ada).await.expect("may be done");
    }
    let mut expected = Vec::new();
    for n in 0..6 {
        for place in [&first, &second, &foreign] {
            let message = says_all(&log, place, &[&format!("수요일 {n}")])
                .await
                .remove(0);
            if place != &foreign {
                expected.insert(0, message);
            }
        }
    }
    // What follows is not in the index yet.
    for place in [&first, &second, &foreign] {
        indexes(&log, place).await;
    }
    // Two of one moment.
    let pair = says_all(&log, &second, &["수요일 쌍", "수요일 쌍둥이"]).await;
    expected.splice(0..0, pair.into_iter().rev());
    let query = SearchQuery {
        limit: 1,
        ..words("수요일")
    };
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let answer = log
            .search_rooms(ada, &query, before)
            .await
            .expect("an answer");
        let answer = answer.expect("it can be searched for");
        found.extend(answer.messages);
        match answer.before {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    assert_eq!(found, expected);
    let vague = log.search_rooms(ada, &words("수"), None).await;
    assert_eq!(vague.expect("an answer"), None);
}

#[tokio::test]
async fn a_large_room_is_searched_to_its_beginning_across_its_blocks() {
    let log = log(2).await;
    let room = room("search large");
    let pool = beside().await;
    fills(&log, &room, 1).await;
    // The rooms' numbers are moved apart, as edits would, so that blocks lie in between.
    for (place, text) in [
        (4_095, "금요일 하나"),
        (4_096, "금요일 둘"),
        (900_000, "금요일 셋"),
    ] {
        sqlx::query("UPDATE chat_room SET last_seq = $2 WHERE room_id = $1")
            .bind(room.as_str())
            .bind(place - 1)
            .execute(&pool)
            .await
            .expect("the counter is moved");
        let message = says_all(&log, &room, &[text]).await.remove(0);
        assert_eq!(message.seq, Seq(place));
    }
    let expected = ["금요일 셋", "금요일 둘", "금요일 하나"];
    assert_eq!(contents(&log, &room, "금요일").await, expected);
    assert_eq!(contents(&log, &room, "ㄱㅇㅇ").await, expected);
    assert_eq!(contents(&log, &room, "message").await, ["message 1"]);
}

#[tokio::test]
async fn a_hostile_search_does_a_bounded_share_of_the_work_at_a_time() {
    let log = log(2).await;
    let room = room("search hostile");
    // Each of the pairs of "가나다" is in every one of them, and that nowhere.
    let said = "가나 나다 ㄱㄴㄷ .*.*.* %_%_ aaaaaaaaaaaaaaaa";
    let texts = [said; 512];
    for _ in 0..6 {
        says_all(&log, &room, &texts).await;
    }
    indexes(&log, &room).await;
    let consonants = "ㄱ".repeat(SearchText::CHARS_MAX);
    for hostile in [
        "가나다",
        "나가",
        &consonants,
        "ㄴㄱ",
        "ㄴㄷㄱ",
        ".*.*.*(a+)+$",
        "%_%_%_%_",
        "aaaaaaaaaaaaaaaab",
        "z",
        "가 나 다 라 마 바 사 아",
    ] {
        let mut query = words(hostile);
        let mut answers = 0;
        loop {
            let Found {
                messages, before, ..
            } = found(&log, &room, &query).await;
            assert_eq!(messages, [], "{hostile}");
            answers += 1;
            match before {
                Some(before) => query.before = Some(before),
                None => break,
            }
        }
        // Eight statements of at most 101 rows each, or three that look at 1 500 messages.
        assert!(answers <= 5, "{hostile}: {answers} answers");
    }
}

#[tokio::test]
async fn what_was_said_before_there_was_an_index_comes_into_it() {
    let log = log(2).await;
    let room = room("search before");
    let pool = beside().await;
    for _ in 0..3 {
        fills(&log, &room, 512).await;
    }
    let lacking = async || {
        let mut after: Option<RoomId> = None;
        loop {
            let rooms = log.rooms_to_index(after.as_ref()).await.expect("rooms");
            if rooms.contains(&room) {
                return true;
            }
            match rooms.last() {
                Some(last) => after = Some(last.clone()),
                None => return false,
            }
        }
    };
    assert!(lacking().await);
    assert_eq!(indexes(&log, &room).await, 3 * 512);
    assert!(!lacking().await);
    assert_eq!(indexes(&log, &room).await, 0);
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM chat_message_search WHERE room_id = $1")
            .bind(room.as_str())
            .fetch_one(&pool)
            .await
            .expect("a count");
    assert_eq!(rows, 3 * 512);
    let query = SearchQuery {
        limit: 7,
        ..words("message 512")
    };
    assert_eq!(found(&log, &room, &query).await.messages.len(), 3);
}

#[tokio::test]
async fn a_room_that_has_gone_back_is_taken_into_the_index_anew() {
    let log = log(2).await;
    let room = room("search back");
    let pool = beside().await;
    says_all(&log, &room, &["one", "two", "three"]).await;
    indexes(&log, &room).await;
    // As a restore by hand leaves it: the rows of the index stay.
    for sql in [
        "DELETE FROM chat_message WHERE room_id = $1 AND seq > 1",
        "UPDATE chat_room SET last_seq = 1 WHERE room_id = $1",
    ] {
        let done = sqlx::query(sql).bind(room.as_str()).execute(&pool).await;
        done.expect("it is put back");
    }
    says_all(&log, &room, &["four"]).await;
    for (text, expected) in [("two", &[][..]), ("four", &["four"]), ("one", &["one"])] {
        assert_eq!(contents(&log, &room, text).await, expected, "{text}");
    }
}
