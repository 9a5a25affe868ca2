//! The adapter on one DynamoDB table.
//!
//! Each user is one item, each throttle one, each revocation one; the last stand in one partition
//! in the order of time, so that every instance follows them with one query. Each change is a write
//! on the condition that the item is still what the change was decided on, and takes the entry of
//! a revocation with it in one transaction. As one partition takes 1 000 writes a second and a
//! transaction costs two, 500 log-outs a second are the end of this layout.

mod attributes;
mod connect;
mod entry;
mod fault;
mod person;
mod table;
mod throttle;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use chat::UserId;
use uuid::Uuid;

use crate::micros::Micros;
use crate::person::{Ended, Person};
use crate::random::random;
use crate::revocation::Entry;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::{ThrottleKey, Unavailable};

use attributes::{Item, Version};
use fault::{Fault, Written};
use table::{Key, PARTITION, SORT, TIME_TO_LIVE, VERSION};

pub use connect::{ConnectError, connect, local};
pub use table::CreateTableError;

/// How long one call may take, with everything that is tried again in it.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a change is decided anew because another one came first. Each time another one
/// succeeded, so that this is how many may race for one user and all succeed.
pub const CHANGE_ROUNDS_MAX: usize = 16;

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

    async fn person_item(&self, user: UserId, now: Micros) -> Result<(Person, Seen), Fault> {
        let seen = self.see(&Key::of_person(user)).await?;
        let mut person = match seen.living(now)? {
            Some(item) => Person::from_item(item)?,
            None => Person::default(),
        };
        person.forget_the_dead(now);
        Ok((person, seen))
    }

    async fn try_change_person<T>(
        &self,
        user: UserId,
        now: Micros,
        mut change: impl FnMut(&mut Person) -> (T, Ended),
    ) -> Result<T, Fault> {
        let mut tried = None;
        for _ in 0..CHANGE_ROUNDS_MAX {
            let (before, seen) = self.person_item(user, now).await?;
            if let Some(answer) = seen.kept(tried) {
                return Ok(answer);
            }
            let mut after = before.clone();
            let (answer, ended) = change(&mut after);
            if after == before && ended.is_nothing() {
                return Ok(answer);
            }
            let expires_at = after.expires_at().unwrap_or(now);
            let write = Write::new(Key::of_person(user), after.to_item(), expires_at, seen);
            let version = write.version;
            let entry = (!ended.is_nothing())
                .then(|| Entry::new(user, ended, now, Uuid::from_bytes(random())));
            match self.write(write, entry).await? {
                Written::Kept => return Ok(answer),
                Written::Overtaken => tried = Some((version, answer)),
            }
        }
        Err(Fault::Contended)
    }

    async fn try_change_throttle<T>(
        &self,
        key: &ThrottleKey,
        now: Micros,
        mut change: impl FnMut(&mut Throttle) -> T,
    ) -> Result<Option<T>, Fault> {
        let mut tried = None;
        for _ in 0..CHANGE_ROUNDS_MAX {
            let seen = self.see(&Key::of_throttle(key)).await?;
            if let Some(answer) = seen.kept(tried) {
                return Ok(Some(answer));
            }
            let mut before = match seen.living(now)? {
                Some(item) => Throttle::from_item(item)?,
                None => Throttle::default(),
            };
            before.forget_the_dead(now);
            let mut after = before.clone();
            let answer = change(&mut after);
            if after == before {
                return Ok(Some(answer));
            }
            let expires_at = after.expires_at();
            let write = Write::new(Key::of_throttle(key), after.to_item(), expires_at, seen);
            let version = write.version;
            match self.write(write, None).await? {
                Written::Kept => return Ok(Some(answer)),
                Written::Overtaken => tried = Some((version, answer)),
            }
        }
        Ok(None)
    }

    async fn try_feed(&self, from: Micros, now: Micros) -> Result<Vec<Entry>, Fault> {
        let items: Vec<Item> = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression(format!("{PARTITION} = :feed AND {SORT} >= :from"))
            .filter_expression(format!("{TIME_TO_LIVE} > :now"))
            .expression_attribute_values(":feed", Key::feed())
            .expression_attribute_values(":from", Key::feed_from(from))
            .expression_attribute_values(":now", attributes::number(now.seconds_down()))
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(Fault::of)?;
        items.iter().map(Entry::from_item).collect()
    }

    /// Reads the newest state of an item.
    async fn see(&self, key: &Key) -> Result<Seen, Fault> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .set_key(Some(key.to_item()))
            .send()
            .await
            .map_err(Fault::of)?;
        let Some(item) = output.item else {
            return Ok(Seen::Nothing);
        };
        let version = attributes::bytes(&item, VERSION)?;
        Ok(Seen::Item { item, version })
    }

    /// Writes an item if nobody did since it was seen, together with an entry of the feed.
    async fn write(&self, write: Write, entry: Option<Entry>) -> Result<Written, Fault> {
        let Some(entry) = entry else {
            let sent = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(write.item))
                .condition_expression(write.condition)
                .set_expression_attribute_values(write.values)
                .send()
                .await;
            return Written::from_put(sent);
        };
        let put = Put::builder().table_name(&self.table);
        let item = put
            .clone()
            .set_item(Some(write.item))
            .condition_expression(write.condition)
            .set_expression_attribute_values(write.values)
            .build()
            .map_err(|_| Fault::Malformed("an item without a table"))?;
        let entry = put
            .set_item(Some(entry.to_item()))
            .build()
            .map_err(|_| Fault::Malformed("an entry without a table"))?;
        let sent = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(item).build())
            .transact_items(TransactWriteItem::builder().put(entry).build())
            .send()
            .await;
        Written::from_transaction(sent)
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
        self.within("person", async {
            let (person, _) = self.person_item(user, now).await?;
            Ok(person)
        })
        .await
    }

    async fn change_person<T: Send>(
        &self,
        user: UserId,
        now: Micros,
        change: impl FnMut(&mut Person) -> (T, Ended) + Send,
    ) -> Result<T, Unavailable> {
        let work = self.try_change_person(user, now, change);
        self.within("change_person", work).await
    }

    async fn feed(&self, from: Micros, now: Micros) -> Result<Vec<Entry>, Unavailable> {
        self.within("feed", self.try_feed(from, now)).await
    }

    async fn change_throttle<T: Send>(
        &self,
        key: &ThrottleKey,
        now: Micros,
        change: impl FnMut(&mut Throttle) -> T + Send,
    ) -> Result<Option<T>, Unavailable> {
        let work = self.try_change_throttle(key, now, change);
        self.within("change_throttle", work).await
    }
}

