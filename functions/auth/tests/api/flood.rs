//! Many strangers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use auth::{Clock, HashCost, HashingLimits, Passwords};
use axum::http::StatusCode;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::api::Api;

/// How many strangers try at once, each again and again, from an address of its own.
const STRANGERS: u8 = 100;

/// How often the good user logs in meanwhile.
const LOG_INS: u8 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_user_logs_in_within_a_second_while_strangers_try_many_times_as_fast_as_they_can() {
    let mut api = Api::start().await;
    let mut ada = api.member().await;
    let limits = HashingLimits {
        at_once: 1,
        waiting_max: 16,
    };
    api.state.passwords = Passwords::new(
        HashCost {
            memory_kib: 256,
            passes: 1,
        },
        limits,
    );
    api.state.clock = clock_that_forgives(api.now());
    let mut good = api.stranger();
    good.email = std::mem::take(&mut ada.email);

    let stop = Arc::new(AtomicBool::new(false));
    let refused = Arc::new(AtomicUsize::new(0));
    let mut flood = JoinSet::new();
    let mut tried_once = JoinSet::new();
    for stranger in 0..STRANGERS {
        let mut person = api.stranger();
        person.address = [198, 51, 100, stranger].into();
        let (stop, refused) = (Arc::clone(&stop), Arc::clone(&refused));
        let (first, has_tried) = tokio::sync::oneshot::channel();
        tried_once.spawn(has_tried);
        flood.spawn(async move {
            let mut first = Some(first);
            while !stop.load(Ordering::Relaxed) {
                let answer = person.logs_in_with("not the password").await;
                match answer.status.as_u16() {
                    503 => {
                        assert_eq!(answer.json()["code"], "overloaded");
                        assert_eq!(answer.retry_after_s(), 2);
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    401 | 429 => {}
                    other => panic!("{other}: {answer:?}"),
                }
                if let Some(first) = first.take() {
                    first.send(()).expect("somebody waits for it");
                }
                // A new name each time: only the address is known already.
                person.email = format!("{}@example.org", Uuid::new_v4().simple());
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(tried) = tried_once.join_next().await {
        tried.expect("no panic").expect("each stranger has tried");
    }

    let mut took = Vec::new();
    for nth in 0..LOG_INS {
        // From somewhere else each time: who comes again and again waits behind others.
        good.address = [203, 0, 113, nth].into();
        let began = Instant::now();
        let answer = good.logs_in().await;
        took.push(began.elapsed());
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    stop.store(true, Ordering::Relaxed);
    flood.join_all().await;

    // A machine that does other things too is told from a line that queues him behind strangers by
    // the best of them.
    assert!(
        took.iter().min() < Some(&Duration::from_secs(1)),
        "{took:?}"
    );
    assert!(refused.load(Ordering::Relaxed) > 0, "the line was full");
}

/// Each look at it finds it later, so that nobody is throttled and the line in front of the hashing
/// is all that stands against the flood.
fn clock_that_forgives(start: OffsetDateTime) -> Clock {
    let looks = AtomicU64::new(0);
    Clock::showing(move || start + Duration::from_secs(looks.fetch_add(1, Ordering::Relaxed)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_because_too_many_wait_is_told_when_to_come_back() {
    let mut api = Api::start().await;
    let limits = HashingLimits {
        at_once: 1,
        waiting_max: 1,
    };
    api.state.passwords = Passwords::new(
        HashCost {
            memory_kib: 4_096,
            passes: 1,
        },
        limits,
    );
    let mut crowd = JoinSet::new();
    for _ in 0..20 {
        let mut person = api.stranger();
        crowd.spawn(async move { person.logs_in().await });
    }
    let answers = crowd.join_all().await;
    let (refused, tried): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE);
    assert!(!tried.is_empty() && !refused.is_empty());
    for answer in refused {
        answer.is_problem(503, "overloaded");
        assert_eq!(answer.retry_after_s(), 2);
    }
    let made = api.state.passwords.made();
    assert_eq!(
        made,
        tried.len() as u64,
        "nothing is hashed for those who were refused"
    );
}
