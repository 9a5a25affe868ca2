//! Mutes, bans and archives, members who come by themselves, and what they have read.

use chat::{Membership, RoomId, RoomRole, Sanction, Seq, UserId, Visibility};
use message_log::{
    Actor, AmendError, Amendment, AmendmentKind, Appended, ChangeError, MessageLog, Sentence,
    Silence, UNREAD_MAX,
};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::{beside, by_account, draft, fills, log, made, room, stored, stores, user};

fn plain(user: UserId) -> Actor {
    Actor {
        user,
        is_admin: false,
    }
}

async fn joins(log: &MessageLog, id: &RoomId, by: UserId, role: RoomRole) -> UserId {
    let user = user();
    log.set_member(id, by, Membership { user, role })
        .await
        .expect("may be done");
    user
}

async fn says(log: &MessageLog, id: &RoomId, user: UserId) -> Appended {
    let said = by_account(&draft(id, "Ada", "hi"), user.0);
    log.append(&[said]).await.expect("an answer").remove(0)
}

#[tokio::test]
async fn who_is_muted_or_banned_does_not_speak_and_whoever_is_not_does() {
    let log = log(2).await;
    for visibility in [Visibility::Open, Visibility::Private] {
        let (id, owner) = made(&log, visibility).await;
        let (muted, banned) = (
            joins(&log, &id, owner, RoomRole::Member).await,
            joins(&log, &id, owner, RoomRole::Member).await,
        );
        let by = plain(owner);
        for (who, sanction) in [(muted, Sanction::Mute), (banned, Sanction::Ban)] {
            let done = log
                .sanction(&id, by, who, Some(Sentence::for_good(sanction)))
                .await;
            assert!(done.expect("may be done").is_some());
            let again = log
                .sanction(&id, by, who, Some(Sentence::for_good(sanction)))
                .await;
            assert_eq!(again.expect("no mistake"), None);
        }
        let silenced = says(&log, &id, muted).await;
        let muted_for_good = Silence::Muted { until: None };
        assert_eq!(silenced, Appended::Silenced(muted_for_good));
        let kept_out = match visibility {
            Visibility::Open => Appended::Silenced(Silence::Banned { until: None }),
            Visibility::Private => Appended::NotThere,
        };
        assert_eq!(says(&log, &id, banned).await, kept_out);
        stored(says(&log, &id, owner).await);

        let standing = log.standing(&id, banned).await.expect("a read");
        assert_eq!((standing.role, standing.admits_to(&id)), (None, false));
        let back = Membership {
            user: banned,
            role: RoomRole::Member,
        };
        let refused = log.set_member(&id, owner, back).await;
        assert!(
            matches!(refused, Err(ChangeError::Banned { until: None })),
            "{refused:?}"
        );
        log.sanction(&id, by, muted, None).await.expect("is lifted");
        stored(says(&log, &id, muted).await);
        let listed = log.sanctioned(&id, None, 10).await.expect("a read");
        let listed: Vec<_> = listed.iter().map(|one| (one.user, one.sanction)).collect();
        assert_eq!(listed, [(banned, Sanction::Ban)]);
    }
}

#[tokio::test]
async fn a_moderator_sanctions_members_an_owner_everybody_else_and_nobody_himself() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Open).await;
    let moderator = joins(&log, &id, owner, RoomRole::Moderator).await;
    let member = joins(&log, &id, owner, RoomRole::Member).await;
    for (by, who) in [
        (moderator, owner),
        (moderator, moderator),
        (member, moderator),
        (member, user()),
        (owner, owner),
    ] {
        let refused = log
            .sanction(
                &id,
                plain(by),
                who,
                Some(Sentence::for_good(Sanction::Mute)),
            )
            .await;
        assert!(
            matches!(refused, Err(ChangeError::NotAllowed)),
            "{refused:?}"
        );
    }
    let stranger = log
        .sanction(
            &id,
            plain(user()),
            member,
            Some(Sentence::for_good(Sanction::Ban)),
        )
        .await;
    assert!(
        matches!(stranger, Err(ChangeError::NotThere)),
        "{stranger:?}"
    );
    for (by, who) in [(moderator, user()), (moderator, member), (owner, moderator)] {
        let done = log
            .sanction(&id, plain(by), who, Some(Sentence::for_good(Sanction::Ban)))
            .await;
        done.expect("may be done");
    }
    let unmade = room("unmade");
    let admin = Actor {
        user: user(),
        is_admin: true,
    };
    let done = log
        .sanction(
            &unmade,
            admin,
            member,
            Some(Sentence::for_good(Sanction::Ban)),
        )
        .await;
    done.expect("may be done");
    let kept_out = says(&log, &unmade, member).await;
    assert_eq!(
        kept_out,
        Appended::Silenced(Silence::Banned { until: None })
    );
}

