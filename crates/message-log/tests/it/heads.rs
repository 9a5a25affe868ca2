use chat::{Access, RoomId, Seq};
use message_log::Head;

use crate::database::{fills, log, room};

#[tokio::test]
async fn heads_of_many_rooms_come_in_their_order_without_the_unknown() {
    let log = log(1).await;
    let (one, silent, two) = (room("one"), room("silent"), room("two"));
    fills(&log, &one, 2).await;
    fills(&log, &two, 5).await;

    let asked = [two.clone(), silent, one.clone(), two.clone()];
    let heads = log.heads(&asked).await.expect("a read");

    let stands = |room: &RoomId, seq| {
        let head = Head {
            seq: Seq(seq),
            access: Access(0),
        };
        (room.clone(), head)
    };
    assert_eq!(heads, [stands(&two, 5), stands(&one, 2), stands(&two, 5)]);
    assert_eq!(log.heads(&[]).await.expect("a read"), []);
}
