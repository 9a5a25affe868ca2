use chat::{Access, Seq};
use message_log::Appended;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::{
    beside, by_account, changes_it, draft, log, room, saying, seqs, stored, stores,
};

#[tokio::test]
async fn the_same_batch_again_gets_the_first_results_as_duplicates() {
    let log = log(1).await;
    let (one, two) = (room("one"), room("two"));
    let drafts = [
        draft(&one, "Ada", "a"),
        draft(&two, "Ada", "b"),
        draft(&one, "Grace", "c"),
    ];
    let first = log.append(&drafts).await.expect("the batch is stored");
    let again = log.append(&drafts).await.expect("the batch is known");

    for (first, again) in first.into_iter().zip(again) {
        assert!(matches!(
            first,
            Appended::Stored {
                duplicate: false,
                ..
            }
        ));
        assert!(matches!(
            again,
            Appended::Stored {
                duplicate: true,
                ..
            }
        ));
        assert_eq!(stored(first), stored(again));
    }
    assert_eq!(seqs(&beside().await, &one).await, [1, 2]);
}

#[tokio::test]
async fn a_batch_of_old_and_new_drafts_numbers_only_the_new() {
    let log = log(1).await;
    let room = room("mixed");
    let old = draft(&room, "Ada", "old");
    stores(&log, &old).await;

    let appended = log
        .append(&[
            draft(&room, "Ada", "new"),
            old.clone(),
            draft(&room, "Ada", "newer"),
        ])
        .await
        .expect("the batch is stored");

    let told: Vec<_> = appended
        .into_iter()
        .map(|answer| match answer {
            Appended::Stored {
                message, duplicate, ..
            } => (message.seq.0, duplicate),
            other => panic!("no conflict, and not {other:?}"),
        })
        .collect();
    assert_eq!(told, [(2, false), (1, true), (3, false)]);
    let head = log.heads(&[room]).await.expect("a read");
    assert_eq!(head[0].1.seq, Seq(3));
}

#[tokio::test]
async fn a_draft_twice_in_one_batch_is_stored_once() {
    let log = log(1).await;
    let room = room("twice");
    let said = draft(&room, "Ada", "once");
    let other = saying(&said, "something else");

    let appended = log
        .append(&[said.clone(), other, said.clone()])
        .await
        .expect("the batch is stored");

    assert!(matches!(
        &appended[0],
        Appended::Stored {
            duplicate: false,
            ..
        }
    ));
    assert_eq!(appended[1], Appended::Conflict);
    let Appended::Stored {
        message,
        duplicate: true,
        ..
    } = &appended[2]
    else {
        panic!("the third is the first again, not {:?}", appended[2]);
    };
    assert_eq!(*message, stored(appended[0].clone()));
    assert_eq!(seqs(&beside().await, &room).await, [1]);
}

#[tokio::test]
async fn a_batch_whose_first_draft_conflicts_still_knows_the_repeat_behind_it() {
    let log = log(1).await;
    let room = room("conflict first");
    let said = draft(&room, "Ada", "a");
    let message = stores(&log, &said).await;

    let appended = log
        .append(&[saying(&said, "b"), said])
        .await
        .expect("the batch is known");

    assert_eq!(
        appended,
        [
            Appended::Conflict,
            Appended::Stored {
                message,
                duplicate: true,
                access: Access(0),
            }
        ]
    );
}

#[tokio::test]
async fn the_same_key_with_another_content_is_a_conflict_and_stores_nothing() {
    let log = log(1).await;
    let room = room("conflict");
    let said = draft(&room, "Ada", "a");
    stores(&log, &said).await;

    let appended = log
        .append(&[saying(&said, "A"), draft(&room, "Ada", "next")])
        .await
        .expect("the batch is stored");

    assert_eq!(appended[0], Appended::Conflict);
    assert_eq!(stored(appended[1].clone()).seq, Seq(2));
    assert_eq!(seqs(&beside().await, &room).await, [1, 2]);
}

#[tokio::test]
async fn a_repeat_after_an_edit_or_a_deletion_is_a_duplicate_of_the_message_as_it_is_now() {
    let log = log(1).await;
    let pool = beside().await;
    let room = room("edited");
    let (one, two) = (draft(&room, "Ada", "one"), draft(&room, "Ada", "two"));
    let first = stores(&log, &one).await;
    let second = stores(&log, &two).await;
    changes_it(&pool, &first, Some("uno")).await;
    changes_it(&pool, &second, None).await;

    let appended = log.append(&[one, two]).await.expect("the batch is known");

    let [first, second] = appended
        .try_into()
        .map(|both: [Appended; 2]| both.map(stored))
        .expect("two answers");
    assert_eq!(
        (first.content.as_str(), first.seq, first.rev),
        ("uno", Seq(1), Seq(3))
    );
    assert_eq!(
        (second.deleted, second.seq, second.rev),
        (true, Seq(2), Seq(4))
    );
}

#[tokio::test]
async fn an_account_and_a_guest_of_the_same_name_are_two_senders() {
    let log = log(1).await;
    let room = room("namesakes");
    let account = Uuid::new_v4();
    let guest = draft(&room, &account.to_string(), "hi");
    let member = by_account(&guest, account);
    let other_member = by_account(&guest, Uuid::new_v4());
    let mut renamed = member.clone();
    renamed.sender.nickname = chat::Nickname::parse("Countess").expect("a name");

    let appended = log
        .append(&[guest.clone(), member.clone(), other_member])
        .await
        .expect("the batch is stored");
    let again = log
        .append(&[member, guest, renamed])
        .await
        .expect("the batch is known");

    let appended: Vec<_> = appended.into_iter().map(stored).collect();
    let again: Vec<_> = again.into_iter().map(stored).collect();
    assert_eq!(
        appended.iter().map(|m| m.seq.0).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(
        again,
        [
            appended[1].clone(),
            appended[0].clone(),
            appended[1].clone()
        ]
    );
    assert_eq!(appended[0].sender_id, None);
}

#[tokio::test]
async fn the_same_temp_id_in_another_room_is_another_message() {
    let log = log(1).await;
    let said = draft(&room("here"), "Ada", "hi");
    let mut elsewhere = said.clone();
    elsewhere.room = room("there");
    let appended = log.append(&[said, elsewhere]).await.expect("stored");
    assert!(appended.iter().all(|answer| matches!(
        answer,
        Appended::Stored {
            duplicate: false,
            ..
        }
    )));
}

#[tokio::test]
async fn of_racing_repeats_exactly_one_is_stored() {
    const RACERS: usize = 16;
    const ROUNDS: usize = 10;
    let log = log(8).await;
    let room = room("race");
    for round in 1..=ROUNDS {
        let said = draft(&room, "Ada", "me first");
        let mut racers = JoinSet::new();
        for _ in 0..RACERS {
            let (log, said) = (log.clone(), said.clone());
            racers.spawn(async move { log.append(&[said]).await.expect("stored or known") });
        }
        let answers = racers.join_all().await.concat();
        let firsts = answers
            .iter()
            .filter(|answer| {
                matches!(
                    answer,
                    Appended::Stored {
                        duplicate: false,
                        ..
                    }
                )
            })
            .count();
        assert_eq!(firsts, 1, "in round {round}");
        let messages: Vec<_> = answers.into_iter().map(stored).collect();
        assert!(messages.iter().all(|message| *message == messages[0]));
        assert_eq!(messages[0].seq.0, round as i64);
    }
}