#[tokio::test]
async fn what_has_ended_by_itself_keeps_nobody_from_anything() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Open).await;
    let (mia, eve) = (user(), user());
    let by = plain(owner);
    #[expect(clippy::disallowed_methods, reason = "Postgres reads its own")]
    let now = OffsetDateTime::now_utc();
    let (past, future) = (now - Duration::HOUR, now + Duration::HOUR);
    let passes = async |who, sanction, end| {
        let sentence = Sentence::until(sanction, end);
        let done = log.sanction(&id, by, who, Some(sentence)).await;
        done.expect("may be done")
    };
    assert!(passes(mia, Sanction::Mute, future).await.is_some());
    assert_eq!(passes(mia, Sanction::Mute, future).await, None, "it is so");
    assert!(passes(eve, Sanction::Ban, future).await.is_some());
    let until = Sentence::until(Sanction::Mute, future).until;
    let silenced = says(&log, &id, mia).await;
    assert_eq!(silenced, Appended::Silenced(Silence::Muted { until }));
    let kept_out = says(&log, &id, eve).await;
    assert_eq!(kept_out, Appended::Silenced(Silence::Banned { until }));
    let standing = log.standing(&id, eve).await.expect("a read");
    assert!(!standing.admits_to(&id) && standing.until == until);
    let refused = log.join_room(&id, eve).await;
    assert!(
        matches!(refused, Err(ChangeError::Banned { until: told }) if told == until),
        "{refused:?}"
    );
    let rules = log.rules(&id).await.expect("a read").expect("rules");
    assert_eq!(rules.sanctions[&mia].until, until);
    let remaining = rules.sanctions[&mia].remaining.expect("it ends");
    assert!(remaining > Duration::minutes(50) && remaining <= Duration::HOUR);

    assert!(passes(mia, Sanction::Mute, past).await.is_some());
    assert!(passes(eve, Sanction::Ban, past).await.is_some());
    stored(says(&log, &id, mia).await);
    stored(says(&log, &id, eve).await);
    let standing = log.standing(&id, eve).await.expect("a read");
    assert_eq!((standing.sanction, standing.until), (None, None));
    assert!(standing.admits_to(&id));
    let rules = log.rules(&id).await.expect("a read").expect("rules");
    assert!(rules.sanctions.is_empty());
    let listed = log.sanctioned(&id, None, 10).await.expect("a read");
    assert!(listed.is_empty());
    let back = Membership {
        user: eve,
        role: RoomRole::Member,
    };
    log.set_member(&id, owner, back).await.expect("may be done");
    // What is over is nothing that could be lifted.
    let lifted = log.sanction(&id, by, mia, None).await;
    assert_eq!(lifted.expect("no mistake"), None);
}

#[tokio::test]
async fn of_a_ban_and_a_send_at_once_one_is_first_and_nothing_comes_after() {
    let log = log(4).await;
    for _ in 0..15 {
        let (id, owner) = made(&log, Visibility::Open).await;
        let member = joins(&log, &id, owner, RoomRole::Member).await;
        let mut race = JoinSet::new();
        let sending = (log.clone(), id.clone());
        race.spawn(async move {
            let stored = says(&sending.0, &sending.1, member).await;
            matches!(stored, Appended::Stored { .. })
        });
        let banning = (log.clone(), id.clone());
        race.spawn(async move {
            let (log, id) = banning;
            let done = log.sanction(
                &id,
                plain(owner),
                member,
                Some(Sentence::for_good(Sanction::Ban)),
            );
            done.await.expect("may be done").is_some()
        });
        race.join_all().await;
        let after = says(&log, &id, member).await;
        assert_eq!(after, Appended::Silenced(Silence::Banned { until: None }));
        let rules = log.rules(&id).await.expect("a read").expect("there");
        let last = log.changes(&id, Seq(0), 10).await.expect("a read");
        assert!(last.len() <= 1 && rules.sanctions.contains_key(&member));
    }
}

