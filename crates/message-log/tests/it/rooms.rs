//! Rooms that were made, and who may do what in them.

use chat::{
    Access, Draft, Membership, Nickname, RoomId, RoomName, RoomRole, Seq, UserId, Visibility,
};
use message_log::{
    Appended, ChangeError, Limit, Made, MessageLog, NewRoom, ROOM_MEMBERS_MAX, ROOMS_OWNED_MAX,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::{beside, by_account, draft, fills, log, made, room, run, saying, seqs, user};

fn name(text: &str) -> RoomName {
    RoomName::parse(text).expect("a name")
}

fn private() -> RoomId {
    RoomId::minted(Visibility::Private, Uuid::new_v4())
}

async fn joins(log: &MessageLog, id: &RoomId, by: UserId, role: RoomRole) -> UserId {
    let user = user();
    log.set_member(id, by, Membership { user, role })
        .await
        .expect("may be done")
        .expect("is new");
    user
}

fn says(id: &RoomId, user: UserId, content: &str) -> Draft {
    by_account(&draft(id, "Ada", content), user.0)
}

async fn appended(log: &MessageLog, draft: &Draft) -> Appended {
    let drafts = std::slice::from_ref(draft);
    log.append(drafts).await.expect("an answer").remove(0)
}

fn is_refused<T: std::fmt::Debug>(outcome: Result<T, ChangeError>) -> String {
    outcome.expect_err("refused").to_string()
}

#[tokio::test]
async fn a_room_that_was_made_is_its_owners_and_nobody_elses() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let seen = log.room(&id, owner).await.expect("a read").expect("there");
    assert_eq!((seen.role, seen.name), (RoomRole::Owner, Some(name("방"))));
    assert_eq!(log.room(&id, user()).await.expect("a read"), None);
    assert_eq!(log.room(&private(), owner).await.expect("a read"), None);
    assert_eq!(log.role_in(&id, user()).await.expect("a read"), None);
}

