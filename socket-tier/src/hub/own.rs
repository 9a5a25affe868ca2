//! What one user alone is told, on whichever instance his sockets are.

use std::sync::Arc;

use chat::UserId;
use fanout::{Event, Topic};
use stomp::Ticket;
use tokio::time;

use super::{Hub, Work};
use crate::limits::WATCH_TIMEOUT;
use crate::outbox::{Delivery, Outbox, OwnNews};

/// A connection that listens to one of its user's own queues.
pub(crate) struct Following {
    /// Whose.
    pub(crate) user: UserId,
    /// Where it is told.
    pub(crate) outbox: Arc<Outbox>,
    /// Its SUBSCRIBE, answered as [`Delivery::Joined`].
    pub(crate) ticket: Ticket,
}

impl Hub {
    /// Watches a user, and answers the SUBSCRIBE once what other instances say of him arrives here.
    pub(super) fn follow(&mut self, following: Following) {
        *self.followers.entry(following.user).or_default() += 1;
        let watching = self.fanout.watch(&Topic::User(following.user));
        self.work.spawn(async move {
            // As for a room: where the fan-out is away or slow, it fulfils the wish when it can.
            if !matches!(time::timeout(WATCH_TIMEOUT, watching).await, Ok(Ok(()))) {
                tracing::debug!("a user is watched without the fan-out for now");
            }
            Work::Followed(following)
        });
    }

    /// Says that the user can be heard.
    pub(super) fn followed(following: Following) {
        let Following { outbox, ticket, .. } = following;
        let result = Ok(());
        outbox.push(Delivery::Joined { ticket, result });
    }

    /// Watches a user no more when nobody listens for him.
    pub(super) fn unfollow(&mut self, user: UserId) {
        if let Some(followers) = self.followers.get_mut(&user) {
            *followers -= 1;
            if *followers == 0 {
                self.followers.remove(&user);
                self.fanout.unwatch(&Topic::User(user));
            }
        }
    }

    /// Tells the connections of a user.
    pub(super) fn tell_user(&self, event: &Event) {
        match event {
            Event::OwnRead(read) => {
                let news = OwnNews::Read(read.clone());
                self.residents.tell(read.user_id, news);
            }
            Event::OwnRoom { user, news } => {
                self.residents.tell(*user, OwnNews::Room(news.clone()));
            }
            _ => {}
        }
    }
}
