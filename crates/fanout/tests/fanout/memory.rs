//! The adapter inside one process.

use fanout::memory::Bus;
use fanout::{INCOMING_EVENTS_MAX, Incoming};

use crate::contract::{Meeting, contract};
use crate::instance::{Instance, room, shown};

impl Meeting for Bus {
    async fn join(&self) -> Instance {
        let (member, incoming) = Bus::join(self);
        Instance::new(member, incoming)
    }
}

contract!(Bus::new());

#[tokio::test]
async fn who_takes_events_too_slowly_is_told_of_the_loss_and_holds_nobody_up() {
    let bus = Bus::new();
    let (mut slow, mut quick) = (Meeting::join(&bus).await, Meeting::join(&bus).await);
    let hall = room("hall");
    slow.watches(&hall).await;
    quick.watches(&hall).await;

    for number in 0..3 * INCOMING_EVENTS_MAX {
        let said = quick.says(shown(&hall, &number.to_string()));
        quick.hears(&said).await;
    }

    assert_eq!(
        slow.hears_of(Incoming::Interrupted).await.len(),
        INCOMING_EVENTS_MAX
    );
    assert_eq!(slow.next().await, Incoming::Restored);
    let said = quick.says(shown(&hall, "after the loss"));
    slow.hears(&said).await;
    let counted = slow.fanout.counters();
    assert_eq!(counted.lost, 2 * INCOMING_EVENTS_MAX as u64);
    assert_eq!(counted.interruptions, 1);
}