#[tokio::test]
async fn making_it_again_is_no_mistake_of_its_owner_and_one_of_everybody_else() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let again = |owner, called| NewRoom {
        id: id.clone(),
        name: name(called),
        owner,
    };
    let Made {
        again: is_again, ..
    } = log.make_room(&again(owner, "방")).await.expect("known");
    assert!(is_again);
    for wrong in [again(user(), "방"), again(owner, "다른 방")] {
        let outcome = log.make_room(&wrong).await;
        assert!(matches!(outcome, Err(ChangeError::Exists)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_room_in_which_somebody_spoke_is_not_to_be_made() {
    let log = log(2).await;
    let id = room("talked in");
    fills(&log, &id, 1).await;
    let new = NewRoom {
        id,
        name: name("mine"),
        owner: user(),
    };
    let outcome = log.make_room(&new).await;
    assert!(matches!(outcome, Err(ChangeError::Exists)), "{outcome:?}");
}

#[tokio::test]
async fn only_members_say_something_in_a_private_room() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let (stranger, guest) = (user(), draft(&id, "Ada", "hi"));
    let missing = private();
    let batch = [
        says(&id, owner, "mine"),
        says(&id, stranger, "not mine"),
        guest,
        says(&missing, owner, "nowhere"),
        draft(&room("open"), "Ada", "anywhere"),
        says(&id, owner, "mine too"),
    ];
    let answers = log.append(&batch).await.expect("the batch is stored");
    let told: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Appended::Stored {
                message, access, ..
            } => Some((message.seq.0, access.0)),
            Appended::NotThere => None,
            other => panic!("stored or not there, not {other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [Some((1, 1)), None, None, None, Some((1, 0)), Some((2, 1))]
    );
    let heads = log.heads(&[missing]).await.expect("a read");
    assert_eq!(heads, [], "a room is not made by speaking into it");
}

#[tokio::test]
async fn who_was_removed_says_nothing_more_and_still_learns_that_he_was_heard() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let member = joins(&log, &id, owner, RoomRole::Member).await;
    let said = says(&id, member, "once");
    let stored = appended(&log, &said).await;
    let Appended::Stored {
        message,
        duplicate: false,
        access: Access(2),
    } = stored
    else {
        panic!("a member says something new, not {stored:?}");
    };

    let removed = log.remove_member(&id, owner, member).await.expect("done");
    assert_eq!(removed, Some(Access(3)));
    // He may not have heard of it: its COMMIT was cut off, or its receipt.
    let again = Appended::Stored {
        message,
        duplicate: true,
        access: Access(3),
    };
    assert_eq!(appended(&log, &said).await, again);
    let more = says(&id, member, "more");
    assert_eq!(appended(&log, &more).await, Appended::NotThere);
    let of_another = by_account(&said, user().0);
    assert_eq!(appended(&log, &of_another).await, Appended::NotThere);
    let changed = saying(&said, "twice");
    assert_eq!(appended(&log, &changed).await, Appended::Conflict);
    assert_eq!(seqs(&beside().await, &id).await, [1]);
}

#[tokio::test]
async fn a_removal_that_races_with_sends_decides_all_of_them_by_their_numbers() {
    const SENDS: usize = 40;
    let log = log(6).await;
    for _ in 0..5 {
        let (id, owner) = made(&log, Visibility::Private).await;
        let member = joins(&log, &id, owner, RoomRole::Member).await;
        let mut sends = JoinSet::new();
        for n in 0..SENDS {
            let (log, draft) = (log.clone(), says(&id, member, &format!("message {n}")));
            sends.spawn(async move { appended(&log, &draft).await });
        }
        let removed = log.remove_member(&id, owner, member).await.expect("done");
        let removed = removed.expect("was a member");
        for answer in sends.join_all().await {
            match answer {
                Appended::Stored { access, .. } => assert!(access < removed),
                Appended::NotThere => {}
                other => panic!("stored or not there, not {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_role_is_given_and_taken_by_who_may_and_nobody_else() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let moderator = joins(&log, &id, owner, RoomRole::Moderator).await;
    let member = joins(&log, &id, moderator, RoomRole::Member).await;
    let (stranger, other) = (user(), user());
    let set = |by, user, role| {
        let (log, id) = (log.clone(), id.clone());
        async move { log.set_member(&id, by, Membership { user, role }).await }
    };
    let not_allowed = ChangeError::NotAllowed.to_string();
    let not_there = ChangeError::NotThere.to_string();
    assert_eq!(
        is_refused(set(member, other, RoomRole::Member).await),
        not_allowed
    );
    assert_eq!(
        is_refused(set(moderator, other, RoomRole::Moderator).await),
        not_allowed
    );
    assert_eq!(
        is_refused(set(moderator, owner, RoomRole::Member).await),
        not_allowed
    );
    assert_eq!(
        is_refused(set(member, member, RoomRole::Owner).await),
        not_allowed
    );
    assert_eq!(
        is_refused(set(stranger, stranger, RoomRole::Member).await),
        not_there
    );
    assert_eq!(
        is_refused(log.remove_member(&id, member, moderator).await),
        not_allowed
    );
    assert_eq!(
        is_refused(log.remove_member(&id, moderator, owner).await),
        not_allowed
    );
    assert_eq!(
        is_refused(log.remove_member(&id, stranger, member).await),
        not_there
    );
    assert_eq!(
        is_refused(
            log.change_room(&id, moderator, Some(&name("x")), None)
                .await
        ),
        not_allowed
    );
    assert_eq!(
        is_refused(log.close_room(&id, moderator).await),
        not_allowed
    );
    assert_eq!(is_refused(log.close_room(&id, stranger).await), not_there);

    log.remove_member(&id, member, member)
        .await
        .expect("everybody may leave");
    assert_eq!(log.role_in(&id, member).await.expect("a read"), None);
}

#[tokio::test]
async fn a_room_keeps_an_owner() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let last = ChangeError::LastOwner.to_string();
    let step_down = Membership {
        user: owner,
        role: RoomRole::Member,
    };
    assert_eq!(is_refused(log.remove_member(&id, owner, owner).await), last);
    assert_eq!(
        is_refused(log.set_member(&id, owner, step_down).await),
        last
    );
    joins(&log, &id, owner, RoomRole::Owner).await;
    log.set_member(&id, owner, step_down)
        .await
        .expect("there is another");
}

#[tokio::test]
async fn of_two_owners_who_leave_at_once_one_stays() {
    let log = log(4).await;
    for _ in 0..10 {
        let (id, owner) = made(&log, Visibility::Private).await;
        let other = joins(&log, &id, owner, RoomRole::Owner).await;
        let (one, two) = tokio::join!(
            log.remove_member(&id, owner, owner),
            log.remove_member(&id, other, other)
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn what_changes_nothing_takes_no_number() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let member = joins(&log, &id, owner, RoomRole::Member).await;
    let again = Membership {
        user: member,
        role: RoomRole::Member,
    };
    assert_eq!(
        log.set_member(&id, owner, again).await.expect("is so"),
        None
    );
    let nobody = log.remove_member(&id, owner, user()).await;
    assert_eq!(nobody.expect("is so"), None);
    let rules = log.rules(&id).await.expect("a read").expect("there");
    assert_eq!(rules.access, Access(2));
    assert_eq!(rules.members[&member], RoomRole::Member);
    assert_eq!(rules.members.len(), 2);
    let heads = log.heads(std::slice::from_ref(&id)).await.expect("a read");
    assert_eq!((heads[0].1.seq, heads[0].1.access), (Seq(0), Access(2)));
}

#[tokio::test]
async fn a_closed_room_is_nobodys_and_its_id_is_not_given_again() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    appended(&log, &says(&id, owner, "hi")).await;
    log.close_room(&id, owner).await.expect("closed");
    assert_eq!(log.room(&id, owner).await.expect("a read"), None);
    assert_eq!(log.rooms_of(owner, None, 10).await.expect("a read"), []);
    assert_eq!(
        appended(&log, &says(&id, owner, "still?")).await,
        Appended::NotThere
    );
    let new = NewRoom {
        id,
        name: name("방"),
        owner,
    };
    let outcome = log.make_room(&new).await;
    assert!(matches!(outcome, Err(ChangeError::Exists)), "{outcome:?}");
}

#[tokio::test]
async fn the_rooms_of_a_user_and_the_members_of_a_room_come_page_by_page() {
    let log = log(2).await;
    let owner = user();
    let mut ids = Vec::new();
    for n in 0..3 {
        let id = if n == 1 {
            room("open and made")
        } else {
            private()
        };
        let new = NewRoom {
            id: id.clone(),
            name: name("방"),
            owner,
        };
        log.make_room(&new).await.expect("the room is made");
        ids.push(id);
    }
    ids.sort_unstable();
    let page = log.rooms_of(owner, None, 2).await.expect("a read");
    let rest = log
        .rooms_of(owner, Some(&page[1].id), 2)
        .await
        .expect("a read");
    let told: Vec<_> = page.into_iter().chain(rest).map(|room| room.id).collect();
    assert_eq!(told, ids);

    let members = [
        owner,
        joins(&log, &ids[0], owner, RoomRole::Moderator).await,
        joins(&log, &ids[0], owner, RoomRole::Member).await,
    ];
    let page = log.members(&ids[0], None, 2).await.expect("a read");
    let rest = log
        .members(&ids[0], Some(page[1].user), 2)
        .await
        .expect("a read");
    let mut told: Vec<_> = page
        .iter()
        .chain(&rest)
        .map(|member| member.user.0)
        .collect();
    let mut expected = members.map(|member| member.0).to_vec();
    expected.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_room_has_as_many_members_as_it_may_have() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let fill = format!(
        "INSERT INTO chat_room_member (room_id, user_id, role)
        SELECT '{id}', gen_random_uuid(), 'member' FROM generate_series(2, {ROOM_MEMBERS_MAX})"
    );
    run(&beside().await, fill).await;
    let one_more = Membership {
        user: user(),
        role: RoomRole::Member,
    };
    let outcome = log.set_member(&id, owner, one_more).await;
    assert!(
        matches!(outcome, Err(ChangeError::LimitReached(Limit::Members(_)))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_user_owns_as_many_rooms_as_he_may_own() {
    let log = log(4).await;
    let owner = user();
    let fill = format!(
        "WITH room AS (
            INSERT INTO chat_room (room_id, name, access, made_at)
            SELECT 'owned ' || gen_random_uuid(), 'x', 1, now()
            FROM generate_series(3, {ROOMS_OWNED_MAX})
            RETURNING room_id
        )
        INSERT INTO chat_room_member (room_id, user_id, role)
        SELECT room_id, '{owner}', 'owner' FROM room"
    );
    run(&beside().await, fill).await;
    let mut racers = JoinSet::new();
    for _ in 0..6 {
        let log = log.clone();
        racers.spawn(async move {
            let new = NewRoom {
                id: private(),
                name: name("방"),
                owner,
            };
            log.make_room(&new).await
        });
    }
    let outcomes = racers.join_all().await;
    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = |outcome: &&Result<Made, ChangeError>| {
        matches!(outcome, Err(ChangeError::LimitReached(Limit::RoomsOwned)))
    };
    assert_eq!(made, 2, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(refused).count(), 4, "{outcomes:?}");
}

#[tokio::test]
async fn a_nickname_says_nothing_about_membership() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let mut forged = says(&id, user(), "I am the owner");
    forged.sender.nickname = Nickname::parse(&owner.to_string()).expect("a name");
    assert_eq!(appended(&log, &forged).await, Appended::NotThere);
}
