//! The contract that `Sessions`' doc comment states, on every adapter.

use std::collections::HashSet;
use std::time::Duration;

use chat::UserId;
use futures_util::future::join_all;
use sessions::{
    ACCOUNT_FREE_ATTEMPTS, REVOCATION_LIFETIME, ROTATION_GRACE, Revocation, RevocationCursor,
    Rotation, SESSION_IDLE_MAX, SESSION_LIFETIME, SESSIONS_PER_USER_MAX, SessionId, Sessions,
    ThrottleKey, Verdict,
};

use crate::people::{at, begins, is_unknown, renews, somebody};

/// Runs the whole contract on one adapter: `contract!(future of what must live on, and the adapter)`.
macro_rules! contract {
    ($adapter:expr) => {
        crate::contract::contract!($adapter =>
            a_session_is_listed_as_it_began,
            the_session_used_last_is_listed_first,
            a_token_is_renewed_from_one_to_the_next,
            a_replaced_token_brings_the_same_successor_within_the_grace,
            ten_racing_refreshes_make_one_successor,
            reuse_after_the_grace_ends_the_session_for_everybody,
            what_was_never_issued_renews_nothing_and_ends_nothing,
            a_session_dies_at_its_end_however_often_it_was_used,
            a_session_that_is_not_used_dies_before_its_end,
            a_session_too_many_ends_the_one_unused_for_longest,
            racing_log_ins_leave_no_session_too_many,
            a_session_ends_once_and_by_its_user_only,
            any_token_that_was_good_ends_its_session,
            all_sessions_end_together_and_a_new_one_is_not_meant,
            all_sessions_but_one_end_together,
            what_has_no_session_is_revoked_up_to_the_moment,
            a_refresh_that_races_with_the_end_does_not_survive_it,
            the_feed_brings_every_revocation_once,
            the_feed_forgets_what_no_token_can_outlive,
            an_account_is_slowed_after_its_free_attempts,
            a_good_log_in_starts_the_count_anew,
            guessing_from_elsewhere_does_not_slow_the_owner_at_home,
            racing_guesses_buy_nothing,
            quiet_forgives_the_attempts,
        );
    };
    ($adapter:expr => $($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (_alive, adapter) = $adapter.await;
                crate::contract::$name(&adapter).await;
            }
        )+
    };
}
pub(crate) use contract;

pub(crate) async fn a_session_is_listed_as_it_began(sessions: &dyn Sessions) {
    let user = somebody();
    let now = at(0.123_456);
    let (begun, _) = begins(sessions, user, now).await;

    assert_eq!(begun.user, user);
    assert_eq!((begun.created_at, begun.last_used_at), (now, now));
    assert_eq!(begun.expires_at, at(0.0) + SESSION_LIFETIME);
    assert_eq!(begun.user_agent.as_deref(), Some("Browser/1"));
    assert_eq!(begun.address, Some([192, 0, 2, 7].into()));
    assert_eq!(sessions.list(user, now).await, Ok(vec![begun]));
    assert_eq!(sessions.list(somebody(), now).await, Ok(vec![]));
}

pub(crate) async fn the_session_used_last_is_listed_first(sessions: &dyn Sessions) {
    let user = somebody();
    let (first, token) = begins(sessions, user, at(0.0)).await;
    let (second, _) = begins(sessions, user, at(1.0)).await;
    assert_eq!(ids(sessions, user, at(1.0)).await, [second.id, first.id]);

    renews(sessions, &token, at(2.0)).await;
    let list = sessions.list(user, at(2.0)).await.expect("an answer");
    assert_eq!((list[0].id, list[0].last_used_at), (first.id, at(2.0)));
    assert_eq!(list[0].created_at, at(0.0));
}

pub(crate) async fn a_token_is_renewed_from_one_to_the_next(sessions: &dyn Sessions) {
    let (session, mut token) = begins(sessions, somebody(), at(0.0)).await;
    let mut seen = HashSet::from([token.as_str().to_owned()]);
    for day in 1..=5 {
        token = renews(sessions, &token, at(f64::from(day) * 86_400.0)).await;
        assert!(seen.insert(token.as_str().to_owned()), "never twice");
    }
    assert!(is_living(sessions, session.user, session.id, at(500_000.0)).await);
}

pub(crate) async fn a_replaced_token_brings_the_same_successor_within_the_grace(
    sessions: &dyn Sessions,
) {
    let (_, first) = begins(sessions, somebody(), at(0.0)).await;
    let second = renews(sessions, &first, at(100.0)).await;

    let end = at(100.0) + ROTATION_GRACE;
    assert_eq!(renews(sessions, &first, at(100.0)).await, second);
    assert_eq!(renews(sessions, &first, end).await, second);
    renews(sessions, &second, end).await;
}

