//! Whether time tells who has an account.

use std::time::Duration;

use auth::{HashCost, HashingLimits, Passwords};
use tokio::time::Instant;

use super::api::{Api, Person};

/// How many attempts of each kind are measured.
const SAMPLES: usize = 41;

/// By how much the medians may differ: on a busy machine they do, while the work that would give
/// an account away, the hash, is nearly all of the time.
const DIFFERENCE_MAX: f64 = 0.35;

#[tokio::test]
async fn an_unknown_email_takes_as_long_as_a_wrong_password() {
    let mut api = Api::start().await;
    let cost = HashCost {
        memory_kib: 4_096,
        passes: 1,
    };
    api.state.passwords = Passwords::new(cost, HashingLimits::for_cores(1));

    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    // Alternating, so that what disturbs one kind disturbs the other; an account each, for none is
    // to be throttled.
    for _ in 0..SAMPLES {
        let mut known = api.member().await;
        known.address = [198, 51, 100, 7].into();
        unknown.push(time_of(&mut api.stranger()).await);
        wrong.push(time_of(&mut known).await);
        api.passes(Duration::from_secs(60));
    }
    let (unknown, wrong) = (median(unknown), median(wrong));
    let ratio = unknown.as_secs_f64() / wrong.as_secs_f64();
    println!("medians of {SAMPLES}: unknown {unknown:?}, wrong {wrong:?}, ratio {ratio:.3}");
    assert!(
        (1.0 - ratio).abs() < DIFFERENCE_MAX,
        "unknown {unknown:?}, wrong {wrong:?}"
    );
}

async fn time_of(person: &mut Person) -> Duration {
    let began = Instant::now();
    let answer = person.logs_in_with("not the password").await;
    let took = began.elapsed();
    answer.is_problem(401, "unauthenticated");
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
