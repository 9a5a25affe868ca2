//! The embedded Postgres, spoken to as the rest of `maru` does: through `sqlx`, and by hand where a
//! client library would be too polite.
#![cfg(feature = "embedded")]

mod child;
mod copying;
mod durability;
mod house;
mod limits;
mod manners;
mod renewal;
mod turns;