pub(crate) async fn ten_racing_refreshes_make_one_successor(sessions: &dyn Sessions) {
    let (_, first) = begins(sessions, somebody(), at(0.0)).await;
    let racing = (0..10).map(|_| renews(sessions, &first, at(100.0)));
    let answers: HashSet<String> = join_all(racing)
        .await
        .iter()
        .map(|token| token.as_str().to_owned())
        .collect();
    assert_eq!(answers.len(), 1);
}

pub(crate) async fn reuse_after_the_grace_ends_the_session_for_everybody(sessions: &dyn Sessions) {
    let user = somebody();
    let (session, first) = begins(sessions, user, at(0.0)).await;
    let (other, _) = begins(sessions, user, at(0.0)).await;
    let second = renews(sessions, &first, at(100.0)).await;

    let past = at(100.0) + ROTATION_GRACE + Duration::from_micros(1);
    let reused = sessions
        .rotate(first.as_str(), past)
        .await
        .expect("an answer");
    assert!(
        matches!(reused, Rotation::Reused { user: whose, session: which } if whose == user && which == session.id)
    );
    assert!(is_unknown(sessions, second.as_str(), past).await);
    assert!(is_unknown(sessions, first.as_str(), past).await);
    assert_eq!(ids(sessions, user, past).await, [other.id]);
    assert!(!is_living(sessions, user, session.id, past).await);
    assert_eq!(told(sessions, past).await, [(user, Some(session.id))]);
}

pub(crate) async fn what_was_never_issued_renews_nothing_and_ends_nothing(sessions: &dyn Sessions) {
    let user = somebody();
    let (session, token) = begins(sessions, user, at(0.0)).await;
    let good = token.as_str();
    let changed = |place: usize| {
        let other = if &good[place..=place] == "A" {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &good[..place], &good[place + 1..])
    };

    // Another user, another session, another mark: who knows the ids alone can do nothing.
    let forged = [0, 22, 43].map(changed);
    let hostile = [
        "",
        "x",
        "마루",
        &"A".repeat(107),
        &"A".repeat(100_000),
        &good[..106],
    ];
    for token in forged.iter().map(String::as_str).chain(hostile) {
        assert!(is_unknown(sessions, token, at(1.0)).await, "{token}");
        assert_eq!(
            sessions.end_by_token(token, at(1.0)).await,
            Ok(None),
            "{token}"
        );
    }
    assert!(is_living(sessions, user, session.id, at(1.0)).await);
    renews(sessions, &token, at(1.0)).await;
}

pub(crate) async fn a_session_dies_at_its_end_however_often_it_was_used(sessions: &dyn Sessions) {
    let user = somebody();
    let (session, token) = begins(sessions, user, at(0.5)).await;
    let mut token = token;
    let mut used = session.created_at;
    while used + SESSION_IDLE_MAX < session.expires_at {
        used += SESSION_IDLE_MAX - Duration::from_micros(1);
        token = renews(sessions, &token, used).await;
    }
    let last_moment = session.expires_at - Duration::from_micros(1);
    let token = renews(sessions, &token, last_moment).await;
    assert!(is_living(sessions, user, session.id, last_moment).await);

    let end = session.expires_at;
    assert!(is_unknown(sessions, token.as_str(), end).await);
    assert_eq!(sessions.list(user, end).await, Ok(vec![]));
    assert_eq!(sessions.end(user, session.id, end).await, Ok(false));
    assert_eq!(sessions.end_by_token(token.as_str(), end).await, Ok(None));
    assert_eq!(sessions.end_all(user, end).await, Ok(0));
    assert!(!is_living(sessions, user, session.id, end).await);
}

pub(crate) async fn a_session_that_is_not_used_dies_before_its_end(sessions: &dyn Sessions) {
    let user = somebody();
    let (session, token) = begins(sessions, user, at(0.0)).await;
    let used = at(100.0);
    let token = renews(sessions, &token, used).await;
    let last_moment = used + SESSION_IDLE_MAX - Duration::from_micros(1);
    assert!(is_living(sessions, user, session.id, last_moment).await);

    let end = used + SESSION_IDLE_MAX;
    assert!(is_unknown(sessions, token.as_str(), end).await);
    assert_eq!(sessions.list(user, end).await, Ok(vec![]));
    assert!(!is_living(sessions, user, session.id, end).await);
}

