//! Edits and deletions: who may, what numbers they take, and which of two comes first.

use chat::{Content, Message, RoomId, Seq, UserId};
use message_log::{Actor, AmendError, Amended, Amendment, AmendmentKind, MessageLog, PageQuery};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::{beside, by_account, draft, fills, log, room, stores};

fn edit(message: &Message, by: UserId, content: &str) -> Amendment {
    Amendment {
        room: message.room.clone(),
        id: message.id,
        by: Actor {
            user: by,
            is_admin: false,
        },
        kind: AmendmentKind::Edit(Content::parse(content).expect("a content")),
        only_if: None,
    }
}

fn delete(message: &Message, by: UserId) -> Amendment {
    Amendment {
        kind: AmendmentKind::Delete,
        ..edit(message, by, "-")
    }
}

fn only_if(rev: Seq, amendment: Amendment) -> Amendment {
    Amendment {
        only_if: Some(vec![rev]),
        ..amendment
    }
}

/// A message of somebody, and who that is.
async fn said(log: &MessageLog, room: &RoomId) -> (Message, UserId) {
    let author = UserId(Uuid::new_v4());
    let message = stores(log, &by_account(&draft(room, "Ada", "first"), author.0)).await;
    (message, author)
}

async fn changed(log: &MessageLog, amendment: &Amendment) -> Message {
    let Amended { message, .. } = log.amend(amendment).await.expect("it is changed");
    message
}

#[tokio::test]
async fn each_change_takes_the_rooms_next_number_and_keeps_the_place() {
    let log = log(2).await;
    let room = room("amended");
    let (message, author) = said(&log, &room).await;
    fills(&log, &room, 2).await;

    let edited = changed(&log, &edit(&message, author, "second")).await;
    assert_eq!((edited.seq, edited.rev), (message.seq, Seq(4)));
    assert_eq!(edited.content, "second");
    assert!(edited.edited_at.is_some_and(|at| at >= message.created_at));
    let deleted = changed(&log, &delete(&message, author)).await;
    assert_eq!((deleted.seq, deleted.rev), (message.seq, Seq(5)));
    assert!(deleted.deleted);

    let missed = log.changes(&room, Seq(1), 10).await.expect("a read");
    let missed: Vec<_> = missed.iter().map(|row| (row.seq.0, row.rev.0)).collect();
    assert_eq!(missed, [(2, 2), (3, 3), (1, 5)]);
    let next = fills(&log, &room, 1).await.remove(0);
    assert_eq!(next.seq, Seq(6), "the numbers go on without a hole");
    let page = PageQuery {
        limit: 10,
        before: None,
        after: None,
        include_deleted: false,
    };
    let page = log.page(&room, page).await.expect("a read");
    let seqs: Vec<_> = page.messages.iter().map(|row| row.seq.0).collect();
    assert_eq!(seqs, [2, 3, 6]);
}

#[tokio::test]
async fn who_changed_what_and_when_is_kept() {
    let log = log(2).await;
    let (message, author) = said(&log, &room("audited")).await;
    let admin = Actor {
        user: UserId(Uuid::new_v4()),
        is_admin: true,
    };
    changed(&log, &edit(&message, author, "second")).await;
    let by_admin = Amendment {
        by: admin,
        ..delete(&message, author)
    };
    changed(&log, &by_admin).await;
    let kept: Vec<(i64, String, Uuid)> = sqlx::query_as(
        "SELECT rev, kind, by_user FROM chat_message_change WHERE message_id = $1 ORDER BY rev",
    )
    .bind(message.id.0)
    .fetch_all(&beside().await)
    .await
    .expect("the rows");
    assert_eq!(
        kept,
        [
            (2, "edit".into(), author.0),
            (3, "delete".into(), admin.user.0)
        ]
    );
}

#[tokio::test]
async fn what_is_refused_takes_no_number() {
    let log = log(2).await;
    let room = room("refused");
    let (message, author) = said(&log, &room).await;
    let guests = stores(&log, &draft(&room, "Ada", "a guest's")).await;
    let stranger = UserId(Uuid::new_v4());
    for wrong in [edit(&message, stranger, "mine"), delete(&guests, author)] {
        let refused = log.amend(&wrong).await.expect_err("refused");
        assert!(matches!(refused, AmendError::NotAllowed), "{refused:?}");
    }
    let stale = only_if(Seq(7), edit(&message, author, "second"));
    let refused = log.amend(&stale).await.expect_err("refused");
    assert!(matches!(refused, AmendError::Changed { rev: Seq(1) }));
    changed(&log, &delete(&message, author)).await;
    let late = log.amend(&edit(&message, author, "second")).await;
    assert!(matches!(late, Err(AmendError::Deleted)), "{late:?}");
    let again = log.amend(&delete(&message, author)).await.expect("known");
    assert!(again.already);
    let heads = log
        .heads(std::slice::from_ref(&room))
        .await
        .expect("a read");
    assert_eq!(heads[0].1.seq, Seq(3));
}

#[tokio::test]
async fn of_an_edit_and_a_deletion_at_once_the_deletion_stays() {
    let log = log(4).await;
    let room = room("raced");
    for _ in 0..25 {
        let (message, author) = said(&log, &room).await;
        let before = log
            .heads(std::slice::from_ref(&room))
            .await
            .expect("a read")[0]
            .1
            .seq;
        let mut race = JoinSet::new();
        for amendment in [edit(&message, author, "second"), delete(&message, author)] {
            let log = log.clone();
            race.spawn(async move { log.amend(&amendment).await });
        }
        let outcomes = race.join_all().await;
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        for outcome in &outcomes {
            assert!(
                matches!(outcome, Ok(_) | Err(AmendError::Deleted)),
                "{outcome:?}"
            );
        }
        let now = log.message(&room, message.id).await.expect("a read");
        assert!(now.expect("it is there").deleted);
        let after = log
            .heads(std::slice::from_ref(&room))
            .await
            .expect("a read")[0]
            .1
            .seq;
        assert_eq!(after.0 - before.0, 2 - refused as i64, "{outcomes:?}");
    }
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_is_made() {
    let log = log(4).await;
    let room = room("one of two");
    for _ in 0..25 {
        let (message, author) = said(&log, &room).await;
        let mut race = JoinSet::new();
        for amendment in [
            edit(&message, author, "second"),
            edit(&message, author, "third"),
            delete(&message, author),
        ] {
            let (log, amendment) = (log.clone(), only_if(message.rev, amendment));
            race.spawn(async move { log.amend(&amendment).await });
        }
        let outcomes = race.join_all().await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "{outcomes:?}");
    }
}
