//! Attributes of an item, written and read.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::fault::Fault;
use crate::micros::Micros;

/// An item, or a map within one.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Tells two writes of one item apart.
pub(super) type Version = [u8; 16];

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn blob(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// Puts named attributes into one item.
pub(super) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn optional_text<'a>(
    item: &'a Item,
    name: &'static str,
) -> Result<Option<&'a str>, Fault> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::Malformed(name)),
    }
}

pub(super) fn required_text<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, Fault> {
    optional_text(item, name)?.ok_or(Fault::Malformed(name))
}

pub(super) fn uuid(item: &Item, name: &'static str) -> Result<Uuid, Fault> {
    Uuid::try_parse(required_text(item, name)?).map_err(|_| Fault::Malformed(name))
}

pub(super) fn optional_integer(item: &Item, name: &'static str) -> Result<Option<i64>, Fault> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::N(number)) => match number.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Fault::Malformed(name)),
        },
        Some(_) => Err(Fault::Malformed(name)),
    }
}

pub(super) fn integer(item: &Item, name: &'static str) -> Result<i64, Fault> {
    optional_integer(item, name)?.ok_or(Fault::Malformed(name))
}

pub(super) fn micros(item: &Item, name: &'static str) -> Result<Micros, Fault> {
    integer(item, name).map(Micros)
}

pub(super) fn bytes<const N: usize>(item: &Item, name: &'static str) -> Result<[u8; N], Fault> {
    match item.get(name) {
        Some(AttributeValue::B(blob)) => {
            blob.as_ref().try_into().map_err(|_| Fault::Malformed(name))
        }
        _ => Err(Fault::Malformed(name)),
    }
}

/// The maps of a list; an absent list is an empty one.
pub(super) fn maps<'a>(item: &'a Item, name: &'static str) -> Result<Vec<&'a Item>, Fault> {
    match item.get(name) {
        None => Ok(Vec::new()),
        Some(AttributeValue::L(list)) => list
            .iter()
            .map(|value| value.as_m().map_err(|_| Fault::Malformed(name)))
            .collect(),
        Some(_) => Err(Fault::Malformed(name)),
    }
}

pub(super) fn optional_map<'a>(
    item: &'a Item,
    name: &'static str,
) -> Result<Option<&'a Item>, Fault> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::M(map)) => Ok(Some(map)),
        Some(_) => Err(Fault::Malformed(name)),
    }
}
