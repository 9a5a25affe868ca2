//! Who is in a room, as its instances say, and only while they live.

use std::time::Duration;

use chat::{Nickname, RoomId, UserId};
use message_log::{MessageLog, PRESENCE_LIST_MAX, Presence, Present};
use uuid::Uuid;

use crate::database::{beside, log, room};

const LEASE: Duration = Duration::from_secs(30);

fn presence(room: &RoomId, user: UserId, is_here: bool) -> Presence {
    Presence {
        room: room.clone(),
        user,
        nickname: Nickname::parse("Ada").expect("a name"),
        is_here,
    }
}

async fn present(log: &MessageLog, room: &RoomId) -> Present {
    let rooms = std::slice::from_ref(room);
    log.present(rooms).await.expect("a read").remove(0)
}

async fn instance(log: &MessageLog) -> Uuid {
    let instance = Uuid::new_v4();
    assert!(log.renew_presence(instance, LEASE).await.expect("a lease"));
    assert!(!log.renew_presence(instance, LEASE).await.expect("the same"));
    instance
}

#[tokio::test]
async fn one_who_is_on_two_instances_is_one_until_he_has_left_both() {
    let log = log(2).await;
    let room = room("presence");
    let (east, west) = (instance(&log).await, instance(&log).await);
    let ada = UserId(Uuid::new_v4());
    let says = async |instance, is_here| {
        let changes = [presence(&room, ada, is_here)];
        let noted = log.note_presence(instance, &changes).await;
        noted.expect("it is noted");
        present(&log, &room).await.count
    };
    assert_eq!(says(east, true).await, 1);
    assert_eq!(says(west, true).await, 1);
    assert_eq!(says(east, true).await, 1, "said again");
    assert_eq!(says(east, false).await, 1);
    assert_eq!(says(west, false).await, 0);
}

#[tokio::test]
async fn what_an_instance_said_ends_with_its_lease_and_is_swept_away() {
    let log = log(2).await;
    let room = room("ghosts");
    let (living, dead) = (instance(&log).await, instance(&log).await);
    let (ada, ben) = (UserId(Uuid::new_v4()), UserId(Uuid::new_v4()));
    for (instance, user) in [(living, ada), (dead, ben)] {
        let noted = log
            .note_presence(instance, &[presence(&room, user, true)])
            .await;
        noted.expect("it is noted");
    }
    assert_eq!(present(&log, &room).await.count, 2);
    let pool = beside().await;
    sqlx::query(
        "UPDATE chat_presence_lease SET expires_at = clock_timestamp() - interval '1 hour'
        WHERE instance = $1",
    )
    .bind(dead)
    .execute(&pool)
    .await
    .expect("time passes");
    let left = present(&log, &room).await;
    assert_eq!(left.people, [(ada, "Ada".to_owned())]);
    log.renew_presence(living, LEASE).await.expect("a lease");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM chat_presence WHERE room_id = $1")
        .bind(room.as_str())
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(rows, 1);
    assert!(
        log.renew_presence(dead, LEASE).await.expect("a lease"),
        "it is told to say all anew"
    );
    log.end_presence(living).await.expect("it ends");
    assert_eq!(present(&log, &room).await, Present::default());
}

#[tokio::test]
async fn a_crowd_of_ten_thousand_is_counted_and_its_first_are_listed() {
    const CROWD: usize = 10_000;
    const AT_ONCE: usize = 1_000;
    let log = log(2).await;
    let (crowded, full, empty) = (room("crowd"), room("full"), room("empty"));
    let instance = instance(&log).await;
    let people = |room, count| -> Vec<_> {
        (0..count)
            .map(|_| presence(room, UserId(Uuid::new_v4()), true))
            .collect()
    };
    let listed = PRESENCE_LIST_MAX as usize;
    let mut everybody = people(&crowded, CROWD);
    everybody.extend(people(&full, listed));
    for some in everybody.chunks(AT_ONCE) {
        log.note_presence(instance, some)
            .await
            .expect("it is noted");
    }
    let read = log.present(&[empty, crowded, full]).await.expect("a read");
    assert_eq!(read[0], Present::default());
    assert_eq!(read[1].count, CROWD as i64);
    assert_eq!(read[1].people.len(), listed);
    assert_eq!(read[2].count, i64::from(PRESENCE_LIST_MAX));
    assert_eq!(read[2].people.len(), listed);
}
