//! Invitations and links: who is asked in, and who comes.

use std::time::Duration;

use chat::{Membership, RoomId, RoomRole, Sanction, UserId, Visibility};
use message_log::{
    Actor, ChangeError, INVITATIONS_PER_ROOM_MAX, LINKS_PER_ROOM_MAX, Limit, LinkToken, MessageLog,
    Sentence,
};
use tokio::task::JoinSet;

use crate::database::{beside, log, made, user};

const HOUR: Duration = Duration::from_hours(1);

async fn role(log: &MessageLog, id: &RoomId, user: UserId) -> Option<RoomRole> {
    log.role_in(id, user).await.expect("a read")
}

async fn bans(log: &MessageLog, id: &RoomId, by: UserId, who: UserId) {
    let by = Actor {
        user: by,
        is_admin: false,
    };
    let ban = Sentence::for_good(Sanction::Ban);
    let done = log.sanction(id, by, who, Some(ban)).await;
    done.expect("may be done");
}

#[tokio::test]
async fn who_is_asked_is_a_member_when_he_says_so_and_not_before() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let (ben, eve) = (user(), user());
    let refused = log.accept_invitation(&id, ben).await;
    assert!(matches!(refused, Err(ChangeError::NotThere)), "{refused:?}");
    let asked = log.invite(&id, owner, ben).await.expect("may be done");
    let asked = asked.expect("he is no member");
    assert_eq!((asked.user, asked.by), (ben, owner));
    assert_eq!(role(&log, &id, ben).await, None);
    let listed = log.invitations_of(ben, None, 10).await.expect("a read");
    assert_eq!(listed, [asked]);
    let listed = log.invited_to(&id, None, 10).await.expect("a read");
    assert_eq!(listed.len(), 1);

    let access = log.accept_invitation(&id, ben).await.expect("he is asked");
    assert!(access.is_some());
    let again = log.accept_invitation(&id, ben).await;
    assert_eq!(again.expect("no mistake"), None);
    assert_eq!(role(&log, &id, ben).await, Some(RoomRole::Member));
    assert!(
        log.invitations_of(ben, None, 10)
            .await
            .expect("a read")
            .is_empty()
    );
    let member = log.invite(&id, owner, ben).await;
    assert_eq!(member.expect("no mistake"), None);
    let by_member = log.invite(&id, ben, eve).await;
    assert!(
        matches!(by_member, Err(ChangeError::NotAllowed)),
        "{by_member:?}"
    );
    let by_stranger = log.invite(&id, eve, eve).await;
    assert!(
        matches!(by_stranger, Err(ChangeError::NotThere)),
        "{by_stranger:?}"
    );
}

#[tokio::test]
async fn what_is_declined_withdrawn_over_or_overtaken_by_a_ban_lets_nobody_in() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let people: Vec<UserId> = (0..4).map(|_| user()).collect();
    for person in &people {
        let asked = log.invite(&id, owner, *person).await.expect("may be done");
        assert!(asked.is_some());
    }
    let declines = log.withdraw_invitation(&id, people[0], people[0]).await;
    assert!(declines.expect("may be done"));
    let withdraws = log.withdraw_invitation(&id, owner, people[1]).await;
    assert!(withdraws.expect("may be done"));
    let meddles = log.withdraw_invitation(&id, people[3], people[2]).await;
    assert!(matches!(meddles, Err(ChangeError::NotThere)), "{meddles:?}");
    sqlx::query("UPDATE chat_room_invitation SET expires_at = now() WHERE user_id = $1")
        .bind(people[2].0)
        .execute(&beside().await)
        .await
        .expect("time passes");
    bans(&log, &id, owner, people[3]).await;
    for person in people {
        let refused = log.accept_invitation(&id, person).await;
        assert!(matches!(refused, Err(ChangeError::NotThere)), "{refused:?}");
        assert_eq!(role(&log, &id, person).await, None);
    }
}

#[tokio::test]
async fn a_room_asks_as_many_as_it_may_at_a_time() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    for _ in 0..INVITATIONS_PER_ROOM_MAX {
        log.invite(&id, owner, user()).await.expect("may be done");
    }
    let one_more = log.invite(&id, owner, user()).await;
    assert!(
        matches!(
            one_more,
            Err(ChangeError::LimitReached(Limit::InvitationsOfRoom))
        ),
        "{one_more:?}"
    );
}

