//! What is kept in one item and replaced as a whole.

use super::attributes::Item;
use super::fault::Fault;
use crate::micros::Micros;

/// A value of one item. The default is the one that is not written.
pub(super) trait Lease: Clone + Default + PartialEq {
    fn to_item(&self) -> Item;

    fn from_item(item: &Item) -> Result<Self, Fault>;

    /// Buries those parts that end before the whole.
    fn forget_the_dead(&mut self, now: Micros);

    /// The end of the whole; `None` where there is nothing to remember.
    fn expires_at(&self) -> Option<Micros>;
}