pub(crate) async fn a_session_too_many_ends_the_one_unused_for_longest(sessions: &dyn Sessions) {
    let user = somebody();
    let (used, token) = begins(sessions, user, at(0.0)).await;
    let (unused, _) = begins(sessions, user, at(1.0)).await;
    for _ in 2..SESSIONS_PER_USER_MAX {
        begins(sessions, user, at(2.0)).await;
    }
    renews(sessions, &token, at(3.0)).await;

    // A clock that is behind does not make the new one the oldest.
    let (newest, _) = begins(sessions, user, at(0.0)).await;
    let left = ids(sessions, user, at(4.0)).await;
    assert_eq!(left.len(), SESSIONS_PER_USER_MAX);
    assert!(left.contains(&newest.id) && left.contains(&used.id));
    assert!(!left.contains(&unused.id));
    assert_eq!(told(sessions, at(4.0)).await, [(user, Some(unused.id))]);
}

pub(crate) async fn racing_log_ins_leave_no_session_too_many(sessions: &dyn Sessions) {
    let user = somebody();
    for _ in 2..SESSIONS_PER_USER_MAX {
        begins(sessions, user, at(0.0)).await;
    }
    join_all((0..8).map(|_| begins(sessions, user, at(1.0)))).await;
    assert_eq!(
        ids(sessions, user, at(2.0)).await.len(),
        SESSIONS_PER_USER_MAX
    );
    assert_eq!(told(sessions, at(2.0)).await.len(), 6);
}

pub(crate) async fn a_session_ends_once_and_by_its_user_only(sessions: &dyn Sessions) {
    let (ann, bob) = (somebody(), somebody());
    let (session, token) = begins(sessions, ann, at(0.0)).await;

    assert_eq!(sessions.end(bob, session.id, at(1.0)).await, Ok(false));
    assert!(is_living(sessions, ann, session.id, at(1.0)).await);
    assert_eq!(sessions.end(ann, session.id, at(1.0)).await, Ok(true));
    assert_eq!(sessions.end(ann, session.id, at(1.0)).await, Ok(false));

    assert!(!is_living(sessions, ann, session.id, at(1.0)).await);
    assert!(is_unknown(sessions, token.as_str(), at(1.0)).await);
    assert_eq!(told(sessions, at(1.0)).await, [(ann, Some(session.id))]);
}

pub(crate) async fn any_token_that_was_good_ends_its_session(sessions: &dyn Sessions) {
    let user = somebody();
    for renewed in 0..3 {
        let (session, first) = begins(sessions, user, at(0.0)).await;
        let mut token = first.clone();
        for time in 0..renewed {
            token = renews(sessions, &token, at(100.0 * f64::from(time + 1))).await;
        }
        let now = at(1_000.0);
        let ended = Some((user, session.id));
        assert_eq!(sessions.end_by_token(first.as_str(), now).await, Ok(ended));
        assert!(is_unknown(sessions, token.as_str(), now).await);
        assert_eq!(sessions.end_by_token(first.as_str(), now).await, Ok(None));
    }
}

pub(crate) async fn all_sessions_end_together_and_a_new_one_is_not_meant(sessions: &dyn Sessions) {
    let (ann, bob) = (somebody(), somebody());
    let mut before = Vec::new();
    for _ in 0..3 {
        before.push(begins(sessions, ann, at(0.0)).await);
    }
    let (of_bob, _) = begins(sessions, bob, at(0.0)).await;

    assert_eq!(sessions.end_all(ann, at(1.1)).await, Ok(3));
    // Within the same second, so that the tokens' `iat` cannot tell.
    let (after, token) = begins(sessions, ann, at(1.2)).await;

    let revocations = read(sessions, at(2.0)).await;
    let is_told = |user, session, issued_at| {
        revocations
            .iter()
            .any(|revocation| revocation.covers(user, session, issued_at))
    };
    for (session, token) in &before {
        assert!(!is_living(sessions, ann, session.id, at(2.0)).await);
        assert!(is_unknown(sessions, token.as_str(), at(2.0)).await);
        assert!(is_told(ann, Some(session.id), at(1.0)));
    }
    assert!(is_living(sessions, ann, after.id, at(2.0)).await);
    assert!(!is_told(ann, Some(after.id), at(1.0)));
    renews(sessions, &token, at(2.0)).await;
    assert!(is_living(sessions, bob, of_bob.id, at(2.0)).await);
    assert!(!is_told(bob, Some(of_bob.id), at(0.0)));
}

