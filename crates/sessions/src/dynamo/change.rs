//! Reading an item, and replacing it if nobody else did meanwhile.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use super::DynamoSessions;
use super::attributes::{self, Item, Version};
use super::fault::{Fault, Written};
use super::lease::Lease;
use super::table::{Key, PARTITION, TIME_TO_LIVE, VERSION};
use crate::micros::Micros;
use crate::random::random;
use crate::revocation::Entry;

/// How often a change is decided anew because another one came first. Each time another one
/// succeeded, so that this is how many may race for one item and all succeed.
pub const CHANGE_ROUNDS_MAX: usize = 16;

impl DynamoSessions {
    pub(super) async fn read<L: Lease>(&self, key: Key, now: Micros) -> Result<L, Fault> {
        self.see(&key).await?.lease(now)
    }

    /// Changes what an item keeps, and writes with it the entry of the feed that a change may give;
    /// a change that leaves all as it was writes nothing. `None` where others were faster in every
    /// round.
    pub(super) async fn change<L: Lease, T>(
        &self,
        key: Key,
        now: Micros,
        mut change: impl FnMut(&mut L) -> (T, Option<Entry>),
    ) -> Result<Option<T>, Fault> {
        let mut tried = None;
        for _ in 0..CHANGE_ROUNDS_MAX {
            let seen = self.see(&key).await?;
            if let Some(answer) = seen.answer_kept(tried) {
                return Ok(Some(answer));
            }
            let before: L = seen.lease(now)?;
            let mut after = before.clone();
            let (answer, entry) = change(&mut after);
            if after == before {
                return Ok(Some(answer));
            }
            let write = Write::new(&key, &after, seen, now);
            let version = write.version;
            match self.write(write, entry).await? {
                Written::Kept => return Ok(Some(answer)),
                Written::Overtaken => tried = Some((version, answer)),
            }
        }
        Ok(None)
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
            .expect("a put has its table and its item");
        let entry = put
            .set_item(Some(entry.to_item()))
            .build()
            .expect("a put has its table and its item");
        let sent = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(item).build())
            .transact_items(TransactWriteItem::builder().put(entry).build())
            .send()
            .await;
        Written::from_transaction(sent)
    }
}

/// An item as it was found.
enum Seen {
    Nothing,
    Item { item: Item, version: Version },
}

impl Seen {
    /// What the item keeps, as far as it is not past its end and only not removed yet.
    fn lease<L: Lease>(&self, now: Micros) -> Result<L, Fault> {
        let Self::Item { item, .. } = self else {
            return Ok(L::default());
        };
        let end = attributes::integer(item, TIME_TO_LIVE)?;
        if Micros::from_seconds(end) <= now {
            return Ok(L::default());
        }
        let mut lease = L::from_item(item)?;
        lease.forget_the_dead(now);
        Ok(lease)
    }

    /// The answer of an earlier round if its write was kept after all: the store's own answer may
    /// be lost on its way, and the repeated request then finds itself overtaken by itself.
    fn answer_kept<T>(&self, tried: Option<(Version, T)>) -> Option<T> {
        match (self, tried) {
            (Self::Item { version, .. }, Some((mine, answer))) if *version == mine => Some(answer),
            _ => None,
        }
    }
}

/// An item to write, and what must be true of the one in its place: that it is the one that was
/// seen, its end included. A version is never drawn twice.
struct Write {
    version: Version,
    item: Item,
    condition: String,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Write {
    fn new(key: &Key, lease: &impl Lease, seen: Seen, now: Micros) -> Self {
        let version: Version = random();
        let end = lease.expires_at().unwrap_or(now).seconds_up();
        let mut item = lease.to_item();
        item.extend(key.to_item());
        item.insert(VERSION.to_owned(), attributes::blob(&version));
        item.insert(TIME_TO_LIVE.to_owned(), attributes::number(end));
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
