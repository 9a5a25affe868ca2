//! The adapter on one DynamoDB table.
//!
//! Each user is one item, each throttle one, each revocation one; the last stand in one partition
//! in the order of time, so that every instance follows them with one query. Each change is a write
//! on the condition that the item is still what the change was decided on, and takes the entry of
//! a revocation with it in one transaction. As one partition takes 1 000 writes a second and a
//! transaction costs two, 500 log-outs a second are the end of this layout.

mod attributes;
mod change;
mod connect;
mod entry;
mod fault;
mod lease;
mod person;
mod table;
mod throttle;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use chat::UserId;
use futures_util::FutureExt;
use uuid::Uuid;

use crate::micros::Micros;
use crate::person::{Ended, Person};
use crate::random::random;
use crate::revocation::Entry;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::{ThrottleKey, Unavailable};

use attributes::Item;
use fault::Fault;
use table::{Key, PARTITION, SORT};

pub use change::CHANGE_ROUNDS_MAX;
pub use connect::{ConnectError, connect, local};
pub use table::CreateTableError;

/// How long one call may take, with everything that is tried again in it.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Sessions, revocations and throttles in one DynamoDB table. To clone it shares the connections.
#[derive(Clone, Debug)]
pub struct DynamoSessions {
    client: Client,
    table: String,
}

impl DynamoSessions {
    /// Uses a table through a client, whose limits of time and of retrying it replaces.
    pub fn new(client: &Client, table: impl Into<String>) -> Self {
        Self {
            client: connect::bounded(client),
            table: table.into(),
        }
    }

    /// Reads entries that have not ended: what is before `from` has.
    async fn try_feed(&self, from: Micros) -> Result<Vec<Entry>, Fault> {
        let items: Vec<Item> = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression(format!("{PARTITION} = :feed AND {SORT} >= :from"))
            .expression_attribute_values(":feed", Key::feed())
            .expression_attribute_values(":from", Key::feed_from(from))
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(Fault::of)?;
        // One bad row must not make every instance deaf to the others.
        let entries = items
            .iter()
            .filter_map(|item| match Entry::from_item(item) {
                Ok(entry) => Some(entry),
                Err(fault) => {
                    tracing::warn!(table = self.table, %fault, "a revocation cannot be read");
                    None
                }
            });
        Ok(entries.collect())
    }

    /// Gives a call its time, and tells the log why it failed.
    async fn within<T>(
        &self,
        call: &'static str,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Unavailable> {
        let outcome = tokio::time::timeout(CALL_TIMEOUT, work)
            .await
            .unwrap_or(Err(Fault::TimedOut));
        outcome.map_err(|fault| {
            tracing::warn!(call, table = self.table, %fault, "the store of sessions failed");
            Unavailable
        })
    }
}

impl Store for DynamoSessions {
    async fn person(&self, user: UserId, now: Micros) -> Result<Person, Unavailable> {
        let work = self.read(Key::of_person(user), now);
        self.within("person", work).await
    }

    async fn change_person<T: Send>(
        &self,
        user: UserId,
        now: Micros,
        mut change: impl FnMut(&mut Person) -> (T, Ended) + Send,
    ) -> Result<T, Unavailable> {
        let work = self.change(Key::of_person(user), now, |person| {
            let (answer, ended) = change(person);
            let entry = (!ended.is_nothing())
                .then(|| Entry::new(user, ended, now, Uuid::from_bytes(random())));
            (answer, entry)
        });
        let work = work.map(|outcome| outcome?.ok_or(Fault::Contended));
        self.within("change_person", work).await
    }

    async fn feed(&self, from: Micros) -> Result<Vec<Entry>, Unavailable> {
        self.within("feed", self.try_feed(from)).await
    }

    async fn change_throttle<T: Send>(
        &self,
        key: &ThrottleKey,
        now: Micros,
        mut change: impl FnMut(&mut Throttle) -> T + Send,
    ) -> Result<Option<T>, Unavailable> {
        let work = self.change(Key::of_throttle(key), now, |throttle| {
            (change(throttle), None)
        });
        self.within("change_throttle", work).await
    }
}