pub(crate) async fn all_sessions_but_one_end_together(sessions: &dyn Sessions) {
    let (ann, bob) = (somebody(), somebody());
    let (kept, token) = begins(sessions, ann, at(0.0)).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(begins(sessions, ann, at(0.0)).await);
    }
    let (of_bob, _) = begins(sessions, bob, at(0.0)).await;

    assert_eq!(sessions.end_others(ann, kept.id, at(1.0)).await, Ok(3));
    let mut expected = Vec::new();
    for (session, token) in &others {
        assert!(!is_living(sessions, ann, session.id, at(2.0)).await);
        assert!(is_unknown(sessions, token.as_str(), at(2.0)).await);
        expected.push((ann, Some(session.id)));
    }
    expected.sort();
    let mut told = told(sessions, at(2.0)).await;
    told.sort();
    assert_eq!(told, expected);
    renews(sessions, &token, at(2.0)).await;
    assert!(is_living(sessions, bob, of_bob.id, at(2.0)).await);
    assert_eq!(sessions.end_others(ann, kept.id, at(3.0)).await, Ok(0));
}

pub(crate) async fn what_has_no_session_is_revoked_up_to_the_moment(sessions: &dyn Sessions) {
    let guest = somebody();
    let revoked = async |issued_at, now| sessions.is_revoked(guest, None, issued_at, now).await;
    assert_eq!(revoked(at(0.0), at(1.0)).await, Ok(false));

    assert_eq!(sessions.end_all(guest, at(1.0)).await, Ok(0));
    assert_eq!(revoked(at(0.0), at(2.0)).await, Ok(true));
    assert_eq!(revoked(at(1.0), at(2.0)).await, Ok(true));
    assert_eq!(revoked(at(1.5), at(2.0)).await, Ok(false));
    assert_eq!(told(sessions, at(2.0)).await, [(guest, None)]);
    // An older call that comes late takes nothing back, and has nothing new to tell.
    assert_eq!(sessions.end_all(guest, at(0.5)).await, Ok(0));
    assert_eq!(told(sessions, at(2.0)).await.len(), 1);
    assert_eq!(revoked(at(1.0), at(2.0)).await, Ok(true));
}

pub(crate) async fn a_refresh_that_races_with_the_end_does_not_survive_it(sessions: &dyn Sessions) {
    for _ in 0..10 {
        let user = somebody();
        let (_, token) = begins(sessions, user, at(0.0)).await;
        let refresh = sessions.rotate(token.as_str(), at(1.0));
        let (refreshed, ended) =
            futures_util::future::join(refresh, sessions.end_all(user, at(1.0))).await;
        assert_eq!(ended, Ok(1));
        if let Rotation::Renewed { token, .. } = refreshed.expect("an answer") {
            assert!(is_unknown(sessions, token.as_str(), at(1.0)).await);
        }
    }
}

pub(crate) async fn the_feed_brings_every_revocation_once(sessions: &dyn Sessions) {
    let user = somebody();
    let mut cursor = RevocationCursor::default();
    for second in 0..150 {
        let now = at(f64::from(second));
        let mut ended = Vec::new();
        if second % 3 != 2 {
            let (session, _) = begins(sessions, user, now).await;
            assert_eq!(sessions.end(user, session.id, now).await, Ok(true));
            ended.push(Some(session.id));
        }
        let (new, next) = sessions
            .revocations_since(&cursor, now)
            .await
            .expect("an answer");
        let told: Vec<_> = new.iter().map(|revocation| revocation.session).collect();
        assert_eq!(told, ended, "in second {second}");
        cursor = next;
    }
    assert_eq!(read(sessions, at(150.0)).await.len(), 100);
}

pub(crate) async fn the_feed_forgets_what_no_token_can_outlive(sessions: &dyn Sessions) {
    let user = somebody();
    begins(sessions, user, at(0.0)).await;
    assert_eq!(sessions.end_all(user, at(1.0)).await, Ok(1));

    let end = at(1.0) + REVOCATION_LIFETIME;
    let before = end - Duration::from_secs(1);
    assert_eq!(told(sessions, before).await.len(), 2);
    assert_eq!(told(sessions, end).await, []);
    assert_eq!(
        sessions.is_revoked(user, None, at(0.0), before).await,
        Ok(true)
    );
    assert_eq!(
        sessions.is_revoked(user, None, at(0.0), end).await,
        Ok(false)
    );
}

