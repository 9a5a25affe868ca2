//! Recorded events of every gateway against the request that they were made of.

use std::fs;
use std::path::Path;

use history::router;
use lambda_edge::recorded::Recorded;

use super::api::{Api, database_url};

#[tokio::test]
async fn every_event_is_answered_as_its_request_is_to_the_byte() {
    let api = Api::start().await;
    let pool = sqlx::PgPool::connect(&database_url()).await;
    let room = sqlx::raw_sql(include_str!("../../events/room.sql"));
    room.execute(&pool.expect("a connection"))
        .await
        .expect("a room");
    let router = router(api.state());

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/requests");
    let requests = fs::read_dir(&folder).expect("the records");
    for request in requests {
        let recorded = Recorded::at(request.expect("a record").path());
        let expected = recorded.answer(router.clone()).await;
        for event in recorded.events() {
            let answer = recorded.answer_to(&event, router.clone()).await;
            assert_eq!(answer, expected, "{event:?}");
        }
    }
}
