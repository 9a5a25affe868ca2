//! The adapter inside one process.

use sessions::memory::{MemoryLimits, MemorySessions};
use sessions::{
    ACCOUNT_FREE_ATTEMPTS, RevocationCursor, SESSION_LIFETIME, Sessions, ThrottleKey, Unavailable,
    Verdict,
};

use crate::contract::contract;
use crate::people::{at, begins, browser, somebody};

contract!(async { ((), MemorySessions::new()) });

#[tokio::test]
async fn a_full_memory_begins_no_session_and_keeps_those_it_has() {
    let sessions = MemorySessions::with_limits(MemoryLimits {
        sessions_max: 2,
        ..MemoryLimits::default()
    });
    let (ann, bob) = (somebody(), somebody());
    begins(&sessions, ann, at(0.0)).await;
    begins(&sessions, ann, at(0.0)).await;

    let refused = sessions.begin(bob, browser(), at(1.0)).await;
    assert_eq!(refused.err(), Some(Unavailable));
    assert_eq!(
        sessions.list(ann, at(1.0)).await.map(|list| list.len()),
        Ok(2)
    );

    let past = at(0.0) + SESSION_LIFETIME;
    begins(&sessions, bob, past).await;
}

#[tokio::test]
async fn ending_a_session_makes_room_for_another() {
    let sessions = MemorySessions::with_limits(MemoryLimits {
        sessions_max: 1,
        ..MemoryLimits::default()
    });
    let (ann, bob) = (somebody(), somebody());
    for second in 0..5 {
        let now = at(f64::from(second));
        let (session, _) = begins(&sessions, ann, now).await;
        assert!(sessions.begin(bob, browser(), now).await.is_err());
        assert_eq!(sessions.end(ann, session.id, now).await, Ok(true));
    }
    begins(&sessions, bob, at(9.0)).await;
}

#[tokio::test]
async fn a_full_feed_lets_its_oldest_entries_go_and_revocation_stands() {
    let sessions = MemorySessions::with_limits(MemoryLimits {
        revocations_max: 3,
        ..MemoryLimits::default()
    });
    let ann = somebody();
    let mut ended = Vec::new();
    for second in 0..5 {
        let now = at(f64::from(second));
        let (session, _) = begins(&sessions, ann, now).await;
        assert_eq!(sessions.end(ann, session.id, now).await, Ok(true));
        ended.push(session.id);
    }
    let cursor = RevocationCursor::default();
    let (revocations, _) = sessions
        .revocations_since(&cursor, at(5.0))
        .await
        .expect("memory answers");
    let told: Vec<_> = revocations
        .iter()
        .filter_map(|revocation| revocation.session)
        .collect();
    assert_eq!(told, ended[2..]);
    let first = Some(ended[0]);
    assert_eq!(
        sessions.is_revoked(ann, first, at(0.0), at(5.0)).await,
        Ok(true)
    );
}

#[tokio::test]
async fn any_number_of_strangers_does_not_lift_the_throttle_of_the_most_tried() {
    let sessions = MemorySessions::with_limits(MemoryLimits {
        throttles_max: 100,
        ..MemoryLimits::default()
    });
    let tried = ThrottleKey::account("ann@example.org", None);
    for _ in 0..=ACCOUNT_FREE_ATTEMPTS {
        assert_eq!(sessions.attempt(&tried, at(0.0)).await, Ok(Verdict::Go));
    }
    for stranger in 0..1_000 {
        let stranger = ThrottleKey::account(&format!("{stranger}@example.org"), None);
        assert_eq!(sessions.attempt(&stranger, at(0.0)).await, Ok(Verdict::Go));
    }
    assert!(matches!(
        sessions.attempt(&tried, at(0.0)).await,
        Ok(Verdict::Wait(_))
    ));
}

#[test]
fn the_debug_form_counts_and_tells_nothing() {
    let told = format!("{:?}", MemorySessions::new());
    assert!(told.contains("people: 0"), "{told}");
}