#[tokio::test]
async fn in_an_archived_room_nothing_is_said_or_changed_until_it_is_opened_again() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let message = stored(says(&log, &id, owner).await);
    let archive = async |archived| {
        let changed = log.change_room(&id, owner, None, Some(archived));
        changed.await.expect("may be done");
    };
    archive(true).await;
    let said = says(&log, &id, owner).await;
    assert_eq!(said, Appended::Silenced(Silence::Archived));
    let deletion = Amendment {
        room: id.clone(),
        id: message.id,
        by: plain(owner),
        kind: AmendmentKind::Delete,
        only_if: None,
    };
    let refused = log.amend(&deletion).await;
    let archived = AmendError::Silenced(Silence::Archived);
    assert_eq!(
        refused.expect_err("refused").to_string(),
        archived.to_string()
    );
    let seen = log.room(&id, owner).await.expect("a read").expect("there");
    assert!(seen.is_archived);
    archive(false).await;
    stored(says(&log, &id, owner).await);
}

#[tokio::test]
async fn what_others_said_is_unread_until_it_is_read_and_a_mark_only_goes_forward() {
    let log = log(2).await;
    let id = room("unread");
    let (ada, ben) = (user(), user());
    fills(&log, &id, 2).await;
    let read = log.read_to(&id, ada, Seq(1)).await.expect("may be done");
    assert_eq!(
        (read.seq, read.is_new),
        (Seq(2), false),
        "a newcomer has nothing unread"
    );
    stores(&log, &by_account(&draft(&id, "Ben", "three"), ben.0)).await;
    stores(&log, &by_account(&draft(&id, "Ada", "four"), ada.0)).await;
    stores(&log, &by_account(&draft(&id, "Ben", "five"), ben.0)).await;
    let unread = async || {
        let room = log.room(&id, ada).await.expect("a read").expect("there");
        (room.unread, room.read_seq.0)
    };
    assert_eq!(unread().await, (2, 2), "one's own is not counted");
    for (seq, told) in [
        (3, (3, true)),
        (3, (3, false)),
        (1, (3, false)),
        (99, (5, true)),
    ] {
        let read = log.read_to(&id, ada, Seq(seq)).await.expect("may be done");
        assert_eq!((read.seq.0, read.is_new), told, "{seq}");
    }
    assert_eq!(unread().await, (0, 5));
    fills(&log, &id, UNREAD_MAX as usize + 5).await;
    assert_eq!(unread().await, (UNREAD_MAX, 5));
    let room = log.room(&id, ada).await.expect("a read").expect("there");
    assert_eq!(room.last.expect("a message").seq, room.last_seq);
    let private = RoomId::minted(Visibility::Private, Uuid::new_v4());
    let refused = log.read_to(&private, ada, Seq(1)).await;
    assert!(matches!(refused, Err(ChangeError::NotThere)), "{refused:?}");
}

#[tokio::test]
async fn of_two_devices_at_once_the_farther_mark_stays() {
    let log = log(4).await;
    let id = room("devices");
    let ada = user();
    log.join_room(&id, ada).await.expect("may be done");
    fills(&log, &id, 40).await;
    for round in 0..10 {
        let mut race = JoinSet::new();
        for seq in [4 * round + 1, 4 * round + 3, 4 * round + 2] {
            let (log, id) = (log.clone(), id.clone());
            race.spawn(async move { log.read_to(&id, ada, Seq(seq)).await.expect("done").seq });
        }
        let answered = race.join_all().await;
        let room = log.room(&id, ada).await.expect("a read").expect("there");
        assert_eq!(room.read_seq, Seq(4 * round + 3));
        assert!(answered.iter().all(|seq| *seq <= room.read_seq));
    }
}

#[tokio::test]
async fn coming_and_leaving_at_once_end_one_way_or_the_other() {
    let log = log(4).await;
    let id = room("doorway");
    let ada = user();
    for _ in 0..15 {
        let mut race = JoinSet::new();
        let (coming, leaving) = ((log.clone(), id.clone()), (log.clone(), id.clone()));
        race.spawn(async move { coming.0.join_room(&coming.1, ada).await.is_ok() });
        race.spawn(async move {
            let left = leaving.0.remove_member(&leaving.1, ada, ada).await;
            matches!(left, Ok(_) | Err(ChangeError::NotThere))
        });
        assert_eq!(race.join_all().await, [true, true]);
        let rows: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM chat_room_member WHERE room_id = $1 AND user_id = $2",
        )
        .bind(id.as_str())
        .bind(ada.0)
        .fetch_one(&beside().await)
        .await
        .expect("a count");
        let standing = log.standing(&id, ada).await.expect("a read");
        assert_eq!(standing.role.is_some(), rows == 1);
    }
}
