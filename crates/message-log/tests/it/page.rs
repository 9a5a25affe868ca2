use chat::{RoomId, Seq};
use message_log::{MessageLog, PAGE_MESSAGES_MAX, Page, PageQuery};

use crate::database::{beside, changes_it, draft, fills, log, room, stores};

const NEWEST: PageQuery = PageQuery {
    limit: 3,
    before: None,
    after: None,
    include_deleted: false,
};

fn seqs(page: &Page) -> Vec<i64> {
    page.messages.iter().map(|message| message.seq.0).collect()
}

async fn read(log: &MessageLog, room: &RoomId, query: PageQuery) -> (Vec<i64>, bool, bool) {
    let page = log.page(room, query).await.expect("a page");
    (seqs(&page), page.more_before, page.more_after)
}

#[tokio::test]
async fn a_room_in_which_nothing_was_said_has_one_empty_page() {
    let page = log(1).await.page(&room("silent"), NEWEST).await;
    assert_eq!(
        page.expect("a page"),
        Page {
            messages: Vec::new(),
            more_before: false,
            more_after: false,
            last_seq: Seq::ZERO,
        }
    );
}

#[tokio::test]
async fn pages_walk_the_room_back_and_forth() {
    let log = log(1).await;
    let room = room("seven");
    let all = fills(&log, &room, 7).await;
    let before = |seq| PageQuery {
        before: Some(Seq(seq)),
        ..NEWEST
    };
    let after = |seq| PageQuery {
        after: Some(Seq(seq)),
        ..NEWEST
    };

    let newest = log.page(&room, NEWEST).await.expect("a page");
    assert_eq!(newest.messages, all[4..]);
    assert_eq!(newest.last_seq, Seq(7));

    assert_eq!(
        read(&log, &room, NEWEST).await,
        (vec![5, 6, 7], true, false)
    );
    assert_eq!(
        read(&log, &room, before(5)).await,
        (vec![2, 3, 4], true, true)
    );
    assert_eq!(read(&log, &room, before(2)).await, (vec![1], false, true));
    assert_eq!(
        read(&log, &room, before(4)).await,
        (vec![1, 2, 3], false, true)
    );
    assert_eq!(read(&log, &room, before(1)).await, (vec![], false, true));
    assert_eq!(
        read(&log, &room, before(99)).await,
        (vec![5, 6, 7], true, false)
    );
    assert_eq!(
        read(&log, &room, after(0)).await,
        (vec![1, 2, 3], false, true)
    );
    assert_eq!(
        read(&log, &room, after(3)).await,
        (vec![4, 5, 6], true, true)
    );
    assert_eq!(
        read(&log, &room, after(4)).await,
        (vec![5, 6, 7], true, false)
    );
    assert_eq!(read(&log, &room, after(7)).await, (vec![], true, false));
}

#[tokio::test]
async fn a_window_gives_its_newest_messages() {
    let log = log(1).await;
    let room = room("window");
    fills(&log, &room, 9).await;
    let window = |after, before| PageQuery {
        after: Some(Seq(after)),
        before: Some(Seq(before)),
        ..NEWEST
    };
    assert_eq!(
        read(&log, &room, window(1, 8)).await,
        (vec![5, 6, 7], true, true)
    );
    assert_eq!(
        read(&log, &room, window(0, 3)).await,
        (vec![1, 2], false, true)
    );
    assert_eq!(
        read(&log, &room, window(7, 10)).await,
        (vec![8, 9], true, false)
    );
    assert_eq!(read(&log, &room, window(4, 5)).await, (vec![], true, true));
}

#[tokio::test]
async fn the_ends_of_the_numbers_are_not_the_end_of_the_server() {
    let log = log(1).await;
    let room = room("edges");
    fills(&log, &room, 2).await;
    for (after, before, expected) in [
        (Some(i64::MAX), None, vec![]),
        (Some(i64::MIN), None, vec![1, 2]),
        (None, Some(i64::MAX), vec![1, 2]),
        (None, Some(i64::MIN), vec![]),
        (Some(i64::MAX), Some(i64::MIN), vec![]),
    ] {
        let query = PageQuery {
            after: after.map(Seq),
            before: before.map(Seq),
            ..NEWEST
        };
        let page = log.page(&room, query).await.expect("a page");
        assert_eq!(seqs(&page), expected, "{query:?}");
    }
}

#[tokio::test]
async fn a_limit_outside_of_its_range_is_moved_inside() {
    let log = log(1).await;
    let room = room("limits");
    fills(&log, &room, 250).await;
    for (limit, count) in [(0, 1), (1, 1), (200, 200), (u32::MAX, PAGE_MESSAGES_MAX)] {
        let page = log.page(&room, PageQuery { limit, ..NEWEST }).await;
        assert_eq!(page.expect("a page").messages.len(), count as usize);
    }
}

#[tokio::test]
async fn deleted_messages_are_left_out_unless_asked_for() {
    let log = log(1).await;
    let pool = beside().await;
    let room = room("deleted");
    let all = fills(&log, &room, 4).await;
    for deleted in [&all[0], &all[2], &all[3]] {
        changes_it(&pool, deleted, None).await;
    }

    assert_eq!(read(&log, &room, NEWEST).await, (vec![2], false, false));
    let with_deleted = PageQuery {
        include_deleted: true,
        ..NEWEST
    };
    assert_eq!(
        read(&log, &room, with_deleted).await,
        (vec![2, 3, 4], true, false)
    );
    let page = log.page(&room, with_deleted).await.expect("a page");
    assert_eq!(page.last_seq, Seq(7), "each deletion took a number");
    assert!(page.messages[1].deleted);
}

#[tokio::test]
async fn a_page_shows_its_room_and_no_other() {
    let log = log(1).await;
    let (one, two) = (room("one"), room("two"));
    stores(&log, &draft(&one, "Ada", "here")).await;
    fills(&log, &two, 3).await;
    assert_eq!(read(&log, &one, NEWEST).await, (vec![1], false, false));
}
