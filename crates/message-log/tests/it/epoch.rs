use std::time::Duration;

use chat::Epoch;
use message_log::MessageLog;
use tokio::time;

use crate::database::{Place, fills, log, room, run};

/// What the database says by itself, without what another handle may have kept.
async fn epoch(url: &str) -> Epoch {
    let log = MessageLog::connect(url, 1).await.expect("Postgres answers");
    log.look(&[]).await.expect("a read").epoch
}

#[tokio::test]
async fn an_epoch_stays_while_the_rooms_go_on() {
    let log = log(1).await;
    let room = room("one epoch");
    let before = log.look(&[]).await.expect("a read");
    assert_eq!(before.heads, []);
    fills(&log, &room, 3).await;
    let after = log.look(std::slice::from_ref(&room)).await.expect("a read");
    assert_eq!(after.heads.len(), 1);
    assert_eq!(after.epoch, before.epoch);
    assert_eq!(log.epoch().await.expect("a read"), before.epoch);
}

#[tokio::test]
async fn tables_that_were_made_anew_are_another_epoch_and_so_is_a_renewed_one() {
    let Some((place, log)) = Place::with_log(1).await else {
        return;
    };
    let first = epoch(&place.url).await;
    let renewed = log.renew_epoch().await.expect("a write");
    assert_ne!(renewed, first);
    assert_eq!(epoch(&place.url).await, renewed);

    // As a dump is restored: the same rows, the same value, other tables.
    let copy = "
        CREATE TABLE copy (LIKE chat_room INCLUDING ALL);
        INSERT INTO copy SELECT * FROM chat_room;
        DROP TABLE chat_room CASCADE;
        ALTER TABLE copy RENAME TO chat_room";
    run(&place.beside, copy.to_owned()).await;
    let restored = epoch(&place.url).await;
    assert_ne!(restored, renewed);

    // A handle that lives on sees it, though its statements were prepared before.
    time::timeout(Duration::from_secs(30), async {
        while log.epoch().await.expect("a read") != restored {
            time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("an epoch is not kept for long");
    place.clear().await;
}

#[tokio::test]
async fn a_role_that_may_not_know_the_cluster_has_an_epoch_all_the_same() {
    let Some((place, _)) = Place::with_log(1).await else {
        return;
    };
    // Looked up before the functions of Postgres, they refuse as those may be made to.
    let refusing = "
        CREATE FUNCTION pg_control_system(OUT system_identifier bigint) LANGUAGE sql AS 'SELECT 1::bigint';
        REVOKE EXECUTE ON FUNCTION pg_control_system FROM public, current_user";
    run(&place.beside, refusing.to_owned()).await;
    let whole = epoch(&place.url).await;
    let name = format!("epoch_{}", uuid::Uuid::new_v4().simple());
    let schema: String = sqlx::query_scalar("SELECT current_schema()::text")
        .fetch_one(&place.beside)
        .await
        .expect("a schema");
    run(
        &place.beside,
        format!(
            "CREATE ROLE {name};
             GRANT USAGE ON SCHEMA {schema} TO {name};
             GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name};
             GRANT {name} TO current_user"
        ),
    )
    .await;
    let first_mine = "search_path%3D{schema},pg_catalog%20-crole%3D{name}";
    let first_mine = first_mine
        .replace("{schema}", &schema)
        .replace("{name}", &name);
    let (base, _) = place
        .url
        .split_once("search_path")
        .expect("it names a schema");
    let refused = format!("{base}{first_mine}");
    let partial = epoch(&refused).await;
    assert_ne!(partial, whole);
    assert_eq!(epoch(&refused).await, partial);

    let owner = MessageLog::connect(&place.url, 1)
        .await
        .expect("Postgres answers");
    owner.renew_epoch().await.expect("a write");
    assert_ne!(epoch(&refused).await, partial);

    run(
        &place.beside,
        format!("DROP OWNED BY {name}; DROP ROLE {name}"),
    )
    .await;
    place.clear().await;
}
