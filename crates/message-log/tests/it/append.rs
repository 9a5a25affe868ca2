use std::collections::{BTreeMap, HashSet};

use chat::Seq;
use message_log::{APPEND_BATCH_MAX, AppendError, Appended};
use tokio::task::JoinSet;

use crate::database::{beside, draft, fills, log, room, seqs, stored, stores};

#[tokio::test]
async fn a_message_comes_back_as_it_was_stored() {
    let log = log(1).await;
    let room = room("한글 'quoted' \\ room; --");
    let typed =
        "  e\u{301}\u{200d}👩‍👩‍👧 \u{feff}line\r\nline\t'; DROP TABLE chat_message; --\u{10ffff} ";
    let draft = draft(&room, "지은\u{301} 🙂", typed);

    let message = stores(&log, &draft).await;

    assert_eq!(message.content.as_bytes(), typed.as_bytes());
    assert_eq!(message.sender, "지은\u{301} 🙂");
    assert_eq!((message.seq, message.rev), (Seq(1), Seq(1)));
    assert_eq!(message.room, room);
    assert_eq!(message.temp_id, draft.temp_id);
    assert_eq!(message.id.0.get_version_num(), 7);
    assert_eq!((message.edited_at, message.deleted), (None, false));
    let read = log.changes(&room, Seq::ZERO, 10).await.expect("a read");
    assert_eq!(read, [message]);
}

#[tokio::test]
async fn drafts_of_a_batch_are_numbered_in_their_order_room_by_room() {
    let log = log(1).await;
    let (one, two) = (room("one"), room("two"));
    let rooms = [&two, &one, &two, &two, &one];
    let drafts: Vec<_> = rooms.iter().map(|room| draft(room, "Ada", "hi")).collect();

    let appended = log.append(&drafts).await.expect("the batch is stored");

    let numbers: Vec<_> = appended
        .into_iter()
        .map(|answer| stored(answer).seq.0)
        .collect();
    assert_eq!(numbers, [1, 1, 2, 3, 2]);
}

#[tokio::test]
async fn the_largest_batch_is_stored_and_one_draft_more_is_refused() {
    let log = log(1).await;
    let room = room("large");
    let mut drafts: Vec<_> = (0..APPEND_BATCH_MAX)
        .map(|_| draft(&room, "Ada", "hi"))
        .collect();
    let appended = log.append(&drafts).await.expect("the batch is stored");
    let numbers: Vec<_> = appended
        .into_iter()
        .map(|answer| usize::try_from(stored(answer).seq.0).expect("a number"))
        .collect();
    assert!(numbers.into_iter().eq(1..=APPEND_BATCH_MAX));

    drafts.push(draft(&room, "Ada", "one too many"));
    assert!(matches!(
        log.append(&drafts).await,
        Err(AppendError::NotStored(_))
    ));
}

#[tokio::test]
async fn an_empty_batch_is_nothing() {
    assert_eq!(log(1).await.append(&[]).await.expect("nothing"), []);
}

#[tokio::test]
async fn fifty_appenders_on_many_rooms_leave_no_hole_and_no_double() {
    const APPENDERS: usize = 50;
    const BATCHES: usize = 8;
    const ROOMS: usize = 12;
    let log = log(10).await;
    let rooms: Vec<_> = (0..ROOMS).map(|n| room(&format!("busy {n}"))).collect();

    let mut appenders = JoinSet::new();
    for appender in 0..APPENDERS {
        let (log, rooms) = (log.clone(), rooms.clone());
        appenders.spawn(async move {
            let mut messages = Vec::new();
            for batch in 0..BATCHES {
                // Each appender goes through the rooms in an order of its own, some twice.
                let drafts: Vec<_> = (0..6)
                    .map(|n| &rooms[(appender * 5 + batch + n * (appender % 7 + 1)) % ROOMS])
                    .map(|room| draft(room, "Ada", "hi"))
                    .collect();
                let appended = append_until_stored(&log, &drafts).await;
                messages.extend(appended.into_iter().map(stored));
            }
            messages
        });
    }
    let messages = appenders.join_all().await.concat();

    let mut by_room: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for message in &messages {
        by_room.entry(&message.room).or_default().push(message);
    }
    assert_eq!(messages.len(), APPENDERS * BATCHES * 6);
    let pool = beside().await;
    for (room, mut messages) in by_room {
        messages.sort_by_key(|message| message.seq);
        let numbers: Vec<_> = messages.iter().map(|message| message.seq.0).collect();
        let expected: Vec<_> = (1..=messages.len() as i64).collect();
        assert_eq!(numbers, expected, "what the appenders were told");
        assert_eq!(seqs(&pool, room).await, expected, "what stands in the room");
        assert!(
            messages.is_sorted_by_key(|message| message.created_at),
            "no message is older than the one before it"
        );
    }
    let ids: HashSet<_> = messages.iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), messages.len());
}

/// A crowd on few connections may have to wait longer than one call does.
async fn append_until_stored(
    log: &message_log::MessageLog,
    drafts: &[chat::Draft],
) -> Vec<Appended> {
    loop {
        match log.append(drafts).await {
            Ok(appended) => return appended,
            Err(AppendError::NotStored(_)) => {}
            Err(unknown) => panic!("{unknown}"),
        }
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_message_older_than_the_one_before() {
    let log = log(1).await;
    let room = room("clock");
    stores(&log, &draft(&room, "Ada", "first")).await;
    let future: time::OffsetDateTime = sqlx::query_scalar(
        "UPDATE chat_room SET last_created_at = now() + interval '1 hour' WHERE room_id = $1
         RETURNING last_created_at",
    )
    .bind(room.as_str())
    .fetch_one(&beside().await)
    .await
    .expect("the last message is from the future");
    let mut later = fills(&log, &room, 2).await;
    later.push(stores(&log, &draft(&room, "Ada", "last")).await);
    assert!(later.iter().all(|message| message.created_at == future));
}
