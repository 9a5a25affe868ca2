//! The table: how its items are called, and how it is made.

use std::time::Duration;

use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use chat::UserId;

use super::DynamoSessions;
use super::attributes::{Item, item, text};
use super::fault::Fault;
use crate::ThrottleKey;
use crate::micros::Micros;
use crate::revocation::EntryId;

/// The partition key, a text.
pub(super) const PARTITION: &str = "pk";
/// The sort key, a text.
pub(super) const SORT: &str = "sk";
/// The end of the item, in whole seconds since 1970: DynamoDB removes it some time afterwards.
pub(super) const TIME_TO_LIVE: &str = "expiresAt";
/// What tells two writes of the item apart.
pub(super) const VERSION: &str = "version";

/// The sort key of what stands alone in its partition.
const ALONE: &str = "-";
const FEED: &str = "revocations";

/// For how long a new table may take to be ready.
const CREATE_TIMEOUT: Duration = Duration::from_secs(60);

/// The name of an item.
pub(super) struct Key {
    partition: String,
    sort: String,
}

impl Key {
    pub(super) fn of_person(user: UserId) -> Self {
        Self::alone(format!("user#{user}"))
    }

    pub(super) fn of_throttle(key: &ThrottleKey) -> Self {
        Self::alone(format!("throttle#{}", key.id()))
    }

    pub(super) fn of_entry(id: EntryId) -> Self {
        Self {
            partition: FEED.to_owned(),
            sort: format!("{}#{}", sortable(id.at), id.unique),
        }
    }

    pub(super) fn feed() -> AttributeValue {
        text(FEED)
    }

    /// Sorts before every entry of this time.
    pub(super) fn feed_from(from: Micros) -> AttributeValue {
        text(sortable(from))
    }

    pub(super) fn to_item(&self) -> Item {
        item([(PARTITION, text(&self.partition)), (SORT, text(&self.sort))])
    }

    fn alone(partition: String) -> Self {
        Self {
            partition,
            sort: ALONE.to_owned(),
        }
    }
}

/// Texts in the order of their times, from 1970 on.
fn sortable(at: Micros) -> String {
    format!("{:019}", at.0.max(0))
}

/// Says that the table could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the table {table} could not be made: {reason}")]
pub struct CreateTableError {
    table: String,
    reason: String,
}

impl DynamoSessions {
    /// Makes the table with its time to live, unless it is there: for an emulator. In a cloud the
    /// template makes the same one.
    ///
    /// # Errors
    /// Where the table cannot be made or does not get ready.
    pub async fn create_table(&self) -> Result<(), CreateTableError> {
        self.try_create_table()
            .await
            .map_err(|fault| CreateTableError {
                table: self.table.clone(),
                reason: fault.to_string(),
            })
    }

    async fn try_create_table(&self) -> Result<(), Fault> {
        let created = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(key_attribute(PARTITION)?)
            .attribute_definitions(key_attribute(SORT)?)
            .key_schema(key_element(PARTITION, KeyType::Hash)?)
            .key_schema(key_element(SORT, KeyType::Range)?)
            .send()
            .await;
        if let Err(error) = created {
            let there = error
                .as_service_error()
                .is_some_and(|error| error.is_resource_in_use_exception());
            return if there { Ok(()) } else { Err(Fault::of(error)) };
        }
        self.client
            .wait_until_table_exists()
            .table_name(&self.table)
            .wait(CREATE_TIMEOUT)
            .await
            .map_err(|_| Fault::TimedOut)?;
        let time_to_live = TimeToLiveSpecification::builder()
            .attribute_name(TIME_TO_LIVE)
            .enabled(true)
            .build()
            .map_err(|_| Fault::Malformed(TIME_TO_LIVE))?;
        self.client
            .update_time_to_live()
            .table_name(&self.table)
            .time_to_live_specification(time_to_live)
            .send()
            .await
            .map_err(Fault::of)?;
        Ok(())
    }
}

fn key_attribute(name: &'static str) -> Result<AttributeDefinition, Fault> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(|_| Fault::Malformed(name))
}

fn key_element(name: &'static str, kind: KeyType) -> Result<KeySchemaElement, Fault> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .map_err(|_| Fault::Malformed(name))
}