/// An item as it was found.
enum Seen {
    Nothing,
    Item { item: Item, version: Version },
}

impl Seen {
    /// The item, unless it is past its end and only not removed yet.
    fn living(&self, now: Micros) -> Result<Option<&Item>, Fault> {
        match self {
            Self::Nothing => Ok(None),
            Self::Item { item, .. } => {
                let end = attributes::integer(item, TIME_TO_LIVE)?;
                Ok((now < Micros::from_seconds(end)).then_some(item))
            }
        }
    }

    /// The answer of an earlier round if its write was kept after all: the store's own answer may
    /// be lost on its way, and the repeated request then finds itself overtaken by itself.
    fn kept<T>(&self, tried: Option<(Version, T)>) -> Option<T> {
        match (self, tried) {
            (Self::Item { version, .. }, Some((mine, answer))) if *version == mine => Some(answer),
            _ => None,
        }
    }
}

/// An item to write, and what must be true of the one in its place. The condition holds the whole
/// of what was read, its end too: a version is never drawn twice.
struct Write {
    version: Version,
    item: Item,
    condition: String,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Write {
    fn new(key: Key, mut item: Item, expires_at: Micros, seen: Seen) -> Self {
        let version: Version = random();
        item.extend(key.to_item());
        item.insert(VERSION.to_owned(), attributes::blob(&version));
        let end = attributes::number(expires_at.seconds_up());
        item.insert(TIME_TO_LIVE.to_owned(), end);
        let (condition, values) = match seen {
            Seen::Nothing => (format!("attribute_not_exists({PARTITION})"), None),
            Seen::Item { version, .. } => {
                let seen = HashMap::from([(":seen".to_owned(), attributes::blob(&version))]);
                (format!("{VERSION} = :seen"), Some(seen))
            }
        };
        Self {
            version,
            item,
            condition,
            values,
        }
    }
}