#[tokio::test]
async fn whoever_has_a_link_comes_in_so_often_as_it_says() {
    let log = log(2).await;
    for visibility in [Visibility::Open, Visibility::Private] {
        let (id, owner) = made(&log, visibility).await;
        let made = log.make_link(&id, owner, HOUR, 2).await;
        let (link, token) = made.expect("may be done");
        let (ben, cid) = (user(), user());
        let came = log.redeem_link(&token, ben).await.expect("it is good");
        assert_eq!((&came.room, came.access.is_some()), (&id, true));
        let again = log.redeem_link(&token, ben).await.expect("no mistake");
        assert_eq!(again.access, None, "who is in uses nothing of it");
        let listed = log.links(&id).await.expect("a read");
        assert_eq!((listed[0].id, listed[0].uses_left), (link.id, 1));
        log.redeem_link(&token, cid).await.expect("it is good");
        let used_up = log.redeem_link(&token, user()).await;
        assert!(matches!(used_up, Err(ChangeError::NotThere)), "{used_up:?}");
        assert_eq!(role(&log, &id, cid).await, Some(RoomRole::Member));
        assert!(log.links(&id).await.expect("a read").is_empty());
    }
}

#[tokio::test]
async fn a_link_that_is_revoked_or_over_or_none_lets_nobody_in() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let (revoked, first) = log.make_link(&id, owner, HOUR, 5).await.expect("a link");
    let (_, second) = log.make_link(&id, owner, HOUR, 5).await.expect("a link");
    let (_, third) = log.make_link(&id, owner, HOUR, 5).await.expect("a link");
    let by_stranger = log.revoke_link(&id, user(), revoked.id).await;
    assert!(matches!(by_stranger, Err(ChangeError::NotThere)));
    log.revoke_link(&id, owner, revoked.id).await.expect("done");
    let pool = beside().await;
    let hashes: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM chat_room_link
        WHERE room_id = $1 AND token_hash = sha256(convert_to($2, 'UTF8'))",
    )
    .bind(id.as_str())
    .bind(second.as_str())
    .fetch_one(&pool)
    .await
    .expect("a count");
    assert_eq!(hashes, 1, "the hash alone is kept");
    sqlx::query(
        "UPDATE chat_room_link SET expires_at = now()
        WHERE token_hash = sha256(convert_to($1, 'UTF8'))",
    )
    .bind(second.as_str())
    .execute(&pool)
    .await
    .expect("time passes");
    for token in [&first, &second, &LinkToken::mint()] {
        let refused = log.redeem_link(token, user()).await;
        assert!(matches!(refused, Err(ChangeError::NotThere)), "{refused:?}");
    }
    let eve = user();
    bans(&log, &id, owner, eve).await;
    let banned = log.redeem_link(&third, eve).await;
    assert!(matches!(banned, Err(ChangeError::NotThere)), "{banned:?}");
    log.close_room(&id, owner).await.expect("may be done");
    let closed = log.redeem_link(&third, user()).await;
    assert!(matches!(closed, Err(ChangeError::NotThere)), "{closed:?}");
}

#[tokio::test]
async fn of_many_who_come_by_one_link_at_once_as_many_are_in_as_it_says() {
    let log = log(4).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let (_, token) = log.make_link(&id, owner, HOUR, 3).await.expect("a link");
    let mut race = JoinSet::new();
    for _ in 0..12 {
        let (log, token) = (log.clone(), token.clone());
        race.spawn(async move { log.redeem_link(&token, user()).await.is_ok() });
    }
    let came = race.join_all().await.into_iter().filter(|came| *came);
    assert_eq!(came.count(), 3);
    let members = log.members(&id, None, 10).await.expect("a read");
    assert_eq!(members.len(), 4);
}

#[tokio::test]
async fn moderators_make_links_and_as_many_as_there_may_be() {
    let log = log(2).await;
    let (id, owner) = made(&log, Visibility::Private).await;
    let member = Membership {
        user: user(),
        role: RoomRole::Member,
    };
    log.set_member(&id, owner, member)
        .await
        .expect("may be done");
    let refused = log.make_link(&id, member.user, HOUR, 1).await;
    assert!(
        matches!(refused, Err(ChangeError::NotAllowed)),
        "{refused:?}"
    );
    for _ in 0..LINKS_PER_ROOM_MAX {
        log.make_link(&id, owner, HOUR, 1).await.expect("a link");
    }
    let one_more = log.make_link(&id, owner, HOUR, 1).await;
    assert!(
        matches!(one_more, Err(ChangeError::LimitReached(Limit::Links))),
        "{one_more:?}"
    );
}