pub(crate) async fn an_account_is_slowed_after_its_free_attempts(sessions: &dyn Sessions) {
    let (key, other) = (account(&somebody()), account(&somebody()));
    for _ in 0..=ACCOUNT_FREE_ATTEMPTS {
        assert_eq!(sessions.attempt(&key, at(0.0)).await, Ok(Verdict::Go));
    }
    let wait = |millis| Ok(Verdict::Wait(Duration::from_millis(millis)));
    assert_eq!(sessions.attempt(&key, at(0.0)).await, wait(1_000));
    assert_eq!(sessions.attempt(&key, at(0.25)).await, wait(750));
    assert_eq!(sessions.attempt(&key, at(1.0)).await, Ok(Verdict::Go));
    assert_eq!(sessions.attempt(&key, at(1.0)).await, wait(2_000));
    assert_eq!(sessions.attempt(&other, at(1.0)).await, Ok(Verdict::Go));
}

pub(crate) async fn a_good_log_in_starts_the_count_anew(sessions: &dyn Sessions) {
    let key = account(&somebody());
    for _ in 0..3 {
        for _ in 0..=ACCOUNT_FREE_ATTEMPTS {
            assert_eq!(sessions.attempt(&key, at(0.0)).await, Ok(Verdict::Go));
        }
        assert_eq!(sessions.succeeded(&key, at(0.0)).await, Ok(()));
    }
}

pub(crate) async fn guessing_from_elsewhere_does_not_slow_the_owner_at_home(
    sessions: &dyn Sessions,
) {
    let name = somebody().to_string();
    let home = ThrottleKey::account(&name, Some([192, 0, 2, 1].into()));
    let elsewhere = ThrottleKey::account(&name, Some([198, 51, 100, 1].into()));
    assert_eq!(sessions.attempt(&home, at(0.0)).await, Ok(Verdict::Go));
    assert_eq!(sessions.succeeded(&home, at(0.0)).await, Ok(()));

    let mut now = at(1.0);
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        match sessions.attempt(&elsewhere, now).await.expect("an answer") {
            Verdict::Go => {}
            Verdict::Wait(wait) => {
                longest = longest.max(wait);
                now += wait;
            }
        }
        assert_eq!(sessions.attempt(&home, now).await, Ok(Verdict::Go));
        assert_eq!(sessions.succeeded(&home, now).await, Ok(()));
    }
    assert!(longest >= Duration::from_secs(4), "{longest:?}");
}

pub(crate) async fn racing_guesses_buy_nothing(sessions: &dyn Sessions) {
    // The first rounds make the connections; then the racers are level.
    for _ in 0..5 {
        let key = account(&somebody());
        let racing = (0..40).map(|_| sessions.attempt(&key, at(0.0)));
        let went = join_all(racing)
            .await
            .into_iter()
            .filter(|verdict| *verdict == Ok(Verdict::Go))
            .count();
        let granted = ACCOUNT_FREE_ATTEMPTS as usize + 1;
        assert!((1..=granted).contains(&went), "{went} of {granted}");
    }
}

pub(crate) async fn quiet_forgives_the_attempts(sessions: &dyn Sessions) {
    let key = account(&somebody());
    for _ in 0..=ACCOUNT_FREE_ATTEMPTS {
        assert_eq!(sessions.attempt(&key, at(0.0)).await, Ok(Verdict::Go));
    }
    for _ in 0..=ACCOUNT_FREE_ATTEMPTS {
        let next_hour = at(3_600.0);
        assert_eq!(sessions.attempt(&key, next_hour).await, Ok(Verdict::Go));
    }
}

fn account(user: &UserId) -> ThrottleKey {
    ThrottleKey::account(&format!("{user}@example.org"), None)
}

async fn ids(sessions: &dyn Sessions, user: UserId, now: time::OffsetDateTime) -> Vec<SessionId> {
    let list = sessions.list(user, now).await.expect("an answer");
    list.iter().map(|info| info.id).collect()
}

async fn is_living(
    sessions: &dyn Sessions,
    user: UserId,
    session: SessionId,
    now: time::OffsetDateTime,
) -> bool {
    sessions.is_revoked(user, Some(session), now, now).await == Ok(false)
}

/// All of the feed.
async fn read(sessions: &dyn Sessions, now: time::OffsetDateTime) -> Vec<Revocation> {
    let cursor = RevocationCursor::default();
    let (revocations, _) = sessions
        .revocations_since(&cursor, now)
        .await
        .expect("an answer");
    revocations
}

async fn told(
    sessions: &dyn Sessions,
    now: time::OffsetDateTime,
) -> Vec<(UserId, Option<SessionId>)> {
    let revocations = read(sessions, now).await;
    revocations
        .iter()
        .map(|revocation| (revocation.user, revocation.session))
        .collect()
}
