//! Recorded events of every gateway against the request that they were made of.

use std::path::Path;

use auth::router;
use lambda_edge::recorded::{Answer, Recorded};

use super::api::{Api, database_url};

/// The records, in an order in which each finds what it needs: an account, a log-in's right to
/// fail.
const REQUESTS: [&str; 12] = [
    "signup",
    "signup-taken",
    "login",
    "wrong-password",
    "unknown-cookie",
    "guest",
    "nobody",
    "keys",
    "discovery",
    "no-json",
    "broken-json",
    "preflight",
];

/// How the members begin whose values are new each time, and what ends them.
const FRESH: [(&str, char); 4] = [
    ("\"id\":\"", '"'),
    ("\"accessToken\":\"", '"'),
    ("\"createdAt\":\"", '"'),
    ("refresh_token=", ';'),
];

#[tokio::test]
async fn every_event_is_answered_as_its_request_is_to_the_byte() {
    let api = Api::start().await;
    let pool = sqlx::PgPool::connect(&database_url()).await;
    let pool = pool.expect("a connection");
    let router = router(api.state.clone());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/requests");

    for name in REQUESTS {
        let recorded = Recorded::at(folder.join(name));
        let nobody_yet = || async {
            if name == "signup" {
                let forget = "DELETE FROM account WHERE email = 'recorded@example.org'";
                sqlx::query(forget).execute(&pool).await.expect("forgotten");
            }
        };
        nobody_yet().await;
        let expected = without_what_is_fresh(recorded.answer(router.clone()).await);
        for event in recorded.events() {
            nobody_yet().await;
            let answer = recorded.answer_to(&event, router.clone()).await;
            assert_eq!(without_what_is_fresh(answer), expected, "{event:?}");
        }
    }
}

/// The status, and all the rest as text.
fn without_what_is_fresh(answer: Answer) -> (u16, String) {
    let body = String::from_utf8(answer.body).expect("text");
    let text = format!("{:?}\n{body}", answer.headers);
    let text = FRESH.iter().fold(text, |text, &(begin, end)| {
        let mut parts = text.split(begin);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |done, part| {
            let rest = part.find(end).map_or("", |at| &part[at..]);
            done + begin + "…" + rest
        })
    });
    (answer.status, text)
}
