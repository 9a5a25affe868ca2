//! A throttle's item.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attributes::{self, Item, blob, item, number};
use super::fault::Fault;
use super::lease::Lease;
use crate::micros::Micros;
use crate::throttle::{Gauge, Place, Throttle};

const EMPTY_AT: &str = "emptyAt";
const OPEN_AT: &str = "openAt";
const PLACES: &str = "places";

const ID: &str = "id";
const EXPIRES_AT: &str = "expiresAt";

impl Lease for Throttle {
    fn to_item(&self) -> Item {
        let mut throttle = self.gauge.to_item();
        if !self.familiar.is_empty() {
            let places = self.familiar.iter().map(Place::to_item);
            let places = AttributeValue::L(places.map(AttributeValue::M).collect());
            throttle.insert(PLACES.to_owned(), places);
        }
        throttle
    }

    fn from_item(item: &Item) -> Result<Self, Fault> {
        let places = attributes::maps(item, PLACES)?;
        Ok(Self {
            gauge: Gauge::from_item(item)?,
            familiar: places
                .into_iter()
                .map(Place::from_item)
                .collect::<Result<_, _>>()?,
        })
    }

    fn forget_the_dead(&mut self, now: Micros) {
        self.forget_the_dead(now);
    }

    fn expires_at(&self) -> Option<Micros> {
        Some(self.expires_at())
    }
}

impl Place {
    fn to_item(&self) -> Item {
        let mut place = self.gauge.to_item();
        place.extend(item([
            (ID, blob(&self.id)),
            (EXPIRES_AT, number(self.expires_at.0)),
        ]));
        place
    }

    fn from_item(item: &Item) -> Result<Self, Fault> {
        Ok(Self {
            id: attributes::bytes(item, ID)?,
            gauge: Gauge::from_item(item)?,
            expires_at: attributes::micros(item, EXPIRES_AT)?,
        })
    }
}

impl Gauge {
    fn to_item(self) -> Item {
        item([
            (EMPTY_AT, number(self.empty_at.0)),
            (OPEN_AT, number(self.open_at.0)),
        ])
    }

    fn from_item(item: &Item) -> Result<Self, Fault> {
        Ok(Self {
            empty_at: attributes::micros(item, EMPTY_AT)?,
            open_at: attributes::micros(item, OPEN_AT)?,
        })
    }
}
