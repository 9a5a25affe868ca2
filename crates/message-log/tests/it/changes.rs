use chat::Seq;

use crate::database::{beside, changes_it, fills, log, room};

#[tokio::test]
async fn changes_come_in_the_order_of_their_numbers_with_messages_as_they_are_now() {
    let log = log(1).await;
    let pool = beside().await;
    let room = room("changes");
    let all = fills(&log, &room, 4).await;
    assert_eq!(changes_it(&pool, &all[1], Some("edited")).await, 5);
    assert_eq!(changes_it(&pool, &all[0], None).await, 6);

    let changes = log.changes(&room, Seq(2), 100).await.expect("a read");

    let told: Vec<_> = changes
        .iter()
        .map(|message| (message.rev.0, message.seq.0, message.deleted))
        .collect();
    assert_eq!(
        told,
        [(3, 3, false), (4, 4, false), (5, 2, false), (6, 1, true)]
    );
    assert_eq!(changes[2].content, "edited");
    assert!(changes[2].edited_at.is_some());
}

#[tokio::test]
async fn changes_stop_at_the_limit_and_go_on_from_the_last_number() {
    let log = log(1).await;
    let room = room("paged changes");
    let all = fills(&log, &room, 5).await;
    let first = log.changes(&room, Seq::ZERO, 3).await.expect("a read");
    let second = log.changes(&room, first[2].rev, 3).await.expect("a read");
    assert_eq!([first, second].concat(), all);
    assert_eq!(log.changes(&room, Seq(5), 3).await.expect("a read"), []);
    assert_eq!(
        log.changes(&room, Seq(i64::MAX), 3).await.expect("a read"),
        []
    );
}
